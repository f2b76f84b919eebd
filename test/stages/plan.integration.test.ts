// A plan that is reviewed now and applied later, as the workflows do it: exactly that plan, once, and no stale one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupClient, DeleteBackupVaultNotificationsCommand } from "@aws-sdk/client-backup";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { stateNames, validate } from "../../config";
import type { Review } from "../../scripts/plan-review/review";
import { type LocalAws, startLocalAws } from "../local-aws";
import { sampleInput } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

jest.setTimeout(300_000);

let aws: LocalAws;
let folder: string;
/** The vault's retention, which a change of the configuration lengthens. */
let maxRetentionDays = 400;
/** As the first plan printed it. */
let approved: string;

const input = () => {
  const sample = sampleInput();
  const { backupDestination } = sample;
  if (!backupDestination) throw new Error("The sample has no backup account.");
  const lock = { mode: "governance", minRetentionDays: 30, maxRetentionDays } as const;
  return { ...sample, backupDestination: { ...backupDestination, lock } };
};
const destination = () => {
  const { backupDestination } = validate(input());
  if (!backupDestination) throw new Error("The sample has no backup account.");
  return backupDestination;
};
const client = () => ({
  region: destination().region,
  endpoint: aws.endpoint,
  credentials: aws.credentials(destination().accountId),
});
const s3 = () => new S3Client({ ...client(), forcePathStyle: true });
const state = () => stateNames(destination());

function type(script: string, ...args: string[]) {
  const stagesFile = join(folder, "stages.ts");
  writeStages(stagesFile, input());
  return runCommand(script, ["--backup-account", ...args], { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile });
}
const plan = (...args: string[]) => type("plan.ts", ...args);
const deploy = (...args: string[]) => type("deploy.ts", ...args);
const digestIn = (output: string) => /^digest = ([0-9a-f]{64})$/m.exec(output)?.[1] as string;

async function serial(): Promise<number> {
  const { Body } = await s3().send(
    new GetObjectCommand({ Bucket: state().bucket, Key: state().stateKey("backup-destination") }),
  );
  return (JSON.parse((await Body?.transformToString()) ?? "{}") as { serial: number }).serial;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-plan-"));
  const { accountId: id, profile = "", region } = destination();
  aws = await startLocalAws({ accounts: [{ id, profile }], region });
  expect(await type("bootstrap.ts", "--yes")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a first plan is reviewed, kept encrypted with the state's key, and changes nothing", async () => {
  const file = join(folder, "review.json");
  const { code, output } = await plan("--save", "first", "--format", "json", "--out", file);
  expect(output).toMatch(/^id = first\ndigest = [0-9a-f]{64}$/m);
  approved = digestIn(output);
  expect(code).toBe(0);
  const { verdict, stacks } = JSON.parse(readFileSync(file, "utf8")) as Review;
  expect(verdict).toBe("clear");
  expect(stacks).toMatchObject([{ stack: "backup-destination", counts: { destroy: 0, replace: 0 } }]);
  expect(stacks[0]?.counts.create).toBeGreaterThan(10);
  const { bucket, planKey } = state();
  const kept = await s3().send(new HeadObjectCommand({ Bucket: bucket, Key: planKey("first", "backup-destination") }));
  expect(kept.ServerSideEncryption).toBe("aws:kms");
  const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: bucket }));
  expect(Contents.map(({ Key }) => Key)).toEqual([planKey("first", "backup-destination")]);
});

test("another digest than the approved one is refused, and a plan that was never made", async () => {
  const other = await deploy("--saved", "first", "--digest", "0".repeat(64), "--yes");
  expect(other.output).toMatch(/Somebody planned again after the approval; nothing was changed/);
  const missing = await deploy("--saved", "never", "--yes");
  expect(missing.output).toMatch(
    /backup-destination has no plan under the id never[\s\S]*npm run plan -- --backup-account --save never/,
  );
  const nameless = await deploy("--saved", "", "--digest", "0".repeat(64), "--yes");
  expect([nameless.code, nameless.output]).toEqual([1, expect.stringContaining('"" is no id of a plan')]);
  const alone = await deploy("--digest", "0".repeat(64), "--yes");
  expect(alone.output).toContain("--digest is of saved plans");
  expect([other.code, missing.code, alone.code]).toEqual([1, 1, 1]);
});

