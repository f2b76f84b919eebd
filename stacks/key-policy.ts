// Statements of key policies, one function per permission set. In a key policy, `*` means the key itself.
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { arn, type Location, partitionOf } from "../config";

/** ARN that stands for everybody in an account whom its own IAM policies let in. */
export const accountRoot = (accountId: string, region: string): string =>
  `arn:${partitionOf(region)}:iam::${accountId}:root`;

/**
 * The account decides by IAM who uses the key. This is also how RDS, AWS Backup, Secrets Manager and S3 use it: with the
 * rights of the caller or of their role. Without this statement nobody could manage the key.
 */
export function ownerManages(accountId: string, region: string): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "OwnerManages",
    principals: [{ type: "AWS", identifiers: [accountRoot(accountId, region)] }],
    actions: ["kms:*"],
    resources: ["*"],
  };
}

/**
 * Copies need both vaults' keys in both accounts, and a cluster's snapshots also the cluster's own: one side decrypts,
 * the other encrypts again, and Aurora does it through a grant. Accounts and not roles are named: KMS refuses a policy that names a role which is not there yet,
 * and either side must be able to come first. The other account's own IAM policies still decide who in it may.
 */
export function accountsCopy(accountIds: string[], region: string): DataAwsIamPolicyDocumentStatement[] {
  if (accountIds.length === 0) return [];
  const principals = [{ type: "AWS", identifiers: accountIds.map((id) => accountRoot(id, region)) }];
  return [
    {
      sid: "OtherAccountsCopy",
      principals,
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      resources: ["*"],
    },
    {
      sid: "OtherAccountsGrantToAws",
      principals,
      actions: ["kms:CreateGrant"],
      resources: ["*"],
      // Only AWS services get a grant, for a resource that uses the key; nobody can hand one to themselves.
      condition: [{ test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] }],
    },
  ];
}

/** A vault lock protects recovery points, not the key: without the key they could never be read again. */
export function nobodyDeletes(): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "NobodyDeletes",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions: ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
    resources: ["*"],
  };
}

/** CloudWatch Logs encrypts as itself, and only log groups of this account and region. */
export function logsEncrypt(location: Location): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "CloudWatchLogs",
    principals: [{ type: "Service", identifiers: [`logs.${location.region}.amazonaws.com`] }],
    actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    resources: ["*"],
    condition: [
      {
        test: "ArnLike",
        variable: "kms:EncryptionContext:aws:logs:arn",
        values: [arn("logs", location, "log-group:*")],
      },
    ],
  };
}
