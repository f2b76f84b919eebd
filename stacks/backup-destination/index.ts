// The vault in the second account that outlives the stages: copies come in, nobody deletes them, copies go back. Beside it
// the recovery kit: what AWS Backup cannot hold.
// It reads nothing of the stages' accounts: their ids come from the configuration, so that either side can be planned
// and applied first. It is never destroyed by Terraform, whatever the stages' protection says.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { type BackupDestinationConfig, COPY_BACK_ROLE, type StageConfig } from "../../config";
import { LockedVault } from "../backup/locked-vault";
import { Notifications } from "../backup/notifications";
import { backupJobRole, keysOf, usesKeys } from "../backup/role";
import { accountsCopyIn, nobodyDestroys } from "../backup/vault-policy";
import { BaseStack } from "../base-stack";
import { accountsCopy, nobodyDeletes, ownerManages } from "../key-policy";
import { RecoveryKit } from "./recovery-kit";

export interface BackupDestinationStackProps {
  backupDestination: BackupDestinationConfig;
  stages: StageConfig[];
}

/** What is worth a look in a vault that only receives: failed copies, every restore, every change of what it holds. */
const EVENTS = ["COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED", "RESTORE_JOB_STARTED", "RESTORE_JOB_COMPLETED"];

export class BackupDestinationStack extends BaseStack {
  constructor(scope: Construct, id: string, { backupDestination, stages }: BackupDestinationStackProps) {
    super(scope, id, backupDestination);
    const { accountId, region, vaultName, organizationId, administratorArns } = backupDestination;
    const sources = copyingAccounts(stages);

    const { vault, key } = new LockedVault(this, "vault", {
      name: vaultName,
      lock: backupDestination.lock,
      keyPolicy: [ownerManages(accountId, region), ...accountsCopy(sources, region), nobodyDeletes()],
      accessPolicy: [...accountsCopyIn(sources, region, organizationId), nobodyDestroys()],
      administratorArns,
      preventDestroy: true,
    });

    new RecoveryKit(this, "recovery-kit", { backupDestination, stages });

    backupJobRole(this, "copy-back", {
      name: COPY_BACK_ROLE,
      region,
      iam: backupDestination.iam,
      description: `AWS Backup copies from ${vaultName} back to the vaults of the stages`,
      managedPolicies: ["service-role/AWSBackupServiceRolePolicyForBackup"],
      keyStatements: [
        ...usesKeys("Own", [key.arn]),
        // The keys of the stages' vaults: their ids are unknown here, and their own policies decide as well.
        ...(sources.length > 0
          ? usesKeys(
              "Stages",
              sources.map((source) => keysOf(source, region)),
            )
          : []),
      ],
    });

    new Notifications(this, "notifications", {
      name: `${vaultName}-events`,
      location: backupDestination,
      vaultName: vault.name,
      events: EVENTS,
      email: backupDestination.notificationEmail,
      failuresOnly: false,
      preventDestroy: true,
    });

    new TerraformOutput(this, "vault-arn", {
      value: vault.arn,
      description: "ARN of the vault that keeps the copies",
    }).overrideLogicalId("vault_arn");
  }
}

/** Accounts of the stages that copy to the backup account, each once. */
function copyingAccounts(stages: StageConfig[]): string[] {
  const copying = stages.filter(
    ({ backup }) =>
      backup.enabled && [...backup.rules, ...(backup.otherResources?.rules ?? [])].some((rule) => rule.copy),
  );
  return [...new Set(copying.map((stage) => stage.accountId))].sort();
}
