// Runs the stage's backup rule as its schedule would, and waits for the jobs and for the copy in the second account.
import { BackupClient, ListBackupJobsCommand, ListCopyJobsCommand } from "@aws-sdk/client-backup";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../../scripts/aws";

interface Job {
  state: string | undefined;
  message: string | undefined;
}

/** What `endpoint` does on request in place of waiting for two o'clock at night. */
async function runSchedule(endpoint: string, stage: StageConfig, rule: string): Promise<void> {
  const response = await fetch(`${endpoint}/local-aws/backup/run-schedule`, {
    method: "POST",
    body: JSON.stringify({ account: stage.accountId, planName: stageNames(stage).prefix, rule }),
  });
  if (!response.ok) throw new Error(`run-schedule: ${response.status} ${await response.text()}`);
}

async function waitForJobs(kind: string, list: () => Promise<Job[]>): Promise<void> {
  const result = await createWaiter(
    { client: undefined, minDelay: 1, maxDelay: 3, maxWaitTime: 300 },
    undefined,
    async () => {
      const jobs = await list();
      const failed = jobs.find(
        ({ state }) => state !== undefined && ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"].includes(state),
      );
      if (failed) throw new Error(`A ${kind} job ended ${failed.state}: ${failed.message}`);
      const done = jobs.length > 0 && jobs.every(({ state }) => state === "COMPLETED");
      return { state: done ? WaiterState.SUCCESS : WaiterState.RETRY };
    },
  );
  checkExceptions(result);
}

/**
 * Backs a stage up, copies included.
 * @returns the ARN of the cluster's recovery point in the destination vault
 */
export async function backUp(endpoint: string, stage: StageConfig): Promise<string> {
  const client = new BackupClient(clientConfig(stage));
  await runSchedule(endpoint, stage, "daily");
  await waitForJobs("backup", async () => {
    const { BackupJobs = [] } = await client.send(new ListBackupJobsCommand({}));
    return BackupJobs.map(({ State, StatusMessage }) => ({ state: State, message: StatusMessage }));
  });
  let recoveryPoint = "";
  await waitForJobs("copy", async () => {
    const { CopyJobs = [] } = await client.send(new ListCopyJobsCommand({}));
    recoveryPoint = CopyJobs.find(({ ResourceType }) => ResourceType === "Aurora")?.DestinationRecoveryPointArn ?? "";
    return CopyJobs.map(({ State, StatusMessage }) => ({ state: State, message: StatusMessage }));
  });
  if (!recoveryPoint)
    throw new Error(
      "No recovery point of the cluster arrived in the destination vault: is it in the plan's selection?",
    );
  return recoveryPoint;
}
