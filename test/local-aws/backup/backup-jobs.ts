// Backup jobs, on demand and scheduled.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-on-demand-backup.html

import type { BackupJob as BackupJobFields, Lifecycle, RecoveryPointCreator } from "@aws-sdk/client-backup";
import { invalidParameter, invalidRequest, notFound } from "./errors";
import type { BackupJob } from "./job-records";
import type { Outcome } from "./job-run";
import { type Jobs, jobWithToken, matches, newestFirst, within } from "./jobs";
import { requireValidLifecycle } from "./lifecycle";
import { page } from "./paging";
import type { Handlers } from "./protocol";
import { isOptedIn } from "./settings";
import { newId, type RecoveryPoint, type Tags, type Vault } from "./state";
import { retentionProblem } from "./vault-lock";

export function backupJobHandlers(jobs: Jobs): Handlers {
  const { state, permissions } = jobs;
  return {
    StartBackupJob: async (input, { account }) => {
      const known = jobWithToken(state.of(account).backupJobs, input.IdempotencyToken);
      if (known) return { BackupJobId: known.id, CreationDate: known.run.creationDate, IsParent: false };
      const vault = state.vault(account, input.BackupVaultName);
      const resourceArn = input.ResourceArn ?? "";
      const driver = jobs.driverFor(resourceArn);
      requireValidLifecycle(input.Lifecycle);
      await permissions.requireAssumableRole(account, input.IamRoleArn ?? "");
      // https://docs.aws.amazon.com/aws-backup/latest/devguide/service-opt-in.html (the rule; the wording is ours)
      if (!isOptedIn(state, account, driver.type)) {
        throw invalidRequest(`Resource type ${driver.type} is not opted in to AWS Backup in ${state.region}.`);
      }
      if (!(await driver.list(account)).some((resource) => resource.arn === resourceArn)) {
        throw notFound(`Resource not found: ${resourceArn}`);
      }
      const job = startBackup(jobs, {
        vault,
        resourceArn,
        iamRoleArn: input.IamRoleArn ?? "",
        lifecycle: input.Lifecycle,
        tags: { ...input.RecoveryPointTags },
        idempotencyToken: input.IdempotencyToken,
      });
      return { BackupJobId: job.id, CreationDate: job.run.creationDate, IsParent: false };
    },

    DescribeBackupJob: (input, { account }) => describe(find(jobs, account, input.BackupJobId)),

    ListBackupJobs: (input, { account }) => {
      const found = newestFirst(state.of(account).backupJobs).filter(
        (job) =>
          matches(input.ByResourceArn, job.resourceArn) &&
          matches(input.ByState, job.run.state) &&
          matches(input.ByBackupVaultName, job.vaultName) &&
          matches(input.ByResourceType, job.resourceType) &&
          matches(input.ByAccountId, account) &&
          within(job.run.creationDate, input.ByCreatedAfter, input.ByCreatedBefore) &&
          within(job.run.completionDate, input.ByCompleteAfter, input.ByCompleteBefore),
      );
      const { items, nextToken } = page(found, input);
      return { BackupJobs: items.map(describe), NextToken: nextToken };
    },

    StopBackupJob: (input, { account }) => {
      const { run } = find(jobs, account, input.BackupJobId);
      if (run.isOver) throw invalidRequest(`Backup job is in ${run.state} state and cannot be stopped.`);
      run.stop();
      return {};
    },
  };
}

export interface BackupOrder {
  vault: Vault;
  resourceArn: string;
  iamRoleArn: string;
  lifecycle?: Lifecycle | undefined;
  tags: Tags;
  createdBy?: RecoveryPointCreator;
  idempotencyToken?: string | undefined;
}

/** Starts a backup job; everything that may go wrong from here on fails the job, not the call. */
export function startBackup(jobs: Jobs, order: BackupOrder): BackupJob {
  const { vault, resourceArn, iamRoleArn, lifecycle, tags, createdBy, idempotencyToken } = order;
  const id = newId();
  const all = jobs.state.of(vault.account).backupJobs;
  const isBusy = [...all.values()].some((job) => job.resourceArn === resourceArn && !job.run.isOver);
  const job: BackupJob = {
    id,
    account: vault.account,
    iamRoleArn,
    resourceArn,
    resourceType: jobs.driverFor(resourceArn).type,
    vaultName: vault.name,
    vaultArn: vault.arn,
    recoveryPointTags: tags,
    ...(lifecycle && { lifecycle }),
    ...(createdBy && { createdBy }),
    ...(idempotencyToken && { idempotencyToken }),
    run: jobs.start(
      "backup",
      vault,
      () => job,
      async () => {
        if (isBusy) throw new Error("Backup job failed because there was a running job for the same resource.");
        return backUp(jobs, vault, job);
      },
    ),
  };
  all.set(id, job);
  return job;
}

async function backUp(jobs: Jobs, vault: Vault, job: BackupJob): Promise<Outcome> {
  const problem = retentionProblem("Backup", vault.lock, job.lifecycle);
  if (problem) throw new Error(problem);
  const driver = jobs.driverOf(job.resourceType);
  const { resourceArn, iamRoleArn, recoveryPointTags } = job;
  const made = await driver.backup({ vault, resourceArn, iamRoleArn, jobId: job.id, tags: recoveryPointTags });
  const point: RecoveryPoint = {
    ...made,
    account: vault.account,
    vaultName: vault.name,
    resourceArn,
    resourceType: job.resourceType,
    iamRoleArn,
    creationDate: job.run.creationDate,
    completionDate: jobs.state.now(),
    tags: { ...made.resourceTags, ...recoveryPointTags },
    ...(job.lifecycle && { lifecycle: job.lifecycle }),
    ...(job.createdBy && { createdBy: job.createdBy }),
  };
  return {
    keep: () => {
      point.completionDate = jobs.state.now();
      vault.recoveryPoints.set(point.arn, point);
      job.recoveryPointArn = point.arn;
      job.sizeBytes = point.sizeBytes;
    },
    discard: () => driver.remove(point),
  };
}

function find(jobs: Jobs, account: string, id: string | undefined): BackupJob {
  const job = jobs.state.of(account).backupJobs.get(id ?? "");
  if (!job) throw id ? notFound(`Cannot find backup job with ID ${id}`) : invalidParameter("BackupJobId is empty.");
  return job;
}

function describe({ run, ...job }: BackupJob): BackupJobFields {
  return {
    AccountId: job.account,
    BackupJobId: job.id,
    BackupVaultName: job.vaultName,
    BackupVaultArn: job.vaultArn,
    RecoveryPointArn: job.recoveryPointArn,
    ResourceArn: job.resourceArn,
    ResourceName: job.resourceArn.split(":").at(-1),
    ResourceType: job.resourceType,
    CreationDate: run.creationDate,
    CompletionDate: run.completionDate,
    State: run.state,
    StatusMessage: run.statusMessage,
    PercentDone: run.percentDone.toFixed(1),
    BackupSizeInBytes: job.sizeBytes ?? 0,
    IamRoleArn: job.iamRoleArn,
    CreatedBy: job.createdBy,
    IsParent: false,
    MessageCategory: run.isOver ? (run.state === "COMPLETED" && !run.statusMessage ? "Success" : "Failure") : undefined,
  };
}
