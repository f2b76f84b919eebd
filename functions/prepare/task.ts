// One Fargate task: started, waited for, and what it said last.

import { setTimeout as sleep } from "node:timers/promises";
import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTasksCommand, type ECSClient, RunTaskCommand, type Task } from "@aws-sdk/client-ecs";

export interface Settings {
  ecs: ECSClient;
  logs: CloudWatchLogsClient;
  /** ARN. */
  cluster: string;
  subnets: string[];
  securityGroup: string;
  logGroup: string;
  /** Its container's log stream is below it, by the task's id. */
  logStreamPrefix: string;
  /** Milliseconds between two looks at the task. */
  pollMs?: number;
}

const POLL_MS = 5_000;

/** @returns the task's ARN @throws Error where ECS does not start it */
export async function startTask(
  taskDefinition: string,
  settings: Pick<Settings, "ecs" | "cluster" | "subnets" | "securityGroup">,
): Promise<string> {
  const { ecs, cluster, subnets, securityGroup } = settings;
  const { tasks = [], failures = [] } = await ecs.send(
    new RunTaskCommand({
      cluster,
      taskDefinition,
      launchType: "FARGATE",
      propagateTags: "TASK_DEFINITION",
      networkConfiguration: {
        awsvpcConfiguration: { subnets, securityGroups: [securityGroup], assignPublicIp: "DISABLED" },
      },
    }),
  );
  const arn = tasks[0]?.taskArn;
  if (!arn) throw new Error(`ECS did not start ${taskDefinition}: ${failures[0]?.reason ?? "no reason was given"}.`);
  return arn;
}

/**
 * @param deadline milliseconds since the epoch
 * @throws Error unless the task's container ended with 0 before the deadline
 */
export async function waitUntilEnded(taskArn: string, settings: Settings, deadline: number): Promise<void> {
  for (;;) {
    const { ecs, cluster } = settings;
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
    const [task] = tasks;
    if (task?.lastStatus === "STOPPED") return requireSuccess(task, settings);
    if (Date.now() > deadline) {
      throw new Error(
        `Task ${taskArn} still runs. It goes on: deploy again, which waits for it, or look at ${settings.logGroup}.`,
      );
    }
    await sleep(settings.pollMs ?? POLL_MS);
  }
}

async function requireSuccess(task: Task, settings: Settings): Promise<void> {
  const [container] = task.containers ?? [];
  if (container?.exitCode === 0) return;
  // Without an exit code it never ran: its image could not be fetched, or a secret not be read.
  const reason = container?.reason ?? task.stoppedReason ?? "ECS gives no reason";
  const said = container?.exitCode === undefined ? "" : await lastLine(task, settings);
  throw new Error(`prepare failed: ${said || reason} (${task.taskArn}, log group ${settings.logGroup})`);
}

/** The message of the last line, empty where there is none. The image's lines are JSON and hold no secret. */
async function lastLine({ taskArn = "" }: Task, { logs, logGroup, logStreamPrefix }: Settings): Promise<string> {
  try {
    const logStreamName = `${logStreamPrefix}/${taskArn.replace(/^.*\//, "")}`;
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName: logGroup, logStreamName, limit: 1, startFromHead: false }),
    );
    const text = events.at(-1)?.message ?? "";
    return messageOf(text);
  } catch (error) {
    // The failure of the task is what must be told, with or without its line.
    console.log(JSON.stringify({ logUnreadable: (error as Error).name }));
    return "";
  }
}

/** What a line of the image says: its lines are JSON. */
export function messageOf(line: string): string {
  try {
    return String((JSON.parse(line) as { message?: unknown }).message ?? line);
  } catch {
    return line;
  }
}
