// Statements of vault access policies, one function per permission set. Where a policy of AWS Backup says `*` as
// resource, it means the vault it is attached to and the recovery points in it. It knows no wildcard in actions, and
// from other accounts it can let in nothing but copies (AWS Backup, vault access policies).
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { accountRoot } from "../key-policy";

/**
 * Lets other accounts put copies into the vault, and nothing else.
 * @param organizationId if given, they must also belong to this organization
 */
export function accountsCopyIn(
  accountIds: string[],
  region: string,
  organizationId?: string,
): DataAwsIamPolicyDocumentStatement[] {
  if (accountIds.length === 0) return [];
  return [
    {
      sid: "AccountsCopyIn",
      principals: [{ type: "AWS", identifiers: accountIds.map((id) => accountRoot(id, region)) }],
      actions: ["backup:CopyIntoBackupVault"],
      resources: ["*"],
      condition: organizationId
        ? [{ test: "StringEquals", variable: "aws:PrincipalOrgID", values: [organizationId] }]
        : undefined,
    },
  ];
}

/**
 * Nobody destroys or shortens what the vault holds, whatever their own rights: not by deleting, not by detaching a
 * recovery point from the vault, not by ending its life tomorrow. Expiry by lifecycle goes on. Copies back and restores
 * stay possible: they are what the vault is for. The lock can be taken away as far as its mode allows: Terraform changes
 * a lock by replacing it, and a denial for everybody would void the days of grace.
 */
export function nobodyDestroys(): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "NobodyDestroys",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions: [
      "backup:DeleteBackupVault",
      "backup:DeleteRecoveryPoint",
      "backup:DisassociateRecoveryPoint",
      "backup:UpdateRecoveryPointLifecycle",
    ],
    resources: ["*"],
  };
}

/**
 * What only administrators do, where they are named. The lock is here and not above: Terraform puts it, and to change
 * it deletes and puts it again.
 */
export const VAULT_POLICY_ACTIONS = [
  "backup:DeleteBackupVaultAccessPolicy",
  "backup:DeleteBackupVaultLockConfiguration",
  "backup:DeleteBackupVaultNotifications",
  "backup:PutBackupVaultAccessPolicy",
  "backup:PutBackupVaultLockConfiguration",
  "backup:PutBackupVaultNotifications",
];
