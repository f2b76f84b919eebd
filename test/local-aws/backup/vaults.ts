// Backup vaults: create, describe, list, delete.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/vaults.html

import { createHash } from "node:crypto";
import type { BackupVaultListMember } from "@aws-sdk/client-backup";
import { alreadyExists, invalidParameter, invalidRequest } from "./errors";
import { page } from "./paging";
import type { Permissions } from "./permissions";
import type { Handlers } from "./protocol";
import type { BackupState, Vault } from "./state";

export function vaultHandlers(state: BackupState, permissions: Permissions): Handlers {
  return {
    CreateBackupVault: async (input, { account }) => {
      const name = input.BackupVaultName ?? "";
      if (!/^[a-zA-Z0-9\-_]{2,50}$/.test(name)) throw invalidParameter(`Invalid backup vault name: ${name}`);
      const arn = state.arn(account, `backup-vault:${name}`);
      const vaults = state.of(account).vaults;
      if (vaults.has(name)) {
        throw alreadyExists("Backup vault with the same name already exists", arn, vaults.get(name)?.creatorRequestId);
      }
      const vault: Vault = {
        account,
        name,
        arn,
        encryptionKeyArn: await encryptionKey(state, permissions, account, input.EncryptionKeyArn),
        creationDate: state.now(),
        tags: { ...input.BackupVaultTags },
        recoveryPoints: new Map(),
        ...(input.CreatorRequestId && { creatorRequestId: input.CreatorRequestId }),
      };
      vaults.set(name, vault);
      return { BackupVaultName: name, BackupVaultArn: arn, CreationDate: vault.creationDate };
    },

    DescribeBackupVault: (input, { account }) => describe(state.vault(account, input.BackupVaultName)),

    ListBackupVaults: (input, { account }) => {
      const { items, nextToken } = page([...state.of(account).vaults.values()].map(describe), input);
      return { BackupVaultList: items, NextToken: nextToken };
    },

    // A vault must be empty before it can be deleted:
    // https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html#delete-a-vault
    DeleteBackupVault: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      if (vault.recoveryPoints.size > 0) {
        throw invalidRequest("Backup vault cannot be deleted because it contains recovery points.");
      }
      state.of(account).vaults.delete(vault.name);
      return {};
    },
  };
}

function describe(vault: Vault): BackupVaultListMember {
  return {
    BackupVaultName: vault.name,
    BackupVaultArn: vault.arn,
    VaultType: "BACKUP_VAULT",
    VaultState: "AVAILABLE",
    EncryptionKeyArn: vault.encryptionKeyArn,
    CreationDate: vault.creationDate,
    CreatorRequestId: vault.creatorRequestId,
    NumberOfRecoveryPoints: vault.recoveryPoints.size,
    Locked: vault.lock !== undefined,
    MinRetentionDays: vault.lock?.minRetentionDays,
    MaxRetentionDays: vault.lock?.maxRetentionDays,
    LockDate: vault.lock?.lockDate,
  };
}

async function encryptionKey(
  state: BackupState,
  permissions: Permissions,
  account: string,
  wanted: string | undefined,
): Promise<string> {
  if (wanted === undefined) return awsManagedKeyArn(state.region, account);
  const key = await permissions.findKey(account, wanted);
  if (!key?.Enabled) throw invalidParameter(`KMS key ${wanted} does not exist or is not enabled.`);
  return key.Arn ?? wanted;
}

/** The key `aws/backup` that a vault without a key of its own gets; moto does not have it, so its id is made up. */
export function awsManagedKeyArn(region: string, account: string): string {
  const hash = createHash("sha256").update(`aws/backup ${region} ${account}`).digest("hex");
  const id = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join(
    "-",
  );
  return `arn:aws:kms:${region}:${account}:key/${id}`;
}
