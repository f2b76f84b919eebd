// A role that AWS Backup assumes for its jobs.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { type IamConfig, partitionOf } from "../../config";
import { Role } from "../role";

export interface BackupJobRoleProps {
  name: string;
  region: string;
  description: string;
  iam: IamConfig;
  /** AWS managed policies by their path and name, such as `service-role/AWSBackupServiceRolePolicyForBackup`. */
  managedPolicies: string[];
  /** What the managed policies lack: the use of customer-managed keys. */
  keyStatements: DataAwsIamPolicyDocumentStatement[];
}

/** Who may hand the role to AWS Backup is decided by iam:PassRole, which never crosses accounts. */
export function backupJobRole(scope: Construct, id: string, props: BackupJobRoleProps): Role {
  const { region, managedPolicies, keyStatements, ...role } = props;
  return new Role(scope, id, {
    ...role,
    assumedBy: "backup.amazonaws.com",
    policies: { "use-keys": new DataAwsIamPolicyDocument(scope, `${id}-use-keys`, { statement: keyStatements }) },
    managedPolicyArns: managedPolicies.map((policy) => `arn:${partitionOf(region)}:iam::aws:policy/${policy}`),
  });
}

/**
 * Without rights on the keys a job can succeed and hold nothing.
 * @param resources keys to use; the keys' own policies decide as well
 */
export function usesKeys(
  sid: string,
  resources: string[],
  condition: DataAwsIamPolicyDocumentStatement["condition"] = undefined,
): DataAwsIamPolicyDocumentStatement[] {
  return [
    {
      sid: `${sid}Use`,
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      resources,
      condition,
    },
    {
      sid: `${sid}Grant`,
      actions: ["kms:CreateGrant"],
      resources,
      condition: [
        ...(Array.isArray(condition) ? condition : []),
        { test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] },
      ],
    },
  ];
}

/** Every key of an account: for the other account's keys, whose ids nobody knows before they are deployed. */
export const keysOf = (accountId: string, region: string): string =>
  `arn:${partitionOf(region)}:kms:${region}:${accountId}:key/*`;
