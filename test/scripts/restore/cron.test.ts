// A restore disables cron's schedule, ends its tasks, and leaves the schedule as it was, wherever the run is killed.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findStage, type StageConfig, validate } from "../../../config";
import { RestoreContext, type RestoreFacts } from "../../../scripts/restore/context";
import { rehearsalSteps, restoreSteps, rollbackSteps } from "../../../scripts/restore/runbook";
import { startService, stopService } from "../../../scripts/restore/steps/service";
import { reverse, runSteps, type Step } from "../../../scripts/runbook/engine";
import { Journal } from "../../../scripts/runbook/journal";
import sample from "../../../stages.sample";
import { Account, SCHEDULE, task } from "./account";

// Every call of the two steps is one run of them.
jest.setTimeout(60_000);

/** How much faster the waits between two looks go by. */
const HASTE = 100;
const wait = setTimeout;

const stage: StageConfig = findStage(validate(structuredClone(sample)), "prod");

let folder: string;
let account: Account;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  account = new Account();
  jest.spyOn(global, "setTimeout").mockImplementation(((done: () => void, ms = 0) => wait(done, ms / HASTE)) as never);
  jest.spyOn(console, "error").mockImplementation(() => undefined);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => jest.restoreAllMocks());

function contextOf(journal: Journal<RestoreFacts>): RestoreContext {
  const options = { keepIdentifier: false, rehearse: false, rollback: false };
  const context = new RestoreContext(stage, undefined, options, journal);
  for (const client of ["scheduler", "events", "ecs", "autoScaling", "ec2", "sfn"] as const)
    jest.spyOn(context[client], "send").mockImplementation(((command: never) => account.send(command)) as never);
  return context;
}

/** One process: the journal is read from disk. */
async function run(steps: Step<RestoreContext>[], id = "run"): Promise<Journal<RestoreFacts>> {
  const journal = Journal.open<RestoreFacts>(id, folder);
  const context = contextOf(journal);
  const killed = account.killed.then(() => {
    context.progress.end("killed");
    throw new Error("killed");
  });
  await Promise.race([runSteps({ steps, context, journal }), killed]);
  return journal;
}

describe("stop-service", () => {
  it("disables the schedule before the service, and changes nothing else of it", async () => {
    const before = structuredClone(account.schedule);
    const journal = await run([stopService]);
    const { Arn, CreationDate, LastModificationDate, ...rest } = before as Record<string, unknown>;
    expect(account.schedule).toEqual({ ...rest, State: "DISABLED" });
    expect(account.changes).toEqual(["UpdateScheduleCommand", "RegisterScalableTargetCommand", "UpdateServiceCommand"]);
    expect(journal.steps["stop-service"]?.note).toBe("it had 3 tasks; cron was on");
  });

  it("stops the tasks that run and waits for them, and for those that were told to stop before", async () => {
    account.tasks = [
      task("runs", { looks: 1 }),
      task("starts", { lastStatus: "PENDING" }),
      task("ends", { desiredStatus: "STOPPED", lastStatus: "STOPPING", looks: 2 }),
      task("ended", { desiredStatus: "STOPPED", lastStatus: "STOPPED" }),
    ];
    await run([stopService]);
    const stopped = account.calls.filter(({ name }) => name === "StopTaskCommand").map(({ input }) => input.task);
    expect(stopped).toEqual(["runs", "starts"]);
    expect(account.tasks.map(({ lastStatus }) => lastStatus)).toEqual(Array(4).fill("STOPPED"));
  });

  it("has nothing to do with cron where the stage has none, nor where the whole cluster is gone", async () => {
    account.schedule = undefined;
    expect((await run([stopService])).steps["stop-service"]?.note).toBe("it had 3 tasks; there is no cron");
    account.clusterIsGone = true;
    const gone = await run([stopService], "gone");
    expect(gone.steps["stop-service"]?.note).toBe("there is no service; there is no cron");
    expect(account.changes).not.toContain("UpdateScheduleCommand");
  });

  it("stops cron where there is no service, too", async () => {
    account.service = undefined;
    account.tasks = [task("runs")];
    await run([stopService]);
    expect(account.schedule?.State).toBe("DISABLED");
    expect(account.tasks[0]?.lastStatus).toBe("STOPPED");
  });
});

