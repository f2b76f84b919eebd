// REDCap's cron: whether its runs succeed, counted from the ends of its tasks, or from the calls that start it over HTTP.
import { type StageConfig, stageNames, type Thresholds } from "../../../config";
import type { Alarm } from "./alarm";
import { FIVE_MINUTES, type Metric, MINUTE, metricsOf } from "./metric";
import type { TaskEvents } from "./task-events";
import { graph, type Watched } from "./watched";

export interface WatchedCron {
  /** From one run to the next. */
  minutes: number;
  overHttp: boolean;
}

/** What is measured of cron's runs, and where to look when they fail. */
interface Runs {
  succeeded: Metric;
  failed: Metric;
  /** Further lines of the graph. */
  others: Record<string, Metric>;
  whereNone: string;
  whereFailed: string;
}

/**
 * Readiness, too: each run takes the deployed image, the stage's secrets and way out, and asks the database, before
 * anything else. Nothing else may ask it all the time, since that would keep a database awake that pauses.
 */
export function watchCron(stage: StageConfig, events: TaskEvents, cron: WatchedCron, limits: Thresholds): Watched {
  const runs = cron.overHttp ? calls(stage) : tasks(stage, events);
  const { succeeded, failed, others } = runs;
  return { alarms: cronAlarms(runs, cron.minutes, limits), graphs: [graph("Cron", { succeeded, failed, ...others })] };
}

/** EventBridge Scheduler user guide, CloudWatch metrics. */
const schedulerErrors = (stage: StageConfig): Metric =>
  metricsOf("AWS/Scheduler", { ScheduleGroup: stageNames(stage).scheduleGroup })("TargetErrorCount", "Sum");

const tasks = (stage: StageConfig, events: TaskEvents): Runs => ({
  ...events.countCron(),
  others: { "not started": schedulerErrors(stage) },
  whereNone:
    "read the log of ended tasks (why a run did not start) and the streams that begin with cron (why it failed). Is the schedule on?",
  whereFailed:
    "read the streams that begin with cron; exit code 137 in the log of ended tasks: raise service.cron.memory.",
});

/** Of the rule (EventBridge user guide, monitoring). The image answers 500 where a run fails in its first seconds. */
function calls(stage: StageConfig): Runs {
  const { cronRule: RuleName } = stageNames(stage);
  const ofRule = metricsOf("AWS/Events", { RuleName });
  return {
    succeeded: ofRule("SuccessfulInvocationAttempts", "Sum"),
    failed: ofRule("FailedInvocations", "Sum"),
    others: {},
    whereNone: `is the rule ${RuleName} on in EventBridge, and its connection AUTHORIZED? Read the service's application log.`,
    whereFailed:
      "read the service's application log. HTTP 401 or 403 to /cron.php: rotate the secret of cron; 500: REDCap's cron itself fails.",
  };
}

function cronAlarms(runs: Runs, cronMinutes: number, limits: Thresholds): Alarm[] {
  const minutes = Math.max(limits.minutesWithoutCron, 3 * cronMinutes);
  return [
    {
      id: "no-cron",
      metric: runs.succeeded,
      ...{ comparison: "<", threshold: 1, period: FIVE_MINUTES, periods: Math.ceil((minutes * MINUTE) / FIVE_MINUTES) },
      missing: "breaching",
      meaning: `No run of REDCap's cron has succeeded for ${minutes} minutes: no invitations, alerts and exports; or REDCap has no database. Expected during a restore.`,
      first: runs.whereNone,
    },
    {
      id: "cron-fails",
      metric: runs.failed,
      ...{ comparison: ">=", threshold: 1, period: FIVE_MINUTES, periods: 6, atLeast: 3, missing: "notBreaching" },
      meaning: "Runs of REDCap's cron fail again and again, though not all of them.",
      first: runs.whereFailed,
    },
  ];
}
