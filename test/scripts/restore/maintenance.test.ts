// A restore removes the stage's maintenance server before the databases change places.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findStage, validate } from "../../../config";
import { RestoreContext, type RestoreFacts } from "../../../scripts/restore/context";
import { startService, stopService } from "../../../scripts/restore/steps/service";
import { runSteps } from "../../../scripts/runbook/engine";
import { Journal } from "../../../scripts/runbook/journal";
import sample from "../../../stages.sample";
import { Account } from "./account";

let account: Account;
beforeEach(() => {
  account = new Account();
  jest.spyOn(console, "error").mockImplementation(() => undefined);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => jest.restoreAllMocks());

async function restore(): Promise<string | undefined> {
  const stage = findStage(validate(structuredClone(sample)), "prod");
  const journal = Journal.open<RestoreFacts>("run", mkdtempSync(join(tmpdir(), "journal-")));
  const context = new RestoreContext(
    stage,
    undefined,
    { keepIdentifier: false, rehearse: false, rollback: false },
    journal,
  );
  for (const client of ["scheduler", "events", "ecs", "autoScaling", "ec2", "sfn"] as const)
    jest.spyOn(context[client], "send").mockImplementation(((command: never) => account.send(command)) as never);
  await runSteps({ steps: [stopService, startService], context, journal });
  return journal.steps["stop-service"]?.note;
}

it("terminates what has the stage's tag, ends what waits for it, and starts none again", async () => {
  account.servers = ["i-0abc"];
  account.executions = ["start-20260101000000", "4f1c-a-sweep"];
  expect(await restore()).toBe("it had 3 tasks; cron was on, maintenance server i-0abc removed");
  expect(account.servers).toEqual([]);
  // The sweep ends by itself.
  expect(account.executions).toEqual(["4f1c-a-sweep"]);
  const [lookup] = account.calls.filter(({ name }) => name === "DescribeInstancesCommand");
  expect(lookup?.input.Filters).toContainEqual({ Name: "tag:redcap:maintenance", Values: ["redcap-prod"] });
  const order = account.changes;
  expect(order.indexOf("TerminateInstancesCommand")).toBeLessThan(order.indexOf("UpdateServiceCommand"));
  expect(account.calls.map(({ name }) => name).join()).not.toMatch(/StartExecution|RunInstances/);
});

it("ends one that is just being started, before it has an instance", async () => {
  account.executions = ["start-20260101000000"];
  await restore();
  expect(account.executions).toEqual([]);
});

it.each([[[]], [undefined]])("has nothing to do where there is none: %j", async (executions) => {
  account.executions = executions;
  expect(await restore()).toBe("it had 3 tasks; cron was on");
  expect(account.changes).not.toContain("TerminateInstancesCommand");
});
