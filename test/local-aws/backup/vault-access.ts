// Access policies of vaults, and what they say about a call.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html

import { evaluatePolicy, type Principal, parseStatements } from "../policy";
import { accessDenied, invalidParameter, notFound } from "./errors";
import type { Permissions } from "./permissions";
import type { Caller, Handlers, ParsedRequest } from "./protocol";
import type { BackupState, Vault } from "./state";

export function vaultAccessHandlers(state: BackupState): Handlers {
  return {
    PutBackupVaultAccessPolicy: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      if (input.Policy === undefined) {
        vault.policy = undefined;
        return {};
      }
      try {
        parseStatements(input.Policy);
      } catch (error) {
        throw invalidParameter(`Invalid policy: ${error instanceof Error ? error.message : String(error)}`);
      }
      vault.policy = input.Policy;
      return {};
    },
    GetBackupVaultAccessPolicy: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      if (!vault.policy) throw notFound(`Backup vault access policy of ${vault.name} does not exist.`);
      return { BackupVaultName: vault.name, BackupVaultArn: vault.arn, Policy: vault.policy };
    },
    DeleteBackupVaultAccessPolicy: (input, { account }) => {
      state.vault(account, input.BackupVaultName).policy = undefined;
      return {};
    },
  };
}

/**
 * Refuses a call of the vault's own account that the vault's policy denies. Its Allow statements matter to other
 * accounts only: at home, identity policies allow, and these are not modelled.
 *
 * @throws AwsError AccessDeniedException.
 */
export async function enforceVaultPolicy(
  state: BackupState,
  permissions: Permissions,
  { operation, input }: ParsedRequest,
  caller: Caller,
): Promise<void> {
  const name = input.BackupVaultName ?? input.SourceBackupVaultName;
  const point = typeof input.RecoveryPointArn === "string" ? input.RecoveryPointArn : undefined;
  const held = point === undefined ? undefined : state.recoveryPoint(caller.account, point);
  const vault = state.of(caller.account).vaults.get(typeof name === "string" ? name : (held?.vaultName ?? ""));
  if (!vault?.policy) return;
  const principal: Principal = { kind: "aws", arn: await permissions.callerArn(caller.account, caller.accessKeyId) };
  const resource = point ?? vault.arn;
  const context = await permissions.contextOf(principal);
  if (evaluatePolicy(vault.policy, { principal, action: `backup:${operation}`, resource, context }) === "deny") {
    throw accessDenied(
      `User: ${principal.arn} is not authorized to perform: backup:${operation} on resource: ${resource} ` +
        "with an explicit deny in a resource-based policy",
    );
  }
}

/**
 * Whether the vault lets `principal` copy into it: across accounts its policy must say so, at home it must not deny it.
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html#share-vault
 */
export async function allowsCopyInto(vault: Vault, principal: Principal, permissions: Permissions): Promise<boolean> {
  const context = await permissions.contextOf(principal);
  const request = { principal, action: "backup:CopyIntoBackupVault", resource: vault.arn, context };
  const decision = vault.policy === undefined ? "implicitDeny" : evaluatePolicy(vault.policy, request);
  const isHome = principal.kind === "aws" && principal.arn.split(":")[4] === vault.account;
  return isHome ? decision !== "deny" : decision === "allow";
}
