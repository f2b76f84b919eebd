// Recovery points: listing, describing, restore metadata, lifecycle, deletion; and the resources that they protect.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html

import type { RecoveryPointByBackupVault } from "@aws-sdk/client-backup";
import { notFound } from "./errors";
import { type Jobs, matches, within } from "./jobs";
import { calculatedLifecycle, requireValidLifecycle } from "./lifecycle";
import { page } from "./paging";
import type { Handlers } from "./protocol";
import type { BackupState, RecoveryPoint } from "./state";
import { requireUnlocked } from "./vault-lock";

export function recoveryPointHandlers(jobs: Jobs): Handlers {
  const { state } = jobs;
  return {
    ListRecoveryPointsByBackupVault: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      const found = newestFirst([...vault.recoveryPoints.values()]).filter(
        (point) =>
          matches(input.ByResourceArn, point.resourceArn) &&
          matches(input.ByResourceType, point.resourceType) &&
          matches(input.ByBackupPlanId, point.createdBy?.BackupPlanId) &&
          within(point.creationDate, input.ByCreatedAfter, input.ByCreatedBefore),
      );
      const { items, nextToken } = page(found, input);
      return { RecoveryPoints: items.map((point) => describe(state, point)), NextToken: nextToken };
    },

    ListRecoveryPointsByResource: (input, { account }) => {
      const found = newestFirst(state.recoveryPoints(account)).filter((one) => one.resourceArn === input.ResourceArn);
      const { items, nextToken } = page(found, input);
      const list = items.map((point) => ({
        RecoveryPointArn: point.arn,
        CreationDate: point.creationDate,
        Status: "COMPLETED" as const,
        EncryptionKeyArn: point.encryptionKeyArn,
        BackupSizeBytes: point.sizeBytes,
        BackupVaultName: point.vaultName,
        IsParent: false,
        ResourceName: point.resourceName,
        VaultType: "BACKUP_VAULT" as const,
      }));
      return { RecoveryPoints: list, NextToken: nextToken };
    },

    DescribeRecoveryPoint: (input, { account }) => ({
      ...describe(state, find(state, account, input)),
      StorageClass: "WARM",
    }),

    GetRecoveryPointRestoreMetadata: (input, { account }) => {
      const point = find(state, account, input);
      return {
        BackupVaultArn: state.vault(account, point.vaultName).arn,
        RecoveryPointArn: point.arn,
        RestoreMetadata: point.restoreMetadata,
        ResourceType: point.resourceType,
      };
    },

    UpdateRecoveryPointLifecycle: (input, { account }) => {
      const point = find(state, account, input);
      const vault = state.vault(account, point.vaultName);
      requireUnlocked(vault, "Changing the lifecycle of a recovery point");
      requireValidLifecycle(input.Lifecycle);
      point.lifecycle = { ...point.lifecycle, ...input.Lifecycle };
      return {
        BackupVaultArn: vault.arn,
        RecoveryPointArn: point.arn,
        Lifecycle: point.lifecycle,
        CalculatedLifecycle: calculatedLifecycle(point.lifecycle, point.creationDate),
      };
    },

    DeleteRecoveryPoint: async (input, { account }) => {
      const point = find(state, account, input);
      const vault = state.vault(account, point.vaultName);
      requireUnlocked(vault, "Deleting a recovery point");
      await jobs.driverOf(point.resourceType).remove(point);
      vault.recoveryPoints.delete(point.arn);
      return {};
    },

    ListProtectedResources: (input, { account }) => {
      const { items, nextToken } = page(protectedResources(state.recoveryPoints(account)), input);
      return { Results: items, NextToken: nextToken };
    },

    ListProtectedResourcesByBackupVault: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      const { items, nextToken } = page(protectedResources([...vault.recoveryPoints.values()]), input);
      return { Results: items, NextToken: nextToken };
    },

    DescribeProtectedResource: (input, { account }) => {
      const found = protectedResources(state.recoveryPoints(account)).find(
        (one) => one.ResourceArn === input.ResourceArn,
      );
      if (!found) throw notFound(`Resource ${input.ResourceArn} is not protected.`);
      return found;
    },
  };
}

/** @throws AwsError ResourceNotFoundException, or AccessDeniedException for a vault that is not there. */
function find(
  state: BackupState,
  account: string,
  input: { BackupVaultName?: string | undefined; RecoveryPointArn?: string | undefined },
): RecoveryPoint {
  const point = state.vault(account, input.BackupVaultName).recoveryPoints.get(input.RecoveryPointArn ?? "");
  if (!point) throw notFound("Cannot find recovery point.");
  return point;
}

function newestFirst(points: RecoveryPoint[]): RecoveryPoint[] {
  return points.sort((a, b) => b.creationDate.getTime() - a.creationDate.getTime());
}

function describe(state: BackupState, point: RecoveryPoint): RecoveryPointByBackupVault {
  return {
    RecoveryPointArn: point.arn,
    BackupVaultName: point.vaultName,
    BackupVaultArn: state.vault(point.account, point.vaultName).arn,
    SourceBackupVaultArn: point.sourceVaultArn,
    ResourceArn: point.resourceArn,
    ResourceName: point.resourceName,
    ResourceType: point.resourceType,
    CreatedBy: point.createdBy,
    IamRoleArn: point.iamRoleArn,
    Status: "COMPLETED",
    CreationDate: point.creationDate,
    InitiationDate: point.creationDate,
    CompletionDate: point.completionDate,
    BackupSizeInBytes: point.sizeBytes,
    Lifecycle: point.lifecycle,
    CalculatedLifecycle: calculatedLifecycle(point.lifecycle, point.creationDate),
    EncryptionKeyArn: point.encryptionKeyArn,
    IsEncrypted: point.encryptionKeyArn !== undefined,
    LastRestoreTime: point.lastRestoreTime,
    IsParent: false,
    VaultType: "BACKUP_VAULT",
  };
}

function protectedResources(points: RecoveryPoint[]) {
  const latest = new Map<string, RecoveryPoint>();
  for (const point of newestFirst(points).reverse()) latest.set(point.resourceArn, point);
  return [...latest.values()].map((point) => ({
    ResourceArn: point.resourceArn,
    ResourceType: point.resourceType,
    ResourceName: point.resourceName,
    LastBackupTime: point.creationDate,
    LastBackupVaultArn: `arn:aws:backup:${point.arn.split(":")[3]}:${point.account}:backup-vault:${point.vaultName}`,
    LastRecoveryPointArn: point.arn,
  }));
}