describe("start-service", () => {
  it("enables the schedule with the target that the apply gave it meanwhile", async () => {
    await run([stopService]);
    const Target = { ...SCHEDULE.Target, EcsParameters: { TaskDefinitionArn: "redcap-prod-cron:2" } };
    account.schedule = { ...(account.schedule as { State: string }), Target };
    const journal = await run([startService]);
    expect(account.schedule).toMatchObject({ State: "ENABLED", Target, KmsKeyArn: SCHEDULE.KmsKeyArn });
    expect(journal.steps["start-service"]?.note).toBe("3 tasks, cron");
    expect(account.changes.slice(-2)).toEqual(["RegisterScalableTargetCommand", "UpdateScheduleCommand"]);
  });

  it("leaves a schedule disabled that a person had disabled before", async () => {
    account.schedule = { ...SCHEDULE, State: "DISABLED" };
    const journal = await run([stopService, startService]);
    expect(journal.steps["stop-service"]?.note).toBe("it had 3 tasks; cron was off");
    expect(account.schedule.State).toBe("DISABLED");
    expect(account.changes).not.toContain("UpdateScheduleCommand");
  });

  it("goes on where the apply took the schedule away", async () => {
    await run([stopService]);
    account.schedule = undefined;
    expect((await run([startService])).steps["start-service"]?.note).toBe("3 tasks, cron is configured away");
  });

  it("is what takes stop-service back", async () => {
    await run([stopService]);
    await run([reverse(stopService, () => "start again")]);
    expect(account.schedule?.State).toBe("ENABLED");
  });
});

describe.each([
  ["before AWS heard of it", false],
  ["before AWS's answer came", true],
])("killed in any call, %s", (_, answered) => {
  it("the same command leaves the schedule as it was", async () => {
    account.tasks = [task("runs")];
    await run([stopService, startService], "whole");
    const calls = account.calls.length;
    expect(calls).toBeGreaterThan(10);
    for (let call = 0; call < calls; call++) {
      account = Object.assign(new Account(), { dieAfter: call, dieAnswered: answered, tasks: [task("runs")] });
      const id = `killed-${call}`;
      await expect(run([stopService, startService], id)).rejects.toThrow("killed");
      account = account.inAnotherProcess();
      let between: string | undefined;
      const look: Step<RestoreContext> = {
        name: "look",
        title: () => "look",
        run: async () => {
          between = account.schedule?.State;
          return undefined;
        },
      };
      const started = Journal.open<RestoreFacts>(id, folder).isDone("stop-service");
      await run([stopService, look, startService], id);
      if (!started) expect(between).toBe("DISABLED");
      expect(account.schedule?.State).toBe("ENABLED");
      expect(account.service).toEqual({ desiredCount: 3 });
      expect(account.tasks[0]?.lastStatus).toBe("STOPPED");
    }
  });
});

describe("a rollback", () => {
  /** Another journal with what the restore had learnt, as restore.ts makes it. */
  async function rollBack(restored: Journal<RestoreFacts>) {
    const own = Journal.open<RestoreFacts>("rollback", folder);
    own.commit();
    own.learn(restored.facts);
    await run([stopService, startService], "rollback");
  }

  it("of an unfinished restore enables what the restore had disabled", async () => {
    await rollBack(await run([stopService]));
    expect(account.schedule?.State).toBe("ENABLED");
  });

  it("of a finished one looks anew: cron that a person disabled since stays so, one enabled since is enabled", async () => {
    const restored = await run([stopService, startService]);
    account.schedule = { ...SCHEDULE, State: "DISABLED" };
    await rollBack(restored);
    expect(account.schedule?.State).toBe("DISABLED");

    const other = await run([stopService, startService], "other");
    account.schedule = { ...SCHEDULE, State: "ENABLED" };
    folder = mkdtempSync(join(tmpdir(), "journal-"));
    await rollBack(other);
    expect(account.schedule?.State).toBe("ENABLED");
  });
});

it("a dry run names cron and touches nothing", async () => {
  const journal = Journal.scratch<RestoreFacts>("run");
  await runSteps({ steps: [stopService, startService], context: contextOf(journal), journal, dryRun: true });
  const lines = jest.mocked(console.error).mock.calls.join("\n");
  expect(lines).toMatch(/would stop service redcap-prod and cron, .*\n.*would start service redcap-prod and cron/);
  expect(account.calls).toEqual([]);
});

it("cron stops before the names change and starts after the check, in a restore and a rollback; never in a rehearsal", () => {
  const names = (steps: { name: string }[]) =>
    steps.map(({ name }) => name).filter((name) => /^(stop|start)-service$|swap-names$|^plan-gate-apply$/.test(name));
  const arn = "arn:aws:rds:eu-west-2:111111111111:cluster-snapshot:x";
  expect(names(restoreSteps(arn))).toEqual(["stop-service", "swap-names", "plan-gate-apply", "start-service"]);
  expect(names(rollbackSteps)).toEqual(["stop-service", "undo-swap-names", "plan-gate-apply", "start-service"]);
  expect(names(rehearsalSteps(arn))).toEqual([]);
});
