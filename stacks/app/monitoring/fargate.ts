// What people reach on Fargate: the load balancer and the tasks behind it.

import type { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { type StageConfig, stageNames, type Thresholds } from "../../../config";
import type { LoadBalancer } from "../load-balancer";
import type { Alarm } from "./alarm";
import { DAY, FIVE_MINUTES, MINUTE, metricsOf } from "./metric";
import { graph, type Watched } from "./watched";

export interface FargateServed {
  loadBalancer: LoadBalancer;
  listener: LbListener;
}

export function watchFargate(stage: StageConfig, served: FargateServed, limits: Thresholds): Watched {
  const balancer = loadBalancerMetrics(served);
  const tasks = taskMetrics(stage);
  return {
    alarms: [...loadBalancerAlarms(balancer, limits), ...taskAlarms(tasks, limits)],
    graphs: [
      graph("Requests", { requests: balancer.requests, "4xx": balancer.clientErrors }),
      graph("Errors", { "REDCap 5xx": balancer.redcapErrors, "load balancer 5xx": balancer.balancerErrors }),
      graph("Response time in seconds", { median: balancer.medianResponseTime, p95: balancer.responseTime }),
      graph("Tasks", {
        healthy: balancer.healthy,
        unhealthy: balancer.unhealthy,
        running: tasks.running,
        wanted: tasks.desired,
      }),
      graph("CPU and memory of the tasks in percent", { CPU: tasks.cpu, memory: tasks.memory }),
      graph("Days until the certificate ends", { days: balancer.certificate }, DAY),
    ],
  };
}

/** Elastic Load Balancing user guide, CloudWatch metrics for your Application Load Balancer. */
function loadBalancerMetrics({ loadBalancer: { balancer, targetGroup }, listener }: FargateServed) {
  const ofBalancer = metricsOf("AWS/ApplicationELB", { LoadBalancer: balancer.arnSuffix });
  const ofTargets = metricsOf("AWS/ApplicationELB", {
    LoadBalancer: balancer.arnSuffix,
    TargetGroup: targetGroup.arnSuffix,
  });
  return {
    requests: ofBalancer("RequestCount", "Sum"),
    balancerErrors: ofBalancer("HTTPCode_ELB_5XX_Count", "Sum"),
    clientErrors: ofTargets("HTTPCode_Target_4XX_Count", "Sum"),
    redcapErrors: ofTargets("HTTPCode_Target_5XX_Count", "Sum"),
    healthy: ofTargets("HealthyHostCount", "Maximum"),
    unhealthy: ofTargets("UnHealthyHostCount", "Maximum"),
    responseTime: ofTargets("TargetResponseTime", "p95"),
    medianResponseTime: ofTargets("TargetResponseTime", "p50"),
    certificate: metricsOf("AWS/CertificateManager", { CertificateArn: listener.certificateArn })(
      "DaysToExpiry",
      "Minimum",
    ),
  };
}

/** ECS developer guide, CloudWatch metrics: in percent of what the tasks have. */
function taskMetrics(stage: StageConfig) {
  const { ecsCluster, ecsService } = stageNames(stage);
  const ofService = metricsOf("AWS/ECS", { ClusterName: ecsCluster, ServiceName: ecsService });
  const insights = metricsOf("ECS/ContainerInsights", { ClusterName: ecsCluster, ServiceName: ecsService });
  return {
    cpu: ofService("CPUUtilization", "Average"),
    memory: ofService("MemoryUtilization", "Maximum"),
    running: insights("RunningTaskCount", "Average"),
    desired: insights("DesiredTaskCount", "Average"),
  };
}

function loadBalancerAlarms(metrics: ReturnType<typeof loadBalancerMetrics>, limits: Thresholds): Alarm[] {
  return [
    {
      id: "no-healthy-task",
      metric: metrics.healthy,
      ...{ comparison: "<", threshold: 1, period: MINUTE, periods: 3 },
      // No task is registered at all where the service was stopped: then nobody reaches REDCap either.
      missing: "breaching",
      meaning:
        "No task of REDCap answers: nobody can work. Expected during a first deployment (up to 20 minutes) and a restore.",
      first:
        "read the newest task's log and the log of ended tasks; a deployment that just failed is rolled back by itself within minutes.",
    },
    {
      id: "unhealthy-tasks",
      metric: metrics.unhealthy,
      ...{ comparison: ">=", threshold: 1, period: MINUTE, periods: 15, missing: "notBreaching" },
      meaning: "A task has not answered the load balancer for 15 minutes, though ECS should have replaced it.",
      first: "look at the service's events in the ECS console, then at the log of ended tasks.",
    },
    {
      id: "redcap-errors",
      metric: metrics.redcapErrors,
      ...{ comparison: ">=", threshold: limits.serverErrors, period: FIVE_MINUTES, periods: 3, atLeast: 2 },
      missing: "notBreaching",
      meaning: "REDCap answers with HTTP 5xx: some pages fail for those who use it.",
      first:
        'list them in CloudWatch Logs Insights: filter type = "access" and status >= 500 | stats count(*) by path. Is an alarm of the database on, too? Begin there.',
    },
    {
      id: "load-balancer-errors",
      metric: metrics.balancerErrors,
      ...{ comparison: ">=", threshold: limits.serverErrors, period: FIVE_MINUTES, periods: 3, atLeast: 2 },
      missing: "notBreaching",
      meaning:
        "The load balancer itself answers with HTTP 5xx: tasks are missing, end in the middle of requests, or take too long.",
      first:
        "look at no-healthy-task, tasks-fail and slow-responses; its access log in the logs bucket has each request.",
    },
    {
      id: "slow-responses",
      metric: metrics.responseTime,
      ...{ comparison: ">=", threshold: limits.responseSeconds, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "One request in twenty waits long. A single export does that as well, when few people work.",
      first: "compare with CPU, database capacity and deadlocks on the dashboard; raise what is at its limit.",
    },
    {
      id: "certificate",
      metric: metrics.certificate,
      ...{ comparison: "<", threshold: limits.certificateDays, period: DAY, periods: 1 },
      // ACM counts its own certificates alone.
      missing: "notBreaching",
      meaning: "The certificate ends soon and was not renewed: after that, browsers refuse REDCap.",
      first:
        "open it in ACM: a validation record that is missing in DNS is shown there; an imported one must be imported again.",
    },
  ];
}

function taskAlarms(metrics: ReturnType<typeof taskMetrics>, limits: Thresholds): Alarm[] {
  return [
    {
      id: "task-cpu",
      metric: metrics.cpu,
      ...{ comparison: ">=", threshold: limits.taskCpuPercent, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "The tasks' CPU is used up, although autoscaling adds tasks long before: the maximum has been reached.",
      first: "raise service.scaling.maxContainers (or service.cpu) and deploy; look for one client that asks too much.",
    },
    {
      id: "task-memory",
      metric: metrics.memory,
      ...{ comparison: ">=", threshold: limits.taskMemoryPercent, period: FIVE_MINUTES, periods: 3 },
      missing: "notBreaching",
      meaning: "A task is short of memory; Fargate kills it when there is none left, with its requests.",
      first: "raise service.memory and deploy; the access log says which large import or export ran.",
    },
  ];
}
