// A runbook that is killed anywhere and started again finishes the job, and does nothing twice.
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../scripts/command";
import { RunContext, reverse, runSteps, type Step } from "../../../scripts/runbook/engine";
import { Journal } from "../../../scripts/runbook/journal";

class World extends RunContext {
  done: string[] = [];
  dieAt?: string;
}

const step = (name: string, more: Partial<Step<World>> = {}): Step<World> => ({
  name,
  title: () => name,
  async run(world) {
    if (world.dieAt === name) throw new Error("killed");
    world.done.push(name);
    return undefined;
  },
  ...more,
});

const steps = [step("look", { readOnly: true }), step("one"), step("two"), step("three")];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  jest.spyOn(console, "error").mockImplementation(() => undefined);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => jest.restoreAllMocks());

const open = () => Journal.open<{ value: number }>("run", folder);

it.each(["one", "two", "three"])("goes on where it was killed: %s", async (dieAt) => {
  const world = new World();
  world.dieAt = dieAt;
  await expect(runSteps({ steps, context: world, journal: open() })).rejects.toThrow("killed");
  world.dieAt = undefined;
  const again = open();
  expect(again.resumed).toBe(true);
  await runSteps({ steps, context: world, journal: again });
  expect(world.done.filter((name) => name !== "look")).toEqual(["one", "two", "three"]);
});

it("finds a step done that died between its work and the journal", async () => {
  const world = new World();
  const run = jest.fn();
  const found = step("one", { isDone: async () => true, run });
  await runSteps({ steps: [found], context: world, journal: open() });
  expect(run).not.toHaveBeenCalled();
});

it("remembers facts across runs, and begins anew after a finished one", async () => {
  const first = open();
  first.commit();
  first.learn({ value: 7 });
  const second = open();
  expect(second.facts.value).toBe(7);
  second.finish();
  const third = open();
  expect(third.resumed).toBe(false);
  expect(third.facts.value).toBeUndefined();
  third.commit();
  expect(readdirSync(folder)).toHaveLength(2);
});

it("only looks in a dry run", async () => {
  const world = new World();
  const confirm = jest.fn();
  await runSteps({ steps, context: world, journal: Journal.scratch("run"), dryRun: true, beforeChanges: confirm });
  expect(world.done).toEqual(["look"]);
  expect(confirm).not.toHaveBeenCalled();
});

it("leaves no trace of a run that only looked or was refused", async () => {
  const finished = open();
  finished.commit();
  finished.learn({ value: 7 });
  finished.finish();
  const refuse = async () => {
    throw new UserError("no");
  };
  await expect(runSteps({ steps, context: new World(), journal: open(), beforeChanges: refuse })).rejects.toThrow("no");
  expect(Journal.find<{ value: number }>("run", folder)?.facts.value).toBe(7);
});

it("asks once, before the first change, and stops on a no", async () => {
  const world = new World();
  const confirm = jest.fn(async () => {
    throw new UserError("no");
  });
  await expect(runSteps({ steps, context: world, journal: open(), beforeChanges: confirm })).rejects.toThrow("no");
  expect(world.done).toEqual(["look"]);
  expect(confirm).toHaveBeenCalledTimes(1);
});

it("names the step in an error of the user's end", async () => {
  const failing = step("two", {
    run: async () => {
      throw new UserError("no such vault");
    },
  });
  await expect(runSteps({ steps: [failing], context: new World(), journal: open() })).rejects.toThrow(
    "Step two: no such vault",
  );
});

it("skips with a reason", async () => {
  const world = new World();
  await runSteps({ steps: [step("one", { skip: () => "not here" }), step("two")], context: world, journal: open() });
  expect(world.done).toEqual(["two"]);
});

it("counts the time of waiting for AWS apart", async () => {
  const waiting = step("wait", {
    run: (world) => world.awsWait(async () => new Promise((resolve) => setTimeout(() => resolve(undefined), 120))),
  });
  const journal = open();
  await runSteps({ steps: [waiting], context: new World(), journal });
  const record = journal.steps.wait;
  expect(record?.awsSeconds).toBeGreaterThan(0.1);
  expect(record?.seconds).toBeGreaterThanOrEqual(record?.awsSeconds ?? 1);
});

it("takes a step back", async () => {
  const undo = jest.fn(async () => "back");
  await runSteps({
    steps: [reverse(step("one", { undo }), () => "take one back")],
    context: new World(),
    journal: open(),
  });
  expect(undo).toHaveBeenCalledTimes(1);
  expect(() => reverse(step("one"), () => "")).toThrow("cannot be taken back");
});
