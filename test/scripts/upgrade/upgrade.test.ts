// npm run upgrade: no new code before the snapshot, no cron meanwhile, and going on where it was interrupted.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findStage, validate } from "../../../config";
import { liveTag, requireDeployed, rollOut } from "../../../scripts/image/deploy";
import { runSteps } from "../../../scripts/runbook/engine";
import { Journal } from "../../../scripts/runbook/journal";
import { UpgradeContext, type UpgradeFacts } from "../../../scripts/upgrade/context";
import { upgradeSteps } from "../../../scripts/upgrade/steps";
import { wayBack } from "../../../scripts/upgrade/way-back";
import { sampleInput, sampleStage } from "../../stacks/synth";
import { Account, SNAPSHOT_ARN } from "./account";

jest.mock("node:timers/promises", () => ({ setTimeout: async () => undefined }));
jest.mock("../../../scripts/image/deploy", () => ({
  liveTag: jest.fn(async () => "17.4.4-20260131120000"),
  requireDeployed: jest.fn(async () => undefined),
  rollOut: jest.fn(),
}));
const rolledOut = jest.mocked(rollOut);

let account: Account;
let folder: string;
beforeEach(() => {
  account = new Account();
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  jest.spyOn(console, "error").mockImplementation(() => undefined);
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
  rolledOut.mockReset().mockImplementation(async () => {
    account.calls.push({ name: "CreateImage", input: {} });
    return "17.5.0-20260301120000";
  });
});
afterEach(() => jest.restoreAllMocks());

/** A stage that builds its image, or runs one that was built elsewhere. */
function stage(building: boolean) {
  const prod = sampleStage("prod");
  const { image: _, ...service } = prod.service as { image?: string };
  const change = building ? { redCapLocalVersion: "17.5.0", service: service as typeof prod.service } : {};
  return findStage(validate({ ...sampleInput(), stages: [{ ...prod, ...change }] }), "prod");
}

/** One process: the journal is read from disk. */
async function upgrade({ building = true, dryRun = false } = {}): Promise<UpgradeContext> {
  const journal = Journal.open<UpgradeFacts>("run", folder);
  const context = new UpgradeContext(stage(building), journal);
  for (const client of ["rds", "ecs", "logs", "s3", "scheduler", "events"] as const)
    jest.spyOn(context[client], "send").mockImplementation(((command: never) => account.send(command)) as never);
  jest.spyOn(context.servers, "live").mockImplementation(async () => account.servers);
  await runSteps({ steps: upgradeSteps, context, journal, dryRun });
  return context;
}
const IN_ORDER = [
  "UpdateScheduleCommand",
  "CreateDBClusterSnapshotCommand",
  "CreateImage",
  "RunTaskCommand",
  "UpdateScheduleCommand",
];

test("cron off, snapshot, new image, database, cron on: in this order", async () => {
  await upgrade();
  expect(account.changes).toEqual(IN_ORDER);
  expect(account.snapshots).toEqual([expect.stringMatching(/^redcap-prod-before-upgrade-\d{14}$/)]);
  expect(account.cron).toBe("ENABLED");
  const run = account.calls.find(({ name }) => name === "RunTaskCommand");
  expect(run?.input).toMatchObject({
    taskDefinition: "redcap-prod-upgrade",
    networkConfiguration: {
      awsvpcConfiguration: {
        ...{ subnets: ["subnet-0a", "subnet-0b"], securityGroups: ["sg-0e"], assignPublicIp: "DISABLED" },
      },
    },
  });
});

test("a dry run looks, and changes nothing", async () => {
  await upgrade({ dryRun: true });
  expect(account.changes).toEqual([]);
  expect(account.calls.map(({ name }) => name)).toContain("DescribeDBClustersCommand");
  expect(jest.mocked(requireDeployed)).toHaveBeenCalled();
});

test("an image that was built elsewhere is not rolled out here", async () => {
  await upgrade({ building: false });
  expect(rolledOut).not.toHaveBeenCalled();
  expect(account.changes).toEqual(IN_ORDER.filter((name) => name !== "CreateImage"));
});

test("cron that a person had disabled stays disabled", async () => {
  account.cron = "DISABLED";
  await upgrade();
  expect(account.cron).toBe("DISABLED");
  expect(account.changes).not.toContain("UpdateScheduleCommand");
});

test.each([
  ["a database that is busy", { status: "backing-up" }, "Cluster redcap-prod is backing-up: it must be available."],
  ["no database", { status: undefined }, "Cluster redcap-prod is not there"],
  [
    "a maintenance server that runs",
    { servers: [{ instanceId: "i-0abc", expires: undefined }] },
    "The maintenance server i-0abc of stage prod runs.",
  ],
  ["a stage that is not deployed", { hasTask: false }, "Deploy first: npm run deploy -- --stage prod"],
])("%s is refused before anything is changed", async (_, state, message) => {
  Object.assign(account, state);
  await expect(upgrade()).rejects.toThrow(message);
  expect(account.changes).toEqual([]);
});

test("without a live image there is nothing to go back to, and it is refused", async () => {
  jest.mocked(liveTag).mockResolvedValueOnce(undefined);
  await expect(upgrade()).rejects.toThrow("Stage prod has no live image");
  expect(account.changes).toEqual([]);
});

test("a roll-out that fails leaves the database as it was; the same command goes on without a second snapshot", async () => {
  rolledOut.mockRejectedValueOnce(new Error("ECS did not get the tasks healthy"));
  await expect(upgrade()).rejects.toThrow("healthy");
  expect(account.tasks).toEqual([]);
  expect(account.cron).toBe("DISABLED");
  await upgrade();
  expect(account.snapshots).toHaveLength(1);
  expect(account.cron).toBe("ENABLED");
});

test("an upgrade that fails is told with its last words; given again, another task tries", async () => {
  Object.assign(account, { exitCode: 1, said: "Table redcap_data is locked." });
  await expect(upgrade()).rejects.toThrow(
    /The upgrade failed: Table redcap_data is locked\. .*\/aws\/ecs\/redcap-prod/,
  );
  expect(account.cron).toBe("DISABLED");
  account.exitCode = 0;
  await upgrade();
  expect(account.tasks).toHaveLength(2);
  expect(rolledOut).toHaveBeenCalledTimes(1);
});

test("a task that ECS has forgotten, an hour after its end, is followed by another", async () => {
  Object.assign(account, { exitCode: 1, said: "Table redcap_data is locked." });
  await expect(upgrade()).rejects.toThrow("is locked");
  account.exitCode = 0;
  account.forgotten = account.tasks.splice(0).length;
  await upgrade();
  expect(account.tasks).toHaveLength(1);
});

test("a task that an interrupted run started is waited for, and not started twice", async () => {
  account.looks = Number.POSITIVE_INFINITY;
  const send = account.send.bind(account);
  const closed = jest.spyOn(account, "send").mockImplementation(async (command) => {
    if (command.constructor.name === "GetLogEventsCommand") throw new Error("The laptop was closed.");
    return send(command);
  });
  await expect(upgrade()).rejects.toThrow("closed");
  closed.mockRestore();
  for (const task of account.tasks) task.looks = 1;
  await upgrade();
  expect(account.tasks).toHaveLength(1);
});

test("the way back names the version, the snapshot and the commands", async () => {
  expect(wayBack(await upgrade())).toBe(
    [
      "  1. In stages.ts name the zip of REDCap 17.4.4 again, then: npm run deploy -- --stage prod",
      "  2. npm run image -- deploy --stage prod",
      `  3. npm run restore -- --stage prod --recovery-point ${SNAPSHOT_ARN}`,
    ].join("\n"),
  );
});
