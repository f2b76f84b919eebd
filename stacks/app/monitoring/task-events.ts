// What ends of the stage's tasks, and why: ECS forgets it after an hour, so that it is kept in a log, and counted there where
// somebody is told.
import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter";
import { CloudwatchLogResourcePolicy } from "@cdktf/provider-aws/lib/cloudwatch-log-resource-policy";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { Construct } from "constructs";
import { arn, LOG_METRICS, type StageConfig, stageNames } from "../../../config";
import type { EncryptionKeys } from "../encryption-keys";
import { logGroup } from "../log-group";
import { type Metric, metricsOf } from "./metric";

export interface TaskEventsProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  /** What REDCap's containers write. */
  logs: CloudwatchLogGroup;
}

export interface Failures {
  /** Tasks of the service that ended by themselves or never started; not those that ECS stopped. */
  taskFailed: Metric;
  /** Lines in which a container says that it cannot go on. */
  containerError: Metric;
  /** Lines of PHP about the database or S3 that did not answer. */
  databaseError: Metric;
}

interface KeptEvents {
  name: string;
  description: string;
  /** What they have in common (EventBridge user guide, event patterns). */
  pattern: Record<string, unknown>;
}

export class TaskEvents extends Construct {
  private readonly stage: StageConfig;
  private readonly containers: CloudwatchLogGroup;
  private readonly ended: CloudwatchLogGroup;
  private readonly policy: CloudwatchLogResourcePolicy;

  constructor(scope: Construct, id: string, { stage, keys, logs }: TaskEventsProps) {
    super(scope, id);
    const { prefix, ecsCluster, taskEventsLogGroup } = stageNames(stage);
    this.stage = stage;
    this.containers = logs;
    this.ended = logGroup(this, "logs", { stage, name: taskEventsLogGroup, key: keys.logs });
    this.policy = new CloudwatchLogResourcePolicy(this, "policy", {
      policyName: `${prefix}-task-events`,
      // EventBridge user guide, CloudWatch Logs permissions: both principals, and no condition.
      policyDocument: new DataAwsIamPolicyDocument(this, "events-write", {
        statement: [
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            principals: [{ type: "Service", identifiers: ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }],
            resources: [`${this.ended.arn}:*`],
          },
        ],
      }).json,
    });
    this.keep("rule", "to-log", {
      name: `${prefix}-task-stopped`,
      description: "Tasks of the stage that ended",
      pattern: {
        source: ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        detail: { clusterArn: [arn("ecs", stage, `cluster/${ecsCluster}`)], lastStatus: ["STOPPED"] },
      },
    });
  }

  /** Writes further events into the log, to be counted there. */
  keep(id: string, targetId: string, { pattern, ...rule }: KeptEvents): void {
    const { name } = new CloudwatchEventRule(this, id, { ...rule, eventPattern: JSON.stringify(pattern) });
    new CloudwatchEventTarget(this, targetId, { rule: name, arn: this.ended.arn, dependsOn: [this.policy] });
  }

  /** @param pattern of the events that are counted (CloudWatch Logs user guide, filter pattern syntax) */
  countKept(name: string, pattern: string): Metric {
    return this.count(this.ended, name, pattern);
  }

  countFailures(): Failures {
    const { ecsService } = stageNames(this.stage);
    return {
      taskFailed: this.count(
        this.ended,
        "TaskFailed",
        `{ $.detail.group = "service:${ecsService}" && ($.detail.stopCode = "EssentialContainerExited" || $.detail.stopCode = "TaskFailedToStart") }`,
      ),
      containerError: this.count(this.containers, "ContainerError", LOG_METRICS.ContainerError),
      databaseError: this.count(this.containers, "DatabaseError", LOG_METRICS.DatabaseError),
    };
  }

  /** Runs of cron by how they ended. It reads the settings from the database first: so success is readiness, too. */
  countCron(): { succeeded: Metric; failed: Metric } {
    const cron = `$.detail.group = "family:${stageNames(this.stage).cronTask}"`;
    const exitCode = "$.detail.containers[0].exitCode";
    return {
      succeeded: this.count(this.ended, "CronSucceeded", `{ ${cron} && ${exitCode} = 0 }`),
      // Without an exit code it never ran: no image, no secret, no address.
      failed: this.count(this.ended, "CronFailed", `{ ${cron} && (${exitCode} != 0 || ${exitCode} NOT EXISTS) }`),
    };
  }

  private count(group: CloudwatchLogGroup, name: string, pattern: string): Metric {
    const { prefix, metricNamespace } = stageNames(this.stage);
    new CloudwatchLogMetricFilter(this, name, {
      name: `${prefix}-${name}`,
      logGroupName: group.name,
      pattern,
      metricTransformation: { namespace: metricNamespace, name, value: "1", unit: "Count" },
    });
    return metricsOf(metricNamespace, {})(name, "Sum");
  }
}
