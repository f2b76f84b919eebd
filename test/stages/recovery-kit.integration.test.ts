// The recovery kit as a person meets it: both accounts deployed, the kit fetched, the salt put into an account where nothing
// is. Real Terraform and the real provider.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type DeploymentInput, stateNames } from "../../config";
import type { TerraformState } from "../../scripts/terraform";
import { type LocalAws, startLocalAws } from "../local-aws";
import { sampleInput, sampleStage } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

const ACCOUNT = "111111111111";
const BACKUP = "222222222222";
/** Where the stage is built again. */
const NEW_ACCOUNT = "444444444444";
const region = "eu-west-2";
const DEPLOYING = 900_000;
const QUICK = 300_000;

let aws: LocalAws;
let folder: string;
let kit: string;

/** The sample's dev stage, backed up. */
function config(accountId: string, profile: string): DeploymentInput {
  const dev = sampleStage("dev");
  const backup = {
    enabled: true,
    lock: { minRetentionDays: 1, maxRetentionDays: 30 },
    rules: [{ name: "daily", schedule: "cron(0 2 * * ? *)", deleteAfterDays: 7 }],
  } as DeploymentInput["stages"][number]["backup"];
  const certificateArn = `arn:aws:acm:${region}:${accountId}:certificate/00000000-0000-4000-8000-000000000001`;
  const service = { ...dev.service, certificateArn } as typeof dev.service;
  return { ...sampleInput(), stages: [{ ...dev, accountId, profile, service, backup }] };
}

const type = (script: string, ...args: string[]) =>
  runCommand(script, args, { ...aws.environment(), CI: "true", REDCAP_STAGES_FILE: join(folder, "stages.ts") });
const succeeds = async (script: string, ...args: string[]): Promise<string> => {
  const { code, output } = await type(script, ...args);
  expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  return output;
};

async function saltIn(account: string): Promise<string | undefined> {
  const secrets = new SecretsManagerClient({ region, endpoint: aws.endpoint, credentials: aws.credentials(account) });
  return (await secrets.send(new GetSecretValueCommand({ SecretId: "redcap-dev/salt" }))).SecretString;
}

/** Addresses in the state of the stage's app. */
async function stateOf(accountId: string): Promise<string[]> {
  const s3 = new S3Client({
    ...{ region, endpoint: aws.endpoint, forcePathStyle: true },
    credentials: aws.credentials(accountId),
  });
  const { bucket, stateKey } = stateNames({ accountId, region });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: stateKey("app-dev") }));
  const { resources } = JSON.parse((await Body?.transformToString()) ?? "{}") as TerraformState;
  return resources.filter(({ mode }) => mode === "managed").map((entry) => `${entry.type}.${entry.name}`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-recovery-kit-"));
  kit = join(folder, "kit");
  writeStages(join(folder, "stages.ts"), config(ACCOUNT, "redcap"));
  aws = await startLocalAws({
    accounts: [
      { id: ACCOUNT, profile: "redcap" },
      { id: BACKUP, profile: "redcap-backup" },
      { id: NEW_ACCOUNT, profile: "new" },
    ],
    region,
    certificates: [ACCOUNT, NEW_ACCOUNT].map(
      (id) => `arn:aws:acm:${region}:${id}:certificate/00000000-0000-4000-8000-000000000001`,
    ),
  });
  await succeeds("bootstrap.ts", "--stage", "dev", "--yes");
  await succeeds("bootstrap.ts", "--backup-account", "--yes");
}, QUICK);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "both accounts are deployed, the stage keeps its kit at once, and nothing is left to plan",
  async () => {
    const deployed = ["deploy", "backup-destination", "--auto-approve", "--output", join(folder, "out")];
    await succeeds("cdktf.ts", ...deployed);
    await succeeds("deploy.ts", "--stage", "dev", "--yes");
    expect(await succeeds("deploy.ts", "--stage", "dev", "--yes")).toContain("app-dev: nothing to change.");
    expect(await succeeds("cdktf.ts", ...deployed)).toMatch(/No changes|0 added, 0 changed, 0 destroyed/);
    expect(await succeeds("recovery-kit.ts", "list", "--stage", "dev")).toMatch(
      /--manifest \S+\n {2}salt\.json \(\d+ bytes\), stages\.json \(\d+ bytes\), image\.json \(\d+ bytes\)/,
    );
  },
  DEPLOYING,
);

test(
  "fetched, it holds the stage's salt, which is not printed, and a configuration that can be used",
  async () => {
    const output = await succeeds("recovery-kit.ts", "fetch", "--stage", "dev", "--to", kit);
    expect(output).toContain(`npm run recovery-kit -- put-salt --stage dev --from ${kit}`);
    const salt = await saltIn(ACCOUNT);
    expect(readFileSync(join(kit, "salt.json"), "utf8")).toBe(salt);
    expect(output).not.toContain(JSON.parse(salt ?? "{}").salt);
    expect(readFileSync(join(kit, "stages.ts"), "utf8")).toContain('"name": "dev"');
  },
  QUICK,
);

test(
  "in another account the salt is there before the first deployment, which then leaves it alone",
  async () => {
    writeStages(join(folder, "stages.ts"), config(NEW_ACCOUNT, "new"));
    await succeeds("bootstrap.ts", "--stage", "dev", "--yes");
    const put = await succeeds("recovery-kit.ts", "put-salt", "--stage", "dev", "--from", kit, "--yes");
    expect(put).toContain("redcap-dev/salt holds the salt of the kit.");
    expect(JSON.parse((await saltIn(NEW_ACCOUNT)) ?? "")).toEqual(JSON.parse((await saltIn(ACCOUNT)) ?? ""));
    expect(put).not.toContain(JSON.parse((await saltIn(ACCOUNT)) ?? "").salt);
    // It is Terraform's own, with its key: the deployment has nothing to do with it.
    expect(await stateOf(NEW_ACCOUNT)).toEqual(
      expect.arrayContaining(["aws_kms_key.database", "aws_secretsmanager_secret.salt"]),
    );
    const looked = await succeeds("deploy.ts", "--stage", "dev", "--dry-run");
    expect(looked).toMatch(/app-dev: 0 to destroy, 0 to replace, 0 to change, \d{3} to create/);
  },
  DEPLOYING,
);

test(
  "the same salt again is no error, another one is refused",
  async () => {
    const again = await succeeds("recovery-kit.ts", "put-salt", "--stage", "dev", "--from", kit);
    expect(again).toContain("holds this salt already");
    chmodSync(join(kit, "salt.json"), 0o600);
    writeFileSync(join(kit, "salt.json"), '{"salt":"another"}');
    const other = await type("recovery-kit.ts", "put-salt", "--stage", "dev", "--from", kit);
    expect(other).toEqual({ code: 1, output: expect.stringContaining("holds another salt; nothing was changed") });
  },
  QUICK,
);