test("what was approved is applied, and only once", async () => {
  const looked = await deploy("--saved", "first", "--dry-run", "--yes");
  expect(looked.code).toBe(0);
  expect(looked.output).toContain("Nothing was changed.");
  expect(digestIn(looked.output)).toBe(approved);
  const digest = approved;
  const applied = await deploy("--saved", "first", "--digest", digest, "--yes");
  expect(applied.output).toContain("✓ apply backup-destination");
  expect(applied.code).toBe(0);
  const before = await serial();
  const again = await deploy("--saved", "first", "--digest", digest, "--yes");
  expect(again.output).toMatch(/has changed since this was planned; nothing of it was applied\. Plan it again/);
  expect(again.code).toBe(1);
  expect(await serial()).toBe(before);
});

test("nothing is left to plan, and what somebody changes by hand is found", async () => {
  const unchanged = await plan("--unchanged");
  expect(unchanged.output).toContain("backup-destination: 0 to create, 0 to change, 0 to replace, 0 to destroy");
  expect(unchanged.code).toBe(0);
  const { vaultName: BackupVaultName } = destination();
  await new BackupClient(client()).send(new DeleteBackupVaultNotificationsCommand({ BackupVaultName }));
  const drifted = await plan("--unchanged");
  expect(drifted.output).toContain("aws_backup_vault_notifications");
  expect(drifted.code).toBe(2);
  expect(await deploy("--yes")).toMatchObject({ code: 0 });
});

test("a plan is stale once the state has changed, also one that found nothing to change", async () => {
  expect(await plan("--save", "empty")).toMatchObject({ code: 0 });
  const still = await deploy("--saved", "empty", "--yes");
  expect(still.output).toContain("backup-destination: nothing to change.");
  expect(still.code).toBe(0);
  maxRetentionDays = 500;
  expect(await plan("--save", "second")).toMatchObject({ code: 0 });
  maxRetentionDays = 450;
  expect(await deploy("--yes")).toMatchObject({ code: 0 });
  const before = await serial();
  for (const id of ["second", "empty"]) {
    const { code, output } = await deploy("--saved", id, "--yes");
    expect(output).toMatch(/has changed since this was planned; nothing of it was applied\. Plan it again/);
    expect(code).toBe(1);
  }
  expect(await serial()).toBe(before);
});

test("a danger that nobody acknowledged is never applied without a person, and is when its line is there", async () => {
  maxRetentionDays = 400;
  const planned = await plan();
  expect(planned.code).toBe(2);
  const [, line] = /acknowledged by: (backup-destination .+)/.exec(planned.output) ?? [];
  const refused = await deploy("--yes");
  expect(refused.output).toContain(`has dangers that nobody has acknowledged`);
  expect(refused.output).toContain(`  ${line}`);
  expect(refused.code).toBe(1);
  const broad = join(folder, "broad.txt");
  writeFileSync(broad, "backup-destination * *\n");
  const tooBroad = await deploy("--yes", "--acknowledged", broad);
  expect([tooBroad.code, tooBroad.output]).toEqual([1, expect.stringContaining('"backup-destination * *" is refused')]);
  const acknowledged = join(folder, "acknowledged.txt");
  writeFileSync(acknowledged, `${line}  # shorter again\n`);
  expect(await plan("--acknowledged", acknowledged)).toMatchObject({ code: 0 });
  expect(await deploy("--yes", "--acknowledged", acknowledged)).toMatchObject({ code: 0 });
});
