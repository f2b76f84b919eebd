// Restore jobs.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-a-backup.html

import type { RestoreJobsListMember } from "@aws-sdk/client-backup";
import { invalidParameter, notFound } from "./errors";
import type { RestoreJob } from "./job-records";
import { type Jobs, jobWithToken, matches, newestFirst, within } from "./jobs";
import { page } from "./paging";
import type { Handlers } from "./protocol";
import { newId, type RecoveryPoint } from "./state";

export function restoreJobHandlers(jobs: Jobs): Handlers {
  const { state, permissions } = jobs;
  return {
    StartRestoreJob: async (input, { account }) => {
      const known = jobWithToken(state.of(account).restoreJobs, input.IdempotencyToken);
      if (known) return { RestoreJobId: known.id };
      const point = state.recoveryPoint(account, input.RecoveryPointArn);
      if (!point) throw notFound("Cannot find recovery point.");
      if (input.ResourceType !== undefined && input.ResourceType !== point.resourceType) {
        throw invalidParameter(`Recovery point is of type ${point.resourceType}, not ${input.ResourceType}.`);
      }
      jobs.driverOf(point.resourceType).requireValidMetadata(input.Metadata ?? {});
      if (!input.IamRoleArn) throw invalidParameter("IamRoleArn is required for this resource type.");
      await permissions.requireAssumableRole(account, input.IamRoleArn);
      const job = startRestore(jobs, point, {
        metadata: { ...input.Metadata },
        iamRoleArn: input.IamRoleArn,
        copyTags: input.CopySourceTagsToRestoredResource ?? false,
        idempotencyToken: input.IdempotencyToken,
      });
      return { RestoreJobId: job.id };
    },

    DescribeRestoreJob: (input, { account }) => describe(find(jobs, account, input.RestoreJobId)),

    GetRestoreJobMetadata: (input, { account }) => {
      const job = find(jobs, account, input.RestoreJobId);
      return { RestoreJobId: job.id, Metadata: job.metadata };
    },

    ListRestoreJobs: (input, { account }) => {
      const found = newestFirst(state.of(account).restoreJobs).filter(
        (job) =>
          matches(input.ByStatus, describe(job).Status) &&
          matches(input.ByResourceType, job.resourceType) &&
          matches(input.ByAccountId, account) &&
          within(job.run.creationDate, input.ByCreatedAfter, input.ByCreatedBefore) &&
          within(job.run.completionDate, input.ByCompleteAfter, input.ByCompleteBefore),
      );
      const { items, nextToken } = page(found, input);
      return { RestoreJobs: items.map(describe), NextToken: nextToken };
    },

    ListRestoreJobsByProtectedResource: (input, { account }) => {
      const found = newestFirst(state.of(account).restoreJobs).filter(
        (job) => matches(input.ResourceArn, job.resourceArn) && matches(input.ByStatus, describe(job).Status),
      );
      const { items, nextToken } = page(found, input);
      return { RestoreJobs: items.map(describe), NextToken: nextToken };
    },
  };
}

interface RestoreOrder {
  metadata: Record<string, string>;
  iamRoleArn: string;
  /** Gives the restored resource the tags that the backed-up one had. */
  copyTags: boolean;
  idempotencyToken: string | undefined;
}

function startRestore(jobs: Jobs, point: RecoveryPoint, order: RestoreOrder): RestoreJob {
  const { metadata, iamRoleArn, copyTags, idempotencyToken } = order;
  const vault = jobs.state.vault(point.account, point.vaultName);
  const tags = copyTags ? point.resourceTags : {};
  const job: RestoreJob = {
    id: newId(),
    account: point.account,
    iamRoleArn,
    resourceArn: point.resourceArn,
    resourceType: point.resourceType,
    recoveryPointArn: point.arn,
    recoveryPointCreationDate: point.creationDate,
    sourceVaultArn: vault.arn,
    sizeBytes: point.sizeBytes,
    metadata,
    ...(idempotencyToken && { idempotencyToken }),
    run: jobs.start(
      "restore",
      vault,
      () => job,
      async () => {
        const driver = jobs.driverOf(point.resourceType);
        const restored = await driver.restore({ account: point.account, point, metadata, iamRoleArn, tags });
        return {
          ...(restored.message && { message: restored.message }),
          keep: () => {
            job.createdResourceArn = restored.createdResourceArn;
            point.lastRestoreTime = jobs.state.now();
          },
          // No user can stop a restore; when the whole service stops, so does everything else.
          discard: async () => undefined,
        };
      },
    ),
  };
  jobs.state.of(job.account).restoreJobs.set(job.id, job);
  return job;
}

function find(jobs: Jobs, account: string, id: string | undefined): RestoreJob {
  const job = jobs.state.of(account).restoreJobs.get(id ?? "");
  if (!job) throw notFound(`Cannot find restore job with ID ${id}`);
  return job;
}

function describe({ run, ...job }: RestoreJob): RestoreJobsListMember {
  const running = { CREATED: "PENDING", RUNNING: "RUNNING", COMPLETED: "COMPLETED", FAILED: "FAILED" } as const;
  const others = { ABORTING: "RUNNING", ABORTED: "ABORTED", PARTIAL: "FAILED" } as const;
  return {
    AccountId: job.account,
    RestoreJobId: job.id,
    RecoveryPointArn: job.recoveryPointArn,
    SourceResourceArn: job.resourceArn,
    BackupVaultArn: job.sourceVaultArn,
    CreationDate: run.creationDate,
    CompletionDate: run.completionDate,
    Status: { ...running, ...others }[run.state],
    StatusMessage: run.statusMessage,
    PercentDone: `${run.percentDone.toFixed(2)}%`,
    BackupSizeInBytes: job.sizeBytes,
    IamRoleArn: job.iamRoleArn,
    CreatedResourceArn: job.createdResourceArn,
    ResourceType: job.resourceType,
    RecoveryPointCreationDate: job.recoveryPointCreationDate,
    IsParent: false,
  };
}
