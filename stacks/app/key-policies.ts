// Who may use the stage's keys. In a key policy, the resource `*` is the key itself.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { arn, partitionOf, type StageConfig } from "../../config";

const root = (stage: StageConfig, accountId: string) => ({
  type: "AWS",
  identifiers: [`arn:${partitionOf(stage.region)}:iam::${accountId}:root`],
});

/**
 * The account decides by IAM who uses the key. This is also how RDS, AWS Backup, Secrets Manager and S3 use it: with
 * the rights of the caller or of their role. Without it a key can become one that nobody can manage.
 */
const accountStatement = (stage: StageConfig): Statement => ({
  sid: "AccountDecidesByIam",
  actions: ["kms:*"],
  resources: ["*"],
  principals: [root(stage, stage.accountId)],
});

/**
 * AWS Backup copies with the destination account's role, which reads with the source's key. The principal is the
 * account: it exists before any role there does, so either side can be applied first.
 */
function backupAccountStatements(stage: StageConfig, backupAccountId: string): Statement[] {
  const principals = [root(stage, backupAccountId)];
  return [
    {
      sid: "BackupAccountReadsForCopies",
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      resources: ["*"],
      principals,
    },
    {
      sid: "BackupAccountGrantsToServices",
      actions: ["kms:CreateGrant"],
      resources: ["*"],
      principals,
      // Grants only for AWS services, not for people.
      condition: [{ test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] }],
    },
  ];
}

/** For what is backed up: database and files. */
export function backedUpKeyPolicy(scope: Construct, id: string, stage: StageConfig, backupAccountId?: string) {
  return new DataAwsIamPolicyDocument(scope, id, {
    statement: [accountStatement(stage), ...(backupAccountId ? backupAccountStatements(stage, backupAccountId) : [])],
  });
}

/** For CloudWatch Logs, which encrypts as itself, and only for log groups of this account and region. */
export function logsKeyPolicy(scope: Construct, id: string, stage: StageConfig) {
  return new DataAwsIamPolicyDocument(scope, id, {
    statement: [
      accountStatement(stage),
      {
        sid: "CloudWatchLogs",
        actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        resources: ["*"],
        principals: [{ type: "Service", identifiers: [`logs.${stage.region}.amazonaws.com`] }],
        condition: [
          {
            test: "ArnLike",
            variable: "kms:EncryptionContext:aws:logs:arn",
            values: [arn("logs", stage, "log-group:*")],
          },
        ],
      },
    ],
  });
}
