// Starts jobs of AWS Backup once, and waits for them, telling the person what AWS says of them.
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

export interface Job {
  /** Where the journal keeps its id. */
  fact: "copyJobId" | "restoreJobId";
  what: string;
  /** @param token makes AWS take a repeated request for the same one */
  start(token: string): Promise<string | undefined>;
  describe(id: string): Promise<JobState>;
}

/**
 * Goes on with the job that the journal knows, or starts one. A job that has failed is not waited for again: AWS would
 * answer its token with the same failure, so a new one is started under a new stamp.
 * @throws UserError with AWS's message if the job ends in anything but COMPLETED
 */
export async function runJob(context: RestoreContext, job: Job): Promise<void> {
  let id = context.journal.facts[job.fact];
  if (id && FAILED.includes((await job.describe(id)).state ?? "")) {
    context.newStamp();
    id = undefined;
  }
  if (!id) {
    id = (await job.start(context.idempotencyToken(job.fact))) as string;
    context.journal.learn({ [job.fact]: id });
  }
  const started = id;
  await waitForJob(context, `${job.what} ${started}`, () => job.describe(started));
}

/** Whether asking again may help: the network, a throttled call. */
const isPassing = (error: Error): boolean =>
  /Throttl|TooMany|Timeout|ECONN|ENOTFOUND|EAI_AGAIN|ServiceUnavailable|InternalError/.test(
    `${error.name} ${error.message}`,
  );

async function waitForJob(context: RestoreContext, what: string, describe: () => Promise<JobState>): Promise<void> {
  const { progress } = context;
  await context.awsWait(async () => {
    const result = await createWaiter(
      { client: undefined, minDelay: 1, maxDelay: 20, maxWaitTime: MAX_JOB_SECONDS },
      undefined,
      async () => {
        const {
          state = "CREATED",
          percent,
          message,
        } = await describe().catch((error: Error): JobState => {
          if (!isPassing(error)) throw error;
          return { state: "cannot be reached, asking again" };
        });
        progress.update(`${state}${percent ? ` ${percent.replace(/%?$/, " %")}` : ""}`);
        if (FAILED.includes(state)) throw new UserError(`${what} ended ${state}: ${message ?? "AWS gives no reason"}`);
        return { state: state === "COMPLETED" ? WaiterState.SUCCESS : WaiterState.RETRY };
      },
    );
    checkExceptions(result);
  });
}
