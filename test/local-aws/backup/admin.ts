// What a test may tell the service beside AWS's API: unsigned JSON requests, POST /local-aws/backup/<command>.

import { z } from "zod";
import { AwsError, type AwsResponse, json } from "../service";
import { removeExpired } from "./expiry";
import type { Jobs } from "./jobs";
import { runSchedule } from "./schedule";

export const ADMIN_PATH = "/local-aws/backup/";

const RUN_SCHEDULE = z.strictObject({
  account: z.string(),
  planId: z.string().optional(),
  planName: z.string().optional(),
  rule: z.string().optional(),
});
const FAIL_NEXT = z.strictObject({
  kind: z.enum(["backup", "copy", "restore"]),
  message: z.string(),
  state: z.enum(["FAILED", "PARTIAL"]).optional(),
});
const JOB_SECONDS = z.strictObject({ seconds: z.number().nonnegative() });
const GLOBAL_SETTINGS = z.strictObject({ isCrossAccountBackupEnabled: z.boolean() });
const CLOCK = z.strictObject({ days: z.number().positive() });

/**
 * - `run-schedule` {account, planId | planName, rule?}: what the plan's schedule would do now.
 * - `fail-next` {kind, message, state?}: the next job of that kind fails, or ends as PARTIAL.
 * - `job-seconds` {seconds}: how long jobs take from now on.
 * - `global-settings` {isCrossAccountBackupEnabled}: as the management account would set it.
 * - `clock` {days}: moves the service's clock forward: a lock's days of grace pass, recovery points expire.
 */
export async function answerAdmin(jobs: Jobs, command: string, content: Buffer): Promise<AwsResponse> {
  const body: unknown = JSON.parse(content.toString("utf8"));
  switch (command) {
    case "run-schedule": {
      const { account, planId, planName, rule } = read(RUN_SCHEDULE, body);
      const started = await runSchedule(jobs, account, planId ?? planName ?? "", rule);
      return json({ backupJobIds: started.map((job) => job.id) });
    }
    case "fail-next":
      jobs.planFailure(read(FAIL_NEXT, body));
      return json({});
    case "job-seconds":
      jobs.seconds = read(JOB_SECONDS, body).seconds;
      return json({});
    case "global-settings":
      Object.assign(jobs.state.globalSettings, read(GLOBAL_SETTINGS, body));
      return json({});
    case "clock":
      jobs.state.moveClock(read(CLOCK, body).days);
      await removeExpired(jobs);
      return json({ now: jobs.state.now().toISOString() });
    default:
      throw new AwsError("UnknownOperationException", `No admin command ${command}`, 404);
  }
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new AwsError("ValidationException", z.prettifyError(result.error));
  return result.data;
}
