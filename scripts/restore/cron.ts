// REDCap's cron during a restore: its schedule is disabled, its tasks end, and afterwards the schedule is as it was.
import { DescribeTasksCommand, paginateListTasks, StopTaskCommand, type Task } from "@aws-sdk/client-ecs";
import {
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  type ScheduleState,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import type { RestoreContext } from "./context";

/** What of a runbook's context is needed here: a restore's or an upgrade's. */
export type CronContext = Pick<RestoreContext, "ecs" | "scheduler" | "names" | "awsWait" | "progress"> & {
  journal: { readonly facts: { cronDisabled?: boolean }; learn(facts: { cronDisabled: boolean }): void };
};

/** Seconds: ECS kills a task two minutes after it was asked to stop, at the latest. */
const STOP_SECONDS = 600;

/** Undefined where the stage has no cron, whatever the configuration says of the next deployment. */
async function findSchedule({ scheduler, names }: CronContext): Promise<GetScheduleCommandOutput | undefined> {
  try {
    return await scheduler.send(new GetScheduleCommand({ GroupName: names.scheduleGroup, Name: names.cronSchedule }));
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

/** With all that the schedule has: UpdateSchedule takes what is left out for unset (Scheduler API reference). */
async function setState(
  { scheduler, names }: CronContext,
  { $metadata, Arn, CreationDate, LastModificationDate, ...schedule }: GetScheduleCommandOutput,
  State: ScheduleState,
): Promise<void> {
  const { ScheduleExpression, FlexibleTimeWindow, Target } = schedule;
  await scheduler.send(
    new UpdateScheduleCommand({
      ...schedule,
      GroupName: names.scheduleGroup,
      Name: names.cronSchedule,
      ScheduleExpression,
      FlexibleTimeWindow,
      Target,
      State,
    }),
  );
}

/**
 * Disables the schedule; the journal knows of it before Scheduler does, so that whoever is killed between the two enables
 * it all the same. One that a person disabled is left to that person.
 * @returns what is said of it
 */
export async function disableCron(context: CronContext): Promise<string> {
  const schedule = await findSchedule(context);
  if (!schedule) return "there is no cron";
  if (schedule.State !== "DISABLED") {
    context.journal.learn({ cronDisabled: true });
    await setState(context, schedule, "DISABLED");
  }
  return context.journal.facts.cronDisabled ? "cron was on" : "cron was off";
}

/**
 * Enables the schedule that this run disabled, with the target that it has by now.
 * @returns what is said of it, where there was something to do
 */
export async function enableCron(context: CronContext): Promise<string | undefined> {
  if (!context.journal.facts.cronDisabled) return undefined;
  const schedule = await findSchedule(context);
  if (schedule && schedule.State !== "ENABLED") await setState(context, schedule, "ENABLED");
  // Afterwards a rollback of this run looks anew: a person may have disabled cron meanwhile.
  context.journal.learn({ cronDisabled: false });
  return schedule ? "cron" : "cron is configured away";
}

/**
 * Stops cron's tasks, those that are just being started, too, and waits until none runs. What they would still write goes
 * to the database that is about to be replaced.
 */
export async function stopCronTasks(context: CronContext, reason = "The database is being restored"): Promise<void> {
  const { ecs, names } = context;
  const options = { client: ecs, minDelay: 1, maxDelay: 15, maxWaitTime: STOP_SECONDS };
  await context.awsWait(async () => {
    const result = await createWaiter(options, undefined, async () => {
      const tasks = await unfinishedTasks(context);
      for (const { taskArn, desiredStatus } of tasks) {
        if (desiredStatus === "STOPPED") continue;
        await ecs.send(new StopTaskCommand({ cluster: names.ecsCluster, task: taskArn, reason }));
      }
      if (tasks.length === 0) return { state: WaiterState.SUCCESS };
      context.progress.update(`${tasks.length} tasks of cron are ending`);
      return { state: WaiterState.RETRY };
    });
    checkExceptions(result);
  });
}

/** Tasks of cron's family that run, or were told to stop and have not yet: ECS lists the two apart. */
async function unfinishedTasks({ ecs, names }: CronContext): Promise<Task[]> {
  const { ecsCluster: cluster, cronTask: family } = names;
  const found: Task[] = [];
  try {
    for (const desiredStatus of ["RUNNING", "STOPPED"] as const) {
      for await (const { taskArns = [] } of paginateListTasks({ client: ecs }, { cluster, family, desiredStatus })) {
        if (taskArns.length === 0) continue;
        // A page holds as many as can be described at once: 100.
        const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
        found.push(...tasks.filter(({ lastStatus }) => lastStatus !== "STOPPED"));
      }
    }
  } catch (error) {
    if ((error as Error).name === "ClusterNotFoundException") return [];
    throw error;
  }
  return found;
}
