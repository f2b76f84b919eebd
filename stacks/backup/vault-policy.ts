// Statements of vault access policies, one function per permission set. Where a policy of AWS Backup says `*` as
// resource, it means the vault it is attached to and the recovery points in it. It knows no wildcard in actions, and
// from other accounts it can let in nothing but copies (AWS Backup, vault access policies).
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { accountRoot } from "./key-policy";

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
 * recovery point from the vault, not by ending its life tomorrow, not by taking a governance lock away first. Expiry by
 * lifecycle goes on. Copies back and restores stay possible: they are what the vault is for.
 */
export function nobodyDestroys(): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "NobodyDestroys",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions: [
      "backup:DeleteBackupVault",
      "backup:DeleteBackupVaultLockConfiguration",
      "backup:DeleteRecoveryPoint",
      "backup:DisassociateRecoveryPoint",
      "backup:UpdateRecoveryPointLifecycle",
    ],
    resources: ["*"],
  };
}

/**
 * Else an intruder would replace this policy first. Only where administrators are named: a denial for everybody could
 * never be taken back, and Terraform could not let in the account of a new stage. Where none are named, the compliance
 * lock is what holds against an administrator of the account; the policy then stops mistakes and lesser credentials.
 * PutBackupVaultLockConfiguration belongs here, not above: Terraform needs it once, after the policy or before.
 */
export function onlyAdministratorsChangePolicy(administratorArns: string[]): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "OnlyAdministratorsChangePolicy",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions: [
      "backup:DeleteBackupVaultAccessPolicy",
      "backup:DeleteBackupVaultNotifications",
      "backup:PutBackupVaultAccessPolicy",
      "backup:PutBackupVaultLockConfiguration",
      "backup:PutBackupVaultNotifications",
    ],
    resources: ["*"],
    condition: [{ test: "ArnNotLike", variable: "aws:PrincipalArn", values: administratorArns }],
  };
}
