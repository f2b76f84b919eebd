// Runs the task that upgrades the database, shows its log while it runs, and tells its end.
import { setTimeout as sleep } from "node:timers/promises";
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTasksCommand, type Task } from "@aws-sdk/client-ecs";
import { messageOf, startTask } from "../../functions/prepare/task";
import { UserError } from "../command";
import { remoteState } from "../terraform/remote-state";
import type { UpgradeContext } from "./context";

const POLL_MS = 3_000;

/** @returns what it said last @throws UserError with that, where it failed */
export async function runUpgradeTask(context: UpgradeContext): Promise<string> {
  const { journal, names, ecs } = context;
  let taskArn = journal.facts.taskArn;
  // A task that an interrupted run started is waited for. One that has ended, or that ECS has forgotten, which it does an
  // hour after its end, is followed by another: the upgrade finds out by itself what is left to do.
  if (!taskArn || !(await isRunning(context))) {
    taskArn = await startTask(names.upgradeTask, { ...(await place(context)), ecs, cluster: names.ecsCluster });
    journal.learn({ taskArn });
  }
  const log = new TaskLog(context, taskArn);
  for (;;) {
    const task = await describe(context, taskArn);
    await log.show();
    if (task?.lastStatus === "STOPPED") return endOf(task, log, names.ecsService);
    if (!task) throw new UserError(`ECS does not know the task ${taskArn} any more; its log is in ${log.group}.`);
    context.progress.update(task.lastStatus ?? "");
    await sleep(POLL_MS);
  }
}

function endOf(task: Task, log: TaskLog, service: string): string {
  const [container] = task.containers ?? [];
  if (container?.exitCode === 0) return log.last || "it has ended well";
  const reason = log.last || container?.reason || task.stoppedReason || "ECS gives no reason";
  throw new UserError(`The upgrade failed: ${reason} (${task.taskArn}, log group /aws/ecs/${service})`);
}

/** Whether the task that this run started has not ended. */
export async function isRunning(context: UpgradeContext): Promise<boolean> {
  const { taskArn } = context.journal.facts;
  const task = taskArn ? await describe(context, taskArn) : undefined;
  return task !== undefined && task.lastStatus !== "STOPPED";
}

async function describe({ ecs, names }: UpgradeContext, taskArn: string): Promise<Task | undefined> {
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: names.ecsCluster, tasks: [taskArn] }));
  return tasks[0];
}

/** As the output `upgrade_command` has them, from Terraform's state: the service itself may be of either type. */
async function place({ s3, stage, names }: UpgradeContext): Promise<{ subnets: string[]; securityGroup: string }> {
  const outputs = (await remoteState(s3, stage, names.appStack))?.outputs;
  const subnets = outputs?.private_subnet_ids?.value as string[] | undefined;
  const securityGroup = outputs?.service_security_group_id?.value as string | undefined;
  if (!subnets || !securityGroup)
    throw new UserError(`${names.appStack} lacks outputs. Deploy first: npm run deploy -- --stage ${stage.name}`);
  return { subnets, securityGroup };
}

/** The image's lines are JSON; people are shown what they say. */
class TaskLog {
  readonly group: string;
  private readonly stream: string;
  private token: string | undefined;
  last = "";

  constructor(
    private readonly context: UpgradeContext,
    taskArn: string,
  ) {
    this.group = `/aws/ecs/${context.names.ecsService}`;
    this.stream = `upgrade/upgrade/${taskArn.replace(/^.*\//, "")}`;
  }

  /** Whatever is new. */
  async show(): Promise<void> {
    const input = { logGroupName: this.group, logStreamName: this.stream, startFromHead: true };
    try {
      const { events = [], nextForwardToken } = await this.context.logs.send(
        new GetLogEventsCommand({ ...input, nextToken: this.token }),
      );
      this.token = nextForwardToken;
      for (const { message = "" } of events) {
        this.last = messageOf(message);
        console.error(`  ${this.last}`);
      }
    } catch (error) {
      // There is no stream before the container's first line.
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
    }
  }
}
