// Lambda that runs `prepare` as a task of its own and waits for its end: where the service's own containers may not change
// tables, REDCap must be installed before they start.
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import { parse } from "../shared/event";
import { isDenied, retryWhile } from "../shared/patience";
import { setting } from "../shared/setting";
import { prepareEvent } from "./event";
import { type Settings, startTask, waitUntilEnded } from "./task";

/** IAM's changes take seconds, and the function is called seconds after it got its rights. */
const RIGHTS = { patienceMs: 60_000, retryMs: 3_000 };
/** Of Lambda's 900 s, what is left to say what happened. */
const REPORT_MS = 30_000;

interface Context {
  getRemainingTimeInMillis(): number;
}

/** @throws Error with the last line of the task's log, or why it did not start; running again is always safe */
export async function handler(event: unknown, context: Context): Promise<{ task: string }> {
  const { taskDefinition } = parse(prepareEvent, event);
  const settings: Settings = {
    ecs: new ECSClient({}),
    logs: new CloudWatchLogsClient({}),
    cluster: setting("CLUSTER"),
    subnets: setting("SUBNETS").split(","),
    securityGroup: setting("SECURITY_GROUP"),
    logGroup: setting("LOG_GROUP"),
    logStreamPrefix: setting("LOG_STREAM_PREFIX"),
  };
  const task = await retryWhile(isDenied, () => startTask(taskDefinition, settings), RIGHTS);
  console.log(JSON.stringify({ task }));
  await waitUntilEnded(task, settings, Date.now() + context.getRemainingTimeInMillis() - REPORT_MS);
  return { task };
}
