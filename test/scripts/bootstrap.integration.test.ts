// The bootstrap command as a person runs it, against the local AWS.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupClient, DescribeRegionSettingsCommand } from "@aws-sdk/client-backup";
import { DynamoDBClient, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import {
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { PROJECT_ROOT, stateNames } from "../../config";
import { type LocalAws, startLocalAws } from "../local-aws";

const REGION = "eu-west-2";
const STAGE = { accountId: "111111111111", region: REGION };
const STARTING = 180_000;
const COMMAND = 60_000;

let aws: LocalAws;
let folder: string;

/** A configuration file: the sample, changed by an expression of `sample`. */
function stagesFile(name: string, expression = "sample"): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(
    file,
    `import sample from ${JSON.stringify(join(PROJECT_ROOT, "stages.sample"))};\nexport default ${expression};\n`,
  );
  return file;
}

/** Runs `npm run bootstrap -- <flags>` without a terminal. */
async function bootstrap(file: string, ...flags: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "scripts/bootstrap.ts", ...flags], {
    cwd: PROJECT_ROOT,
    env: { ...aws.environment(), REDCAP_STAGES_FILE: file },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

/** Settings of a client of the stage's account. */
const client = () => ({ region: REGION, endpoint: aws.endpoint, credentials: aws.credentials(STAGE.accountId) });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-bootstrap-"));
  aws = await startLocalAws({
    accounts: [
      { id: "111111111111", profile: "redcap" },
      { id: "222222222222", profile: "redcap-backup" },
    ],
    region: REGION,
  });
}, STARTING);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
}, STARTING);

test(
  "asks before it changes anything, and --dry-run only tells",
  async () => {
    const file = stagesFile("sample");
    const asked = await bootstrap(file, "--stage", "prod");
    expect(asked).toMatchObject({ code: 1, output: expect.stringContaining("Add --yes") });
    const dry = await bootstrap(file, "--stage", "prod", "--dry-run");
    expect(dry).toMatchObject({ code: 0, output: expect.stringContaining("11 to do") });
  },
  COMMAND,
);

test(
  "prepares both accounts, and changes nothing the second time",
  async () => {
    const file = stagesFile("sample");
    const before = await new BackupClient(client()).send(new DescribeRegionSettingsCommand({}));
    const first = await bootstrap(file, "--stage", "prod", "--backup-account", "--yes", "--strict");
    expect(first).toMatchObject({ code: 0 });
    expect(first.output.match(/^ {2}created/gm)).toHaveLength(20);
    const second = await bootstrap(file, "--stage", "prod", "--backup-account", "--yes", "--strict");
    expect(second.code).toBe(0);
    expect(second.output.match(/^ {2}already right/gm)).toHaveLength(22);
    expect(second.output.match(/^Nothing to do/gm)).toHaveLength(2);
    expect(second.output).not.toMatch(/^ {2}(created|corrected)/m);

    const after = await new BackupClient(client()).send(new DescribeRegionSettingsCommand({}));
    expect(after.ResourceTypeOptInPreference).toEqual({
      ...before.ResourceTypeOptInPreference,
      Aurora: true,
      S3: true,
    });
  },
  COMMAND,
);

test(
  "corrects what was changed since, and leaves other people's statements",
  async () => {
    const { bucket, lockTable } = stateNames(STAGE);
    const s3 = new S3Client({ ...client(), forcePathStyle: true });
    const theirs = {
      Sid: "Theirs",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111111111111:root" },
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${bucket}/*`,
    };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [theirs] });
    await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }));
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Suspended" } }));
    await new DynamoDBClient(client()).send(
      new UpdateTableCommand({ TableName: lockTable, DeletionProtectionEnabled: false }),
    );

    const { code, output } = await bootstrap(stagesFile("sample"), "--stage", "prod", "--yes");
    expect(code).toBe(0);
    expect(output).toMatch(/corrected +state bucket \S+ \(versioning, bucket policy\)/);
    expect(output).toMatch(/corrected +state lock table \S+ \(deletion protection\)/);
    expect(output).toContain("Done: 2 changes.");
    const found = await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    expect(JSON.parse(found.Policy ?? "").Statement).toEqual([
      theirs,
      expect.objectContaining({ Sid: "OnlyOverTls", Effect: "Deny" }),
    ]);
  },
  COMMAND,
);

test(
  "stops at the wrong account and names both",
  async () => {
    const other = 'JSON.parse(JSON.stringify(sample).replaceAll("111111111111", "333333333333"))';
    const { code, output } = await bootstrap(stagesFile("wrong-account", other), "--stage", "prod", "--yes");
    expect(code).toBe(1);
    expect(output).toMatch(/Wrong account: .*111111111111.*333333333333/);
    expect(output).not.toMatch(/^ {2}(created|corrected)/m);
  },
  COMMAND,
);

test(
  "stops at a misspelt stage and says which there are",
  async () => {
    const { code, output } = await bootstrap(stagesFile("sample"), "--stage", "prd", "--yes");
    expect(code).toBe(1);
    expect(output).toContain("--stage prd: there is no such stage. Configured: dev, prod.");
  },
  COMMAND,
);
