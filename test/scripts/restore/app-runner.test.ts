// The service on App Runner in a restore and a rollback: paused and running again whenever the process is killed.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findStage, type StageConfig, validate } from "../../../config";
import type { ResourceChange } from "../../../scripts/gate/plan";
import { changesService } from "../../../scripts/restore/app-runner";
import { RestoreContext, type RestoreFacts } from "../../../scripts/restore/context";
import { startService, stopService, waitUntilHealthy } from "../../../scripts/restore/steps/service";
import { reverse, runSteps, type Step } from "../../../scripts/runbook/engine";
import { Journal } from "../../../scripts/runbook/journal";
import { onAppRunner, sampleInput, sampleStage } from "../../stacks/synth";
import { Account } from "./account";

jest.setTimeout(60_000);

const HASTE = 100;
const wait = setTimeout;
const ARN = "arn:aws:apprunner:eu-west-2:111111111111:service/redcap-prod/1";
const failing = (name: string) => Object.assign(new Error(name), { name });

interface App {
  status: string;
  /** Looks that an operation takes. */
  looks: number;
  /** What the operation under way ends with. */
  next?: string;
  operations: { Id: string; Status: string }[];
}

/** App Runner beside the rest of the account: one operation at a time, others are refused meanwhile. */
class AppRunnerAccount extends Account {
  app: App | undefined = { status: "RUNNING", looks: 2, operations: [] };
  /** Whether the next operation fails. */
  fails = false;

  override inAnotherProcess(): AppRunnerAccount {
    const { schedule, rule, app } = this;
    return Object.assign(new AppRunnerAccount(), { schedule, rule, app });
  }

  protected override answer(call: { name: string; input: Record<string, unknown> }): unknown {
    const { name } = call;
    if (name === "ListServicesCommand") {
      const own = { ServiceName: "redcap-prod", ServiceArn: ARN };
      return { ServiceSummaryList: [{ ServiceName: "other", ServiceArn: "other" }, ...(this.app ? [own] : [])] };
    }
    if (!/^(DescribeService|PauseService|ResumeService|ListOperations)Command$/.test(name)) return super.answer(call);
    expect(call.input).toEqual({ ServiceArn: ARN });
    const app = this.app as App;
    if (name === "ListOperationsCommand") return { OperationSummaryList: [...app.operations] };
    if (name === "DescribeServiceCommand") {
      if (app.next && app.looks-- <= 0) {
        app.status = app.next;
        delete app.next;
      }
      return { Service: { Status: app.status } };
    }
    const [from, to] = name === "PauseServiceCommand" ? ["RUNNING", "PAUSED"] : ["PAUSED", "RUNNING"];
    if (app.status !== from) throw failing("InvalidStateException");
    const Id = String(app.operations.length + 1);
    app.operations.unshift({ Id, Status: this.fails ? "FAILED" : "SUCCEEDED" });
    Object.assign(app, { status: "OPERATION_IN_PROGRESS", looks: 1, next: this.fails ? from : to });
    this.fails = false;
    return { OperationId: Id };
  }
}

const input = sampleInput();
const stages = [{ ...sampleStage("prod"), ...onAppRunner({ cron: { minutes: 1 } }) }];
const stage: StageConfig = findStage(validate({ ...input, stages }), "prod");

let folder: string;
let account: AppRunnerAccount;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  account = new AppRunnerAccount();
  jest.spyOn(global, "setTimeout").mockImplementation(((done: () => void, ms = 0) => wait(done, ms / HASTE)) as never);
  jest.spyOn(console, "error").mockImplementation(() => undefined);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => jest.restoreAllMocks());

async function run(steps: Step<RestoreContext>[], id = "run"): Promise<Journal<RestoreFacts>> {
  const journal = Journal.open<RestoreFacts>(id, folder);
  const options = { keepIdentifier: false, rehearse: false, rollback: false };
  const context = new RestoreContext(stage, undefined, options, journal);
  // No other client: on App Runner nothing is asked of ECS's service.
  for (const client of ["scheduler", "events", "ecs", "appRunner", "ec2", "sfn"] as const)
    jest.spyOn(context[client], "send").mockImplementation(((command: never) => account.send(command)) as never);
  const killed = account.killed.then(() => {
    context.progress.end("killed");
    throw new Error("killed");
  });
  await Promise.race([runSteps({ steps, context, journal }), killed]);
  return journal;
}

