// What is remembered of each job, and the run that moves it from state to state.

import type { Lifecycle, RecoveryPointCreator } from "@aws-sdk/client-backup";
import type { JobRun } from "./job-run";
import type { ResourceType, Tags } from "./state";

interface Job {
  id: string;
  account: string;
  run: JobRun;
  iamRoleArn: string;
  resourceArn: string;
  resourceType: ResourceType;
  idempotencyToken?: string;
}

export interface BackupJob extends Job {
  vaultName: string;
  vaultArn: string;
  lifecycle?: Lifecycle;
  recoveryPointTags: Tags;
  createdBy?: RecoveryPointCreator;
  /** Known once the job has completed. */
  recoveryPointArn?: string;
  sizeBytes?: number;
}

export interface CopyJob extends Job {
  sourceVaultArn: string;
  sourceRecoveryPointArn: string;
  destinationVaultArn: string;
  destinationRecoveryPointArn?: string;
  lifecycle?: Lifecycle;
  createdBy?: RecoveryPointCreator;
  createdByBackupJobId?: string;
  sizeBytes?: number;
}

export interface RestoreJob extends Job {
  recoveryPointArn: string;
  sourceVaultArn: string;
  metadata: Record<string, string>;
  createdResourceArn?: string;
  recoveryPointCreationDate: Date;
  sizeBytes: number;
}
