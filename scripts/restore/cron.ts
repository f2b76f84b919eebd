// REDCap's cron during a restore: what starts it is disabled, its tasks end, and afterwards all is as it was.
import { DescribeTasksCommand, paginateListTasks, StopTaskCommand, type Task } from "@aws-sdk/client-ecs";
import { DescribeRuleCommand, DisableRuleCommand, EnableRuleCommand } from "@aws-sdk/client-eventbridge";
import {
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  type ScheduleState,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import type { RestoreContext } from "./context";

/** What of a runbook's context is needed here: a restore's or an upgrade's. */
export type CronContext = Pick<RestoreContext, "ecs" | "events" | "scheduler" | "names" | "awsWait" | "progress"> & {
  journal: { readonly facts: { cronDisabled?: boolean }; learn(facts: { cronDisabled: boolean }): void };
};

/** Seconds: ECS kills a task two minutes after it was asked to stop, at the latest. */
const STOP_SECONDS = 600;

/** What starts cron: a schedule that starts a task, or a rule that calls it over HTTP. */
interface Trigger {
  isOn: boolean;
  turn(on: boolean): Promise<void>;
}

async function findSchedule(context: CronContext): Promise<Trigger | undefined> {
  const { scheduler, names } = context;
  const schedule = await scheduler
    .send(new GetScheduleCommand({ GroupName: names.scheduleGroup, Name: names.cronSchedule }))
    .catch(absent);
  const turn = (on: boolean) => setState(context, schedule as GetScheduleCommandOutput, on ? "ENABLED" : "DISABLED");
  return schedule && { isOn: schedule.State !== "DISABLED", turn };
}

async function findRule({ events, names: { cronRule: Name } }: CronContext): Promise<Trigger | undefined> {
  const rule = await events.send(new DescribeRuleCommand({ Name })).catch(absent);
  const turn = async (on: boolean) => {
    if (on) await events.send(new EnableRuleCommand({ Name }));
    else await events.send(new DisableRuleCommand({ Name }));
  };
  return rule && { isOn: rule.State !== "DISABLED", turn };
}

/** None where the stage has no cron, whatever the configuration says of the next deployment. */
async function findTriggers(context: CronContext): Promise<Trigger[]> {
  const found = [await findSchedule(context), await findRule(context)];
  return found.filter((trigger) => trigger !== undefined);
}

function absent(error: Error): undefined {
  if (error.name !== "ResourceNotFoundException") throw error;
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
 * Disables what starts cron; the journal knows of it before AWS does, so that whoever is killed between the two enables it
 * all the same. What a person disabled is left to that person.
 * @returns what is said of it
 */
export async function disableCron(context: CronContext): Promise<string> {
  const triggers = await findTriggers(context);
  if (triggers.length === 0) return "there is no cron";
  for (const trigger of triggers.filter(({ isOn }) => isOn)) {
    context.journal.learn({ cronDisabled: true });
    await trigger.turn(false);
  }
  return context.journal.facts.cronDisabled ? "cron was on" : "cron was off";
}

/**
 * Enables what this run disabled, with the target that it has by now.
 * @returns what is said of it, where there was something to do
 */
export async function enableCron(context: CronContext): Promise<string | undefined> {
  if (!context.journal.facts.cronDisabled) return undefined;
  const triggers = await findTriggers(context);
  for (const trigger of triggers.filter(({ isOn }) => !isOn)) await trigger.turn(true);
  // Afterwards a rollback of this run looks anew: a person may have disabled cron meanwhile.
  context.journal.learn({ cronDisabled: false });
  return triggers.length > 0 ? "cron" : "cron is configured away";
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
