// REDCap's cron over HTTP: EventBridge calls /cron.php of an App Runner service on schedule. For who wants no task beside it.
import { CloudwatchEventApiDestination } from "@cdktf/provider-aws/lib/cloudwatch-event-api-destination";
import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { arn, type StageConfig, stageNames } from "../../config";
import { fromAccount, Role } from "../role";
import type { CronPassword } from "./cron-password";
import { every } from "./every";

/** The schedule makes one a minute; EventBridge's smallest. */
const CALLS_PER_SECOND = 1;

export interface CronOverHttpProps {
  stage: StageConfig;
  minutes: number;
  /** Of the service, under App Runner's own name: it is there whatever becomes of the stage's domain. */
  host: string;
  password: CronPassword;
  /** Calls that come before them are refused by the service. */
  needs: ITerraformDependable[];
}

export class CronOverHttp extends Construct {
  constructor(scope: Construct, id: string, { stage, minutes, host, password, needs }: CronOverHttpProps) {
    super(scope, id);
    const { cronRule, cronRuleRole } = stageNames(stage);
    const destination = new CloudwatchEventApiDestination(this, "destination", {
      name: cronRule,
      description: `Cron of REDCap ${stage.name}`,
      connectionArn: password.connection.arn,
      invocationEndpoint: `https://${host}/cron.php`,
      httpMethod: "POST",
      invocationRateLimitPerSecond: CALLS_PER_SECOND,
    });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: cronRuleRole,
      description: "Calls REDCap's cron over HTTP",
      assumedBy: "events.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [arn("events", stage, `rule/${cronRule}`)] },
      ],
      policies: {
        "call-cron": new DataAwsIamPolicyDocument(this, "call-cron", {
          statement: [{ actions: ["events:InvokeApiDestination"], resources: [destination.arn] }],
        }),
      },
    });
    const rule = new CloudwatchEventRule(this, "rule", {
      name: cronRule,
      description: "REDCap's cron",
      scheduleExpression: every(minutes),
      // A restore disables it and enables it again; a person's reason to disable it outlasts a deployment.
      lifecycle: { ignoreChanges: ["state", "is_enabled"] },
    });
    new CloudwatchEventTarget(this, "call", {
      rule: rule.name,
      arn: destination.arn,
      roleArn: role.arn,
      // Not the event, in which the image would find nothing.
      input: "{}",
      // No second attempt and no dead-letter queue, as with the task (cron.ts): the next call comes anyway.
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      dependsOn: [...role.rights, password.firstPassword, ...needs],
    });
  }
}
