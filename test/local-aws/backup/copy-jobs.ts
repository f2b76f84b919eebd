// Copy jobs: their API.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html

import type { CopyJob as CopyJobFields } from "@aws-sdk/client-backup";
import { startCopy } from "./copy";
import { invalidParameter, notFound } from "./errors";
import type { CopyJob } from "./job-records";
import type { JobState } from "./job-run";
import { type Jobs, jobWithToken, matches, newestFirst, within } from "./jobs";
import { requireValidLifecycle } from "./lifecycle";
import { page } from "./paging";
import type { Handlers } from "./protocol";

export function copyJobHandlers(jobs: Jobs): Handlers {
  const { state, permissions } = jobs;
  return {
    StartCopyJob: async (input, { account }) => {
      const known = jobWithToken(state.of(account).copyJobs, input.IdempotencyToken);
      if (known) return { CopyJobId: known.id, CreationDate: known.run.creationDate, IsParent: false };
      const sourceVault = state.vault(account, input.SourceBackupVaultName);
      const point = sourceVault.recoveryPoints.get(input.RecoveryPointArn ?? "");
      if (!point) throw notFound("Cannot find recovery point.");
      const destinationVaultArn = input.DestinationBackupVaultArn ?? "";
      if (!/^arn:aws[^:]*:backup:[^:]+:\d{12}:backup-vault:[^:]+$/.test(destinationVaultArn)) {
        throw invalidParameter(`Invalid ARN: ${destinationVaultArn}`);
      }
      requireValidLifecycle(input.Lifecycle);
      await permissions.requireAssumableRole(account, input.IamRoleArn ?? "");
      const job = startCopy(jobs, {
        point,
        sourceVault,
        destinationVaultArn,
        iamRoleArn: input.IamRoleArn ?? "",
        lifecycle: input.Lifecycle,
        idempotencyToken: input.IdempotencyToken,
      });
      return { CopyJobId: job.id, CreationDate: job.run.creationDate, IsParent: false };
    },

    DescribeCopyJob: (input, { account }) => {
      const job = state.of(account).copyJobs.get(input.CopyJobId ?? "");
      if (!job) throw notFound(`Cannot find copy job with ID ${input.CopyJobId}`);
      return { CopyJob: describe(job) };
    },

    ListCopyJobs: (input, { account }) => {
      const found = newestFirst(state.of(account).copyJobs).filter(
        (job) =>
          matches(input.ByResourceArn, job.resourceArn) &&
          matches(input.ByState, stateOf(job.run.state)) &&
          matches(input.ByResourceType, job.resourceType) &&
          matches(input.ByDestinationVaultArn, job.destinationVaultArn) &&
          matches(input.BySourceRecoveryPointArn, job.sourceRecoveryPointArn) &&
          matches(input.ByAccountId, account) &&
          within(job.run.creationDate, input.ByCreatedAfter, input.ByCreatedBefore) &&
          within(job.run.completionDate, input.ByCompleteAfter, input.ByCompleteBefore),
      );
      const { items, nextToken } = page(found, input);
      return { CopyJobs: items.map(describe), NextToken: nextToken };
    },
  };
}

/** Copy jobs cannot be stopped; their states are CREATED, RUNNING, COMPLETED, FAILED and PARTIAL. */
function stateOf(state: JobState): "CREATED" | "RUNNING" | "COMPLETED" | "FAILED" | "PARTIAL" {
  if (state === "ABORTING" || state === "ABORTED") throw new Error("A copy job cannot be stopped.");
  return state;
}

function describe({ run, ...job }: CopyJob): CopyJobFields {
  return {
    AccountId: job.account,
    CopyJobId: job.id,
    SourceBackupVaultArn: job.sourceVaultArn,
    SourceRecoveryPointArn: job.sourceRecoveryPointArn,
    DestinationBackupVaultArn: job.destinationVaultArn,
    DestinationRecoveryPointArn: job.destinationRecoveryPointArn,
    DestinationRecoveryPointLifecycle: job.lifecycle,
    ResourceArn: job.resourceArn,
    ResourceName: job.resourceArn.split(":").at(-1),
    ResourceType: job.resourceType,
    CreationDate: run.creationDate,
    CompletionDate: run.completionDate,
    State: stateOf(run.state),
    StatusMessage: run.statusMessage,
    BackupSizeInBytes: job.sizeBytes ?? 0,
    IamRoleArn: job.iamRoleArn,
    CreatedBy: job.createdBy,
    CreatedByBackupJobId: job.createdByBackupJobId,
    IsParent: false,
  };
}
