// Waits for jobs of AWS Backup, telling the person what AWS says of them.
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { UserError } from "../command";
import type { RestoreContext } from "./context";

export interface JobState {
  state: string | undefined;
  percent?: string | undefined;
  message?: string | undefined;
}

/** Seconds: a day, longer than any copy or restore that AWS has been seen to need. */
const MAX_JOB_SECONDS = 86_400;

/** PARTIAL ends a job, too: some of it is missing, so it is a failure (AWS Backup, copy job states). */
const FAILED = ["FAILED", "ABORTED", "PARTIAL", "EXPIRED"];

/** @throws UserError with AWS's message if the job ends in anything but COMPLETED */
export async function waitForJob(
  context: RestoreContext,
  what: string,
  describe: () => Promise<JobState>,
): Promise<void> {
  const { progress } = context;
  await context.awsWait(async () => {
    const result = await createWaiter(
      { client: undefined, minDelay: 1, maxDelay: 20, maxWaitTime: MAX_JOB_SECONDS },
      undefined,
      async () => {
        const { state = "CREATED", percent, message } = await describe();
        progress.update(`${state}${percent ? ` ${percent.replace(/%?$/, " %")}` : ""}`);
        if (FAILED.includes(state)) throw new UserError(`${what} ended ${state}: ${message ?? "AWS gives no reason"}`);
        return { state: state === "COMPLETED" ? WaiterState.SUCCESS : WaiterState.RETRY };
      },
    );
    checkExceptions(result);
  });
}
