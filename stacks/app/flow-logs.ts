// Which addresses talked to which, accepted and rejected, in CloudWatch Logs.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { arn, type StageConfig, stageNames, trafficLogRetention } from "../../config";
import { fromAccount, Role } from "../role";
import { logGroup } from "./log-group";

export interface FlowLogsProps {
  stage: StageConfig;
  vpcId: string;
  logsKey: KmsKey;
}

export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, { stage, vpcId, logsKey }: FlowLogsProps) {
    super(scope, id);
    const { prefix } = stageNames(stage);
    const group = logGroup(this, "log-group", {
      stage,
      name: `/aws/vpc/${prefix}/flow-logs`,
      key: logsKey,
      retentionInDays: trafficLogRetention(stage),
    });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: `${prefix}-flow-logs`,
      description: "Writes the VPC flow logs",
      assumedBy: "vpc-flow-logs.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnLike", variable: "aws:SourceArn", values: [arn("ec2", stage, "vpc-flow-log/*")] },
      ],
      policies: { "write-logs": writeLogs(this, group) },
    });
    new FlowLog(this, "flow-log", {
      vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: group.arn,
      iamRoleArn: role.arn,
      tags: { Name: prefix },
    });
  }
}

/** Into this group only; the group itself is Terraform's. */
function writeLogs(scope: Construct, group: CloudwatchLogGroup): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "write-logs", {
    statement: [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        resources: [group.arn, `${group.arn}:*`],
      },
      // Describing log groups cannot be limited to one (service authorization reference, CloudWatch Logs).
      { actions: ["logs:DescribeLogGroups"], resources: ["*"] },
    ],
  });
}
