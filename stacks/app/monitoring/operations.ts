// What works unseen: functions, the way out, mail, and what the containers write.
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import type { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { type StageConfig, stageNames, type Thresholds } from "../../../config";
import type { Alarm } from "./alarm";
import { DAY, FIVE_MINUTES, HOUR, metricsOf } from "./metric";
import type { Failures, TaskEvents } from "./task-events";
import { graph, type Watched } from "./watched";

/** @param onEcs whether the service is ECS's; on App Runner tasks are cron's and installations alone */
export function watchLogs(events: TaskEvents, onEcs: boolean): Watched {
  const failures = events.countFailures();
  const { taskFailed: tasks, containerError: containers, databaseError: database } = failures;
  return {
    alarms: logAlarms(failures).filter(({ metric }) => onEcs || metric !== tasks),
    graphs: [graph("Tasks that failed, lines of errors", { tasks, containers, database })],
  };
}

function logAlarms(failures: Failures): Alarm[] {
  const counted = { comparison: ">=", period: FIVE_MINUTES, missing: "notBreaching" } as const;
  return [
    {
      id: "tasks-fail",
      metric: failures.taskFailed,
      ...{ ...counted, threshold: 3, period: 3 * FIVE_MINUTES, periods: 1 },
      meaning: "REDCap's tasks end by themselves or cannot start. One is replaced unnoticed; these are several.",
      first:
        "the log of ended tasks has stoppedReason and exit code (137: out of memory); the containers' log has the rest.",
    },
    {
      id: "container-errors",
      metric: failures.containerError,
      ...{ ...counted, threshold: 1, periods: 1 },
      meaning: "A container said that it cannot go on, or that its configuration is wrong.",
      first: 'CloudWatch Logs Insights: filter type = "container" and level = "error". The line says what to do.',
    },
    {
      id: "database-errors",
      metric: failures.databaseError,
      ...{ ...counted, threshold: 5, periods: 2 },
      meaning: "REDCap does not reach its database or files, or the database refuses what REDCap asks.",
      first:
        'CloudWatch Logs Insights: filter type = "server" and message like /mysqli|Not ready/. A failover is over after a minute.',
    },
  ];
}

/** Lambda developer guide, metrics of functions. */
const runsOf = (FunctionName: string) => metricsOf("AWS/Lambda", { FunctionName });

export const functionAlarms = (stage: StageConfig, functions: Record<string, LambdaFunction>): Alarm[] =>
  Object.entries(functions).map(([name, { functionName }]) => ({
    id: `${name}-function`,
    metric: runsOf(functionName)("Errors", "Sum"),
    ...({ comparison: ">=", threshold: 1, period: FIVE_MINUTES, periods: 1, missing: "notBreaching" } as const),
    meaning: `The function ${name} failed. REDCap goes on with the secret from before: no hurry, but it must not stay so.`,
    first: `read /aws/lambda/${stageNames(stage).prefix}-${name}; Secrets Manager tries a rotation again by itself.`,
  }));

/** The function that keeps what AWS Backup cannot hold: that it fails, and that it does not run at all. */
export function kitAlarms(stage: StageConfig, { functionName }: LambdaFunction): Alarm[] {
  const { recoveryKit } = stageNames(stage);
  const runs = runsOf(functionName);
  return [
    {
      id: "recovery-kit-function",
      metric: runs("Errors", "Sum"),
      ...{ comparison: ">=", threshold: 1, period: FIVE_MINUTES, periods: 1, missing: "notBreaching" },
      meaning:
        "Salt, zip or configuration could not be kept in the backup account. What is kept there stays: no hurry, but it must not stay so.",
      first: `read /aws/lambda/${recoveryKit}, which names what and why. Is backup-destination deployed with this stage?`,
    },
    {
      id: "no-recovery-kit",
      metric: runs("Invocations", "Sum"),
      ...{ comparison: "<", threshold: 1, period: DAY, periods: 2, missing: "breaching" },
      meaning: "For two days nothing tried to keep salt, zip and configuration in the backup account.",
      first: `look at EventBridge Scheduler's group ${recoveryKit}: was its schedule disabled or removed?`,
    },
  ];
}

/** Amazon VPC user guide, monitor NAT gateways with CloudWatch. */
export const natAlarms = (gateways: NatGateway[]): Alarm[] =>
  gateways.map(({ id: NatGatewayId }, index) => ({
    id: `nat-${index + 1}`,
    metric: metricsOf("AWS/NATGateway", { NatGatewayId })("ErrorPortAllocation", "Sum"),
    ...({ comparison: ">=", threshold: 1, period: FIVE_MINUTES, periods: 3, missing: "notBreaching" } as const),
    meaning: "The NAT gateway has no ports left: calls from REDCap to the outside fail at random.",
    first: "find who opens so many connections to one address, in the VPC's flow logs.",
  }));

/** AWS WAF developer guide, CloudWatch metrics. */
export function watchFirewall(stage: StageConfig, { wafBlocks }: Thresholds): Watched {
  const { webAcl, webAclLogs: logs } = stageNames(stage);
  const ofAcl = metricsOf("AWS/WAFV2", { WebACL: webAcl, Region: stage.region, Rule: "ALL" });
  const blocked = ofAcl("BlockedRequests", "Sum");
  return {
    alarms: [
      {
        id: "waf-blocks",
        metric: blocked,
        ...{ comparison: ">=", threshold: wafBlocks, period: FIVE_MINUTES, periods: 2, missing: "notBreaching" },
        meaning: "The firewall blocks unusually much: an attack or a scan, or a rule that hits people at work.",
        first: `read log group ${logs}: which rule, which addresses (docs/protection.md)? Set a rule that is wrong to count.`,
      },
    ],
    graphs: [graph("Firewall", { blocked, allowed: ofAcl("AllowedRequests", "Sum") })],
  };
}

/** SES developer guide, reputation metrics of a configuration set. */
export function watchMail(configurationSet: string): Watched {
  const { bounces, complaints } = mailMetrics(configurationSet);
  return {
    alarms: mailAlarms({ bounces, complaints }),
    graphs: [graph("Mail that bounced or was reported, as a part of one", { bounces, complaints }, HOUR)],
  };
}

const mailMetrics = (configurationSet: string) => {
  const ofSet = metricsOf("AWS/SES", { "ses:configuration-set": configurationSet });
  return {
    bounces: ofSet("Reputation.BounceRate", "Average"),
    complaints: ofSet("Reputation.ComplaintRate", "Average"),
  };
};

/** AWS reviews an account at 5 % and 0.1 %, and stops its mail at 10 % and 0.5 % (SES developer guide, sending review process). */
const mailAlarms = ({ bounces, complaints }: ReturnType<typeof mailMetrics>): Alarm[] => {
  const common = { comparison: ">=", period: HOUR, periods: 1, missing: "notBreaching" } as const;
  return [
    {
      id: "mail-bounces",
      metric: bounces,
      ...{ ...common, threshold: 0.05 },
      meaning: "Of the stage's mail, 5 % bounce. An account with so many is reviewed by AWS, and stopped at 10 %.",
      first: "see the bounce messages: one project with an old list of addresses? Stop its invitations in REDCap.",
    },
    {
      id: "mail-complaints",
      metric: complaints,
      ...{ ...common, threshold: 0.001 },
      meaning: "Of the stage's mail, 0.1 % was reported as spam. AWS reviews such an account, and stops it at 0.5 %.",
      first: "see the complaint messages, and take these people off the project's list.",
    },
  ];
};
