// A role that AWS Backup assumes for its jobs.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import { partitionOf } from "../../config";

export interface BackupJobRoleProps {
  name: string;
  region: string;
  description: string;
  path?: string;
  permissionsBoundaryArn?: string | undefined;
  /** AWS managed policies by their path and name, such as `service-role/AWSBackupServiceRolePolicyForBackup`. */
  managedPolicies: string[];
  /** What the managed policies lack: the use of customer-managed keys. */
  keyStatements: DataAwsIamPolicyDocumentStatement[];
}

export class BackupJobRole extends Construct {
  readonly role: IamRole;

  constructor(scope: Construct, id: string, props: BackupJobRoleProps) {
    super(scope, id);
    const trust = new DataAwsIamPolicyDocument(this, "trust", { statement: [backupAssumes()] });
    this.role = new IamRole(this, "role", {
      name: props.name,
      description: props.description,
      path: props.path,
      permissionsBoundary: props.permissionsBoundaryArn,
      assumeRolePolicy: trust.json,
    });
    for (const policy of props.managedPolicies) {
      new IamRolePolicyAttachment(this, policy.replace(/^.*\//, ""), {
        role: this.role.name,
        policyArn: `arn:${partitionOf(props.region)}:iam::aws:policy/${policy}`,
      });
    }
    const keys = new DataAwsIamPolicyDocument(this, "keys", { statement: props.keyStatements });
    new IamRolePolicy(this, "use-keys", { name: "use-keys", role: this.role.name, policy: keys.json });
  }
}

/** Who may hand the role to AWS Backup is decided by iam:PassRole, which never crosses accounts. */
function backupAssumes(): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "BackupAssumes",
    principals: [{ type: "Service", identifiers: ["backup.amazonaws.com"] }],
    actions: ["sts:AssumeRole"],
  };
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