it("pauses after cron is off, and resumes before cron is on again", async () => {
  const journal = await run([stopService]);
  expect(account.app?.status).toBe("PAUSED");
  expect(journal.steps["stop-service"]?.note).toBe("it is paused; cron was on");
  const started = await run([startService, waitUntilHealthy]);
  expect(account.app?.status).toBe("RUNNING");
  expect(started.steps["start-service"]?.note).toBe("it runs, cron");
  expect(account.changes).toEqual([
    "UpdateScheduleCommand",
    "PauseServiceCommand",
    "ResumeServiceCommand",
    "UpdateScheduleCommand",
  ]);
  expect(account.calls.map(({ name }) => name)).not.toContain("UpdateServiceCommand");
});

it("disables the rule that calls cron over HTTP, before the service, and enables it after", async () => {
  Object.assign(account, { schedule: undefined, rule: { State: "ENABLED" } });
  expect((await run([stopService])).steps["stop-service"]?.note).toBe("it is paused; cron was on");
  expect(account.rule).toEqual({ State: "DISABLED" });
  expect((await run([startService])).steps["start-service"]?.note).toBe("it runs, cron");
  expect(account.changes).toEqual([
    "DisableRuleCommand",
    "PauseServiceCommand",
    "ResumeServiceCommand",
    "EnableRuleCommand",
  ]);
});

it("leaves a rule disabled that a person had disabled before", async () => {
  Object.assign(account, { schedule: undefined, rule: { State: "DISABLED" } });
  await run([stopService, startService]);
  expect(account.rule).toEqual({ State: "DISABLED" });
  expect(account.changes).toEqual(["PauseServiceCommand", "ResumeServiceCommand"]);
});

it("is what takes stop-service back", async () => {
  await run([stopService]);
  await run([reverse(stopService, () => "start again")]);
  expect(account.app?.status).toBe("RUNNING");
});

it("waits for a deployment that is under way, then pauses", async () => {
  account.app = { status: "OPERATION_IN_PROGRESS", looks: 3, next: "RUNNING", operations: [] };
  await run([stopService]);
  expect(account.app.status).toBe("PAUSED");
});

it("leaves a paused service paused, and resumes it at the end all the same", async () => {
  account.app = { status: "PAUSED", looks: 0, operations: [] };
  await run([stopService]);
  expect(account.changes).not.toContain("PauseServiceCommand");
  await run([startService]);
  expect(account.app.status).toBe("RUNNING");
});

it("goes on where the stage has no service, and says so at the end", async () => {
  account.app = undefined;
  expect((await run([stopService])).steps["stop-service"]?.note).toBe("there is no service; cron was on");
  await expect(run([startService])).rejects.toThrow("Service redcap-prod is not there after the apply.");
});

it("says that App Runner failed, and tries again with the same command", async () => {
  account.fails = true;
  await expect(run([stopService])).rejects.toThrow(`${ARN} did not get PAUSED: the operation is FAILED.`);
  await run([stopService]);
  expect(account.app?.status).toBe("PAUSED");
});

it("says what to do with a service that was never made", async () => {
  account.app = { status: "CREATE_FAILED", looks: 0, operations: [] };
  await expect(run([stopService])).rejects.toThrow("is CREATE_FAILED: delete it in App Runner");
});

describe.each([
  ["before AWS heard of it", false],
  ["before AWS's answer came", true],
])("killed in any call, %s", (_, answered) => {
  it("the same command pauses and resumes", async () => {
    await run([stopService, startService], "whole");
    const calls = account.calls.length;
    expect(calls).toBeGreaterThan(10);
    for (let call = 0; call < calls; call++) {
      account = Object.assign(new AppRunnerAccount(), { dieAfter: call, dieAnswered: answered });
      const id = `killed-${call}`;
      await expect(run([stopService, startService], id)).rejects.toThrow("killed");
      account = account.inAnotherProcess();
      let between: string | undefined;
      const look: Step<RestoreContext> = {
        name: "look",
        title: () => "look",
        run: async () => {
          between = account.app?.status;
          return undefined;
        },
      };
      const stopped = Journal.open<RestoreFacts>(id, folder).isDone("stop-service");
      await run([stopService, look, startService], id);
      if (!stopped) expect(between).toBe("PAUSED");
      expect([account.app?.status, account.schedule?.State]).toEqual(["RUNNING", "ENABLED"]);
    }
  });
});

it("a plan that changes the service itself is told from one that does not", () => {
  const change = (type: string, ...actions: string[]) => ({ type, change: { actions } }) as unknown as ResourceChange;
  expect(changesService([change("aws_apprunner_service", "update")])).toBe(true);
  expect(changesService([change("aws_apprunner_service", "no-op"), change("aws_rds_cluster", "update")])).toBe(false);
  expect(changesService(undefined)).toBe(false);
});
