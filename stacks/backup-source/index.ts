// The backup of one stage, in the stage's account: vault, plans, the role that backs up and restores, notifications.
// It reads nothing of the backup account: the destination's name and account come from the configuration, so that
// either side can be planned and applied first.
import type { Construct } from "constructs";
import {
  BACKUP_TAG,
  type BackupDestinationConfig,
  destinationVaultArn,
  type EnabledBackupConfig,
  partitionOf,
  type StageConfig,
  stageNames,
} from "../../config";
import { LockedVault } from "../backup/locked-vault";
import { Notifications } from "../backup/notifications";
import { backupJobRole, keysOf, usesKeys } from "../backup/role";
import { accountsCopyIn } from "../backup/vault-policy";
import { BaseStack } from "../base-stack";
import { accountsCopy, ownerManages } from "../key-policy";
import { Plan } from "./plan";

export interface BackupSourceStackProps {
  stage: StageConfig;
  backup: EnabledBackupConfig;
  backupDestination?: BackupDestinationConfig | undefined;
}

/** Failures, and every end of a job; Notifications tells the two apart. */
const EVENTS = [
  "BACKUP_JOB_COMPLETED",
  "COPY_JOB_FAILED",
  "RESTORE_JOB_COMPLETED",
  "S3_BACKUP_OBJECT_FAILED",
  "S3_RESTORE_OBJECT_FAILED",
];

export class BackupSourceStack extends BaseStack {
  constructor(scope: Construct, id: string, { stage, backup, backupDestination }: BackupSourceStackProps) {
    super(scope, id, { ...stage, tags: { ...stage.tags, "redcap:stage": stage.name } });
    const names = stageNames(stage);
    const preventDestroy = stage.protect.enabled;
    const otherAccounts = backupDestination ? [backupDestination.accountId] : [];

    const { vault } = new LockedVault(this, "vault", {
      name: names.sourceVault,
      lock: backup.lock,
      keyPolicy: [ownerManages(stage.accountId, stage.region), ...accountsCopy(otherAccounts, stage.region)],
      // A copy back is let in from the backup account; everything else stays denied by default.
      accessPolicy: accountsCopyIn(otherAccounts, stage.region),
      preventDestroy,
    });

    const role = backupJobRole(this, "role", {
      name: names.backupRole,
      region: stage.region,
      description: `AWS Backup of stage ${stage.name}: backup, copy and restore of Aurora and S3`,
      iam: stage.iam,
      managedPolicies: [
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
      ],
      keyStatements: [
        // The keys of cluster, files and vault, known by the tag that every resource of a stack carries.
        ...usesKeys(
          "Stage",
          [keysOf(stage.accountId, stage.region)],
          [
            {
              test: "StringEquals",
              variable: "aws:ResourceTag/redcap:stack",
              values: [names.appStack, names.backupSourceStack],
            },
          ],
        ),
        // The destination vault's key: its id is unknown here, and IAM sees no tags of another account's key.
        ...(backupDestination
          ? usesKeys("Destination", [keysOf(backupDestination.accountId, backupDestination.region)])
          : []),
      ],
    });

    const common = {
      vaultName: vault.name,
      copyVaultArn: backupDestination && destinationVaultArn(backupDestination),
      roleArn: role.arn,
    };
    new Plan(this, "plan", {
      ...common,
      name: names.prefix,
      rules: backup.rules,
      resourceArns: [names.clusterArn, `arn:${partitionOf(stage.region)}:s3:::${names.filesBucket}`],
      tag: { key: BACKUP_TAG, value: names.prefix },
    });
    if (backup.otherResources) {
      new Plan(this, "other-plan", {
        ...common,
        name: `${names.prefix}-other`,
        rules: backup.otherResources.rules,
        resourceArns: backup.otherResources.arns,
      });
    }

    new Notifications(this, "notifications", {
      name: `${names.prefix}-backup`,
      location: stage,
      vaultName: vault.name,
      events: EVENTS,
      email: backup.notificationEmail,
      failuresOnly: true,
      preventDestroy,
    });
  }
}
