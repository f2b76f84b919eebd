// The work of a copy job, and every rule that makes one fail. The status messages are AWS's own, from
// https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-job-dashboard.html and
// https://repost.aws/knowledge-center/backup-troubleshoot-cross-account-copy

import type { Lifecycle, RecoveryPointCreator } from "@aws-sdk/client-backup";
import type { CopyJob } from "./job-records";
import type { Outcome } from "./job-run";
import type { Jobs } from "./jobs";
import { serviceLinkedRole } from "./permissions";
import { newId, type RecoveryPoint, type Vault } from "./state";
import { allowsCopyInto } from "./vault-access";
import { retentionProblem } from "./vault-lock";

export interface CopyOrder {
  point: RecoveryPoint;
  sourceVault: Vault;
  destinationVaultArn: string;
  iamRoleArn: string;
  /** Left out, the copy keeps the source's lifecycle. */
  lifecycle?: Lifecycle | undefined;
  createdBy?: RecoveryPointCreator;
  createdByBackupJobId?: string;
  idempotencyToken?: string | undefined;
}

/** Starts a copy job; everything that may go wrong from here on fails the job, not the call. */
export function startCopy(jobs: Jobs, order: CopyOrder): CopyJob {
  const { point, sourceVault, destinationVaultArn, iamRoleArn, createdBy, createdByBackupJobId } = order;
  const lifecycle = order.lifecycle ?? point.lifecycle;
  const job: CopyJob = {
    id: newId(),
    account: sourceVault.account,
    iamRoleArn,
    resourceArn: point.resourceArn,
    resourceType: point.resourceType,
    sourceVaultArn: sourceVault.arn,
    sourceRecoveryPointArn: point.arn,
    destinationVaultArn,
    ...(lifecycle && { lifecycle }),
    ...(createdBy && { createdBy }),
    ...(createdByBackupJobId && { createdByBackupJobId }),
    ...(order.idempotencyToken && { idempotencyToken: order.idempotencyToken }),
    run: jobs.start(
      "copy",
      sourceVault,
      () => ({ ...job, recoveryPointArn: point.arn }),
      () => copy(jobs, job, point, sourceVault),
    ),
  };
  jobs.state.of(job.account).copyJobs.set(job.id, job);
  return job;
}

async function copy(jobs: Jobs, job: CopyJob, point: RecoveryPoint, sourceVault: Vault): Promise<Outcome> {
  const destinationVault = await permittedDestination(jobs, job, sourceVault);
  const driver = jobs.driverOf(point.resourceType);
  const request = { point, sourceVault, destinationVault, jobId: job.id };
  const keyProblem = (await driver.keyProblem(request)) ?? (await destinationKeyProblem(jobs, destinationVault));
  if (keyProblem) throw new Error(keyProblem);
  const retention = retentionProblem("Copy", destinationVault.lock, job.lifecycle);
  if (retention) throw new Error(retention);

  const made = await driver.copy(request);
  const { lifecycle: _sourceLifecycle, lastRestoreTime: _notRestored, ...kept } = point;
  const copied: RecoveryPoint = {
    ...kept,
    ...made,
    account: destinationVault.account,
    vaultName: destinationVault.name,
    sourceVaultArn: sourceVault.arn,
    iamRoleArn: job.iamRoleArn,
    completionDate: jobs.state.now(),
    ...(job.lifecycle && { lifecycle: job.lifecycle }),
    ...(job.createdBy && { createdBy: job.createdBy }),
  };
  return {
    keep: () => {
      copied.completionDate = jobs.state.now();
      destinationVault.recoveryPoints.set(copied.arn, copied);
      job.destinationRecoveryPointArn = copied.arn;
      job.sizeBytes = copied.sizeBytes;
    },
    discard: () => driver.remove(copied),
  };
}

/** The destination vault, once the organization, its settings and the vault's policy have let the copy pass. */
async function permittedDestination(jobs: Jobs, job: CopyJob, sourceVault: Vault): Promise<Vault> {
  const { state, permissions } = jobs;
  const [, , , region = "", account = ""] = job.destinationVaultArn.split(":");
  const isCrossAccount = account !== sourceVault.account;
  if (region !== state.region) {
    // One region is modelled. Across accounts and regions at once was impossible for Aurora until late 2025.
    throw new Error(
      `Copy job from ${state.region} to ${region} cannot be initiated for ${job.resourceType} resources. ` +
        "Feature is not supported for provided resource type.",
    );
  }
  if (isCrossAccount) {
    // https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
    const [ours, theirs] = await Promise.all(
      [sourceVault.account, account].map((one) => permissions.organizationOf(one)),
    );
    if (!ours?.Id || ours.Id !== theirs?.Id) {
      throw new Error(
        "Copy job failed. Both source and destination account must be a member of the same organization.",
      );
    }
    if (!state.globalSettings.isCrossAccountBackupEnabled) {
      throw new Error("Copy job failed. Cross-account copy feature is not enabled for the current organization.");
    }
  }
  const vault = state.vaultByArn(job.destinationVaultArn);
  const principal = { kind: "aws", arn: job.iamRoleArn } as const;
  if (!vault || !(await allowsCopyInto(vault, principal, permissions))) {
    throw new Error("Access Denied trying to call AWS Backup service");
  }
  if (isCrossAccount && (await permissions.isAwsManaged(vault.encryptionKeyArn))) {
    throw new Error(
      "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed " +
        "key. The contents of this vault cannot be copied. Only the contents of a Backup vault encrypted by an AWS " +
        "KMS key may be copied.",
    );
  }
  return vault;
}

/** The copy is encrypted with the vault's key by the destination account's service-linked role. */
async function destinationKeyProblem(jobs: Jobs, { account, encryptionKeyArn }: Vault): Promise<string | undefined> {
  if (await jobs.permissions.isAwsManaged(encryptionKeyArn)) return undefined;
  const isAllowed = await jobs.permissions.allowsCopy(encryptionKeyArn, serviceLinkedRole(account), "backup");
  return isAllowed ? undefined : "Given key ID is not accessible";
}
