// What people reach on App Runner, which has its own load balancer and certificate.
import type { ApprunnerService } from "@cdktf/provider-aws/lib/apprunner-service";
import type { Thresholds } from "../../../config";
import type { Alarm } from "./alarm";
import { FIVE_MINUTES, metricsOf } from "./metric";
import { graph, type Watched } from "./watched";

export interface AppRunnerServed {
  appRunner: ApprunnerService;
  /** Instances at most. */
  maxSize: number;
}

export function watchAppRunner(served: AppRunnerServed, limits: Thresholds): Watched {
  const metrics = appRunnerMetrics(served);
  return {
    alarms: appRunnerAlarms(metrics, served.maxSize, limits),
    graphs: [
      graph("Requests", { requests: metrics.requests, "4xx": metrics.clientErrors }),
      graph("Errors", { "5xx": metrics.errors }),
      graph("Response time in milliseconds", { median: metrics.medianLatency, p95: metrics.latency }),
      graph("Instances", { active: metrics.instances }),
      graph("CPU and memory of the instances in percent", { CPU: metrics.cpu, memory: metrics.memory }),
    ],
  };
}

/** App Runner developer guide, service metrics reported to CloudWatch. */
function appRunnerMetrics({ appRunner: { serviceName, serviceId } }: AppRunnerServed) {
  const ofService = metricsOf("AWS/AppRunner", { ServiceName: serviceName, ServiceID: serviceId });
  return {
    requests: ofService("Requests", "Sum"),
    clientErrors: ofService("4xxStatusResponses", "Sum"),
    errors: ofService("5xxStatusResponses", "Sum"),
    latency: ofService("RequestLatency", "p95"),
    medianLatency: ofService("RequestLatency", "p50"),
    instances: ofService("ActiveInstances", "Maximum"),
    cpu: ofService("CPUUtilization", "Average"),
    memory: ofService("MemoryUtilization", "Maximum"),
  };
}

function appRunnerAlarms(metrics: ReturnType<typeof appRunnerMetrics>, maxSize: number, limits: Thresholds): Alarm[] {
  return [
    {
      id: "instances",
      metric: metrics.instances,
      // Those that process requests: at night there may be none, and no value.
      ...{ comparison: ">=", threshold: maxSize, period: FIVE_MINUTES, periods: 3, missing: "notBreaching" },
      meaning: "App Runner has started all the instances that it may: the next requests wait.",
      first:
        "raise service.maxSize (or service.concurrency, where CPU is left) and deploy; look for one client that asks too much.",
    },
    {
      id: "redcap-errors",
      metric: metrics.errors,
      ...{ comparison: ">=", threshold: limits.serverErrors, period: FIVE_MINUTES, periods: 3, atLeast: 2 },
      missing: "notBreaching",
      meaning: "REDCap, or App Runner for it, answers with HTTP 5xx: some pages fail for those who use it.",
      first:
        "read the service's application log. Pages that run for 120 seconds are cut off by App Runner. Is an alarm of the database on, too? Begin there.",
    },
    {
      id: "slow-responses",
      metric: metrics.latency,
      ...{ comparison: ">=", threshold: limits.responseSeconds * 1_000, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "One request in twenty waits long. A single export does that as well, when few people work.",
      first: "compare with CPU, database capacity and deadlocks on the dashboard; raise what is at its limit.",
    },
    {
      id: "instance-cpu",
      metric: metrics.cpu,
      ...{ comparison: ">=", threshold: limits.taskCpuPercent, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "The instances' CPU is used up.",
      first:
        "lower service.concurrency, so that more instances start, or raise service.maxSize or service.cpu; deploy.",
    },
    {
      id: "instance-memory",
      metric: metrics.memory,
      ...{ comparison: ">=", threshold: limits.taskMemoryPercent, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "An instance is short of memory; it ends when there is none left, with its requests.",
      first: "raise service.memory and deploy; the application log says which large import or export ran.",
    },
  ];
}
