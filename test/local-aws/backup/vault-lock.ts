// AWS Backup Vault Lock: what a lock refuses, and who may take it off.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
//
// - While a vault is locked, in either mode, nobody (the root user included) deletes a recovery point in it or changes
//   one's lifecycle.
// - Governance mode (no ChangeableForDays): whoever has the permissions may change or remove the lock.
// - Compliance mode: so may they during the days of grace; after LockDate nothing changes the lock any more.
// - A backup or copy job whose retention is outside the lock's range fails.
// The documentation gives the rules and the error codes, not the wording of the refusals: the wording here is ours.

import type { Lifecycle } from "@aws-sdk/client-backup";
import { invalidParameter, invalidRequest } from "./errors";
import type { Handlers } from "./protocol";
import type { BackupState, Vault, VaultLock } from "./state";

const DAY_MS = 86_400_000;
const MAX_DAYS = 36_500;

export function vaultLockHandlers(state: BackupState): Handlers {
  return {
    PutBackupVaultLockConfiguration: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      requireChangeable(vault, state.now());
      vault.lock = lockOf(input, state.now());
      return {};
    },
    DeleteBackupVaultLockConfiguration: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      requireChangeable(vault, state.now());
      vault.lock = undefined;
      return {};
    },
  };
}

/** @throws AwsError InvalidRequestException once the days of grace of a compliance lock are over. */
function requireChangeable(vault: Vault, now: Date): void {
  if (vault.lock?.lockDate && now >= vault.lock.lockDate) {
    throw invalidRequest(
      `Backup vault ${vault.name} is locked in compliance mode since ${vault.lock.lockDate.toISOString()}: ` +
        "its lock configuration cannot be changed or deleted.",
    );
  }
}

/** @throws AwsError InvalidParameterValueException for days outside AWS's ranges. */
function lockOf(
  input: { MinRetentionDays?: number; MaxRetentionDays?: number; ChangeableForDays?: number },
  now: Date,
): VaultLock {
  const { MinRetentionDays: min, MaxRetentionDays: max, ChangeableForDays: grace } = input;
  if (min !== undefined && (min < 1 || min > MAX_DAYS)) {
    throw invalidParameter(`MinRetentionDays must be between 1 and ${MAX_DAYS}.`);
  }
  if (max !== undefined && (max < 1 || max > MAX_DAYS)) {
    throw invalidParameter(`MaxRetentionDays must be between 1 and ${MAX_DAYS}.`);
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw invalidParameter("MinRetentionDays must not be greater than MaxRetentionDays.");
  }
  if (grace !== undefined && (grace < 3 || grace > MAX_DAYS)) {
    throw invalidParameter(`ChangeableForDays must be between 3 and ${MAX_DAYS}.`);
  }
  return {
    ...(min !== undefined && { minRetentionDays: min }),
    ...(max !== undefined && { maxRetentionDays: max }),
    ...(grace !== undefined && { lockDate: new Date(now.getTime() + grace * DAY_MS) }),
  };
}

/** @throws AwsError InvalidRequestException while the vault is locked, in whichever mode. */
export function requireUnlocked(vault: Vault, what: string): void {
  if (vault.lock)
    throw invalidRequest(`${what} is not allowed: backup vault ${vault.name} is protected by a vault lock.`);
}

/**
 * The failure of a job whose retention the vault's lock does not take; undefined if it takes it. No DeleteAfterDays means
 * for ever, which is longer than every maximum. Message:
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-job-dashboard.html
 */
export function retentionProblem(
  kind: "Backup" | "Copy",
  lock: VaultLock | undefined,
  lifecycle: Lifecycle | undefined,
): string | undefined {
  const days = lifecycle?.DeleteAfterDays ?? Number.POSITIVE_INFINITY;
  const isOutside = days < (lock?.minRetentionDays ?? 0) || days > (lock?.maxRetentionDays ?? Number.POSITIVE_INFINITY);
  if (!isOutside) return undefined;
  return `${kind} job failed. The retention specified in the job is not within the range specified for the target Backup Vault.`;
}
