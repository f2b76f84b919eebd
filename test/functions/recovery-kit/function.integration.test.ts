// The bundled function as Lambda runs it, and what reads a kit, across two accounts: the bucket has the policy that the stack
// of the backup account gives it, and Object Lock.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { choose, hasOtherSalt } from "../../../scripts/recovery-kit/history";
import { type Kit, KitReader } from "../../../scripts/recovery-kit/kit";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { configuration, prodOf, synthDestination } from "../../stacks/backup-shared/synth";
import { policyJson, type Statement } from "../../stacks/synth";

jest.setTimeout(300_000);

const ACCOUNT = "111111111111";
const BACKUP = "222222222222";
const region = "eu-west-2";
const KIT = `redcap-recovery-kit-${BACKUP}-${region}`;
const BUILD = `redcap-prod-build-${ACCOUNT}-${region}`;
const NAME = "redcap-prod-recovery-kit";
const PARAMETER = "/redcap-prod/recovery-kit";
const SALT = '{"salt":"c0ffee"}';
const deployment = { stages: [{ name: "prod" }] };

let aws: LocalAws;
let folder: string;
let backup: S3Client;
let stageS3: S3Client;
let roleArn = "";
const client = (account: string) => ({ region, endpoint: aws.endpoint, credentials: aws.credentials(account) });
const s3Of = (account: string) => new S3Client({ ...client(account), forcePathStyle: true });

const config = configuration();
const stage = config.stages.find(({ name }) => name === "prod") as (typeof config.stages)[number];
const destination = config.backupDestination as NonNullable<typeof config.backupDestination>;
const reader = () => new KitReader(destination, stage, backup);

function kitPolicy(): string {
  const stack = synthDestination((input) => {
    prodOf(input);
  });
  return policyJson(stack.statements(stack.only("aws_s3_bucket_policy").policy) as Statement[], {
    "aws_s3_bucket.recovery-kit.arn": `arn:aws:s3:::${KIT}`,
    "aws_kms_key.recovery-kit.arn": `arn:aws:kms:${region}:${BACKUP}:key/kit`,
  });
}

async function makeKit(): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: region } as const;
  await backup.send(
    new CreateBucketCommand({ Bucket: KIT, CreateBucketConfiguration, ObjectLockEnabledForBucket: true }),
  );
  await backup.send(
    new PutObjectLockConfigurationCommand({
      Bucket: KIT,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 90 } },
      },
    }),
  );
  await backup.send(new PutBucketPolicyCommand({ Bucket: KIT, Policy: kitPolicy() }));
}

async function makeFunction(): Promise<void> {
  const secrets = new SecretsManagerClient(client(ACCOUNT));
  const secret = await secrets.send(new CreateSecretCommand({ Name: "redcap-prod/salt", SecretString: SALT }));
  const role = await new IAMClient(client(ACCOUNT)).send(
    new CreateRoleCommand({ RoleName: NAME, AssumeRolePolicyDocument: "{}" }),
  );
  roleArn = role.Role?.Arn as string;
  await new SSMClient(client(ACCOUNT)).send(new PutParameterCommand({ Name: PARAMETER, Value: "{}", Type: "String" }));
  await new LambdaClient(client(ACCOUNT)).send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Role: roleArn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 240,
      Environment: {
        Variables: {
          STAGE: "prod",
          ACCOUNT_ID: ACCOUNT,
          PROJECT_VERSION: "0.1.0",
          KIT_BUCKET: KIT,
          KIT_OWNER: BACKUP,
          KIT_REGION: region,
          KIT_LOCK_DAYS: "90",
          SALT_SECRET_ARN: secret.ARN as string,
          MEMORY_PARAMETER: PARAMETER,
          REDCAP_ZIP: `${BUILD}/redcap.zip`,
          IMAGE: "example.org/redcap:17.4.4",
        },
      },
      Code: { ZipFile: buildZip("recovery-kit") },
    }),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-kit-"));
  const accounts = [
    { id: ACCOUNT, profile: "redcap" },
    { id: BACKUP, profile: "redcap-backup" },
  ];
  aws = await startLocalAws({ accounts, region });
  backup = s3Of(BACKUP);
  stageS3 = s3Of(ACCOUNT);
  const CreateBucketConfiguration = { LocationConstraint: region } as const;
  await stageS3.send(new CreateBucketCommand({ Bucket: BUILD, CreateBucketConfiguration }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await stageS3.send(new PutBucketVersioningCommand({ Bucket: BUILD, VersioningConfiguration }));
  await stageS3.send(new PutObjectCommand({ Bucket: BUILD, Key: "redcap.zip", Body: "first zip", Tagging: "a=b" }));
  await makeFunction();
});
afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function invoke(action: string) {
  const lambda = new LambdaClient({ ...client(ACCOUNT), requestHandler: { requestTimeout: 250_000 } });
  const Payload = JSON.stringify({ action, deployment });
  const { FunctionError, Payload: answer } = await lambda.send(new InvokeCommand({ FunctionName: NAME, Payload }));
  return { failed: FunctionError, output: JSON.parse(answer?.transformToString() ?? "null") };
}
const versions = async () => (await backup.send(new ListObjectVersionsCommand({ Bucket: KIT }))).Versions ?? [];
const remembered = async () =>
  (await new SSMClient(client(ACCOUNT)).send(new GetParameterCommand({ Name: PARAMETER }))).Parameter?.Value ?? "";

test("where the kit is not there yet, a deployment goes on and says so; the daily run fails", async () => {
  expect(await invoke("deployed")).toEqual({
    failed: undefined,
    output: {
      kept: false,
      written: [],
      reason: expect.stringMatching(/NoSuchBucket.*Deploy backup-destination/),
      time: expect.stringMatching(/Z$/),
    },
  });
  const { failed, output } = await invoke("daily");
  expect([failed, output.errorMessage]).toEqual(["Unhandled", expect.stringContaining(KIT)]);
});

test("all of it is kept in the other account, locked, and described by a manifest", async () => {
  await makeKit();
  const { output } = await invoke("deployed");
  expect(output).toEqual({ kept: true, written: ["salt.json", "stages.json", "image.json", "redcap.zip"] });
  const [kit] = await reader().kits();
  expect(kit?.manifest).toMatchObject({ stage: "prod", accountId: ACCOUNT, region, project: "0.1.0" });
  const sha256 = createHash("sha256").update("first zip").digest("hex");
  expect(kit?.manifest.objects["redcap.zip"]).toMatchObject({ size: 9, sha256 });
  // The lock holds without the policy.
  await backup.send(new DeleteBucketPolicyCommand({ Bucket: KIT }));
  for (const { Key, VersionId } of await versions()) {
    const { ObjectLockMode } = await backup.send(new HeadObjectCommand({ Bucket: KIT, Key, VersionId }));
    expect(ObjectLockMode).toBe("COMPLIANCE");
    await expect(backup.send(new DeleteObjectCommand({ Bucket: KIT, Key, VersionId }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
  }
  await backup.send(new PutBucketPolicyCommand({ Bucket: KIT, Policy: kitPolicy() }));
});

test("neither the salt nor a hash of it stays behind in the stage or its logs", async () => {
  const hash = createHash("sha256").update(SALT).digest("hex");
  const log = readFileSync(join(aws.dataFolder, `lambda-${NAME}.log`), "utf8");
  for (const text of [await remembered(), log]) {
    expect(text).not.toContain("c0ffee");
    expect(text).not.toContain(hash);
  }
});

test("the next run writes nothing but a manifest; after a change, what has changed", async () => {
  const before = (await versions()).length;
  expect((await invoke("daily")).output).toEqual({ kept: true, written: [] });
  expect(await versions()).toHaveLength(before + 1);
  await stageS3.send(new PutObjectCommand({ Bucket: BUILD, Key: "redcap.zip", Body: "second zip" }));
  expect((await invoke("daily")).output.written).toEqual(["redcap.zip"]);
});

test("what was written long ago is written again, before its lock ends", async () => {
  const entries = JSON.parse(await remembered());
  entries["salt.json"].writtenAt = new Date(Date.now() - 46 * 86_400_000).toISOString();
  const Value = JSON.stringify(entries);
  await new SSMClient(client(ACCOUNT)).send(new PutParameterCommand({ Name: PARAMETER, Value, Overwrite: true }));
  expect((await invoke("daily")).output.written).toEqual(["salt.json"]);
});

test("a zip that is gone is told of, and the rest is kept with the zip from before", async () => {
  await stageS3.send(new DeleteObjectCommand({ Bucket: BUILD, Key: "redcap.zip" }));
  const { failed, output } = await invoke("daily");
  expect([failed, output.errorMessage]).toEqual(["Unhandled", expect.stringMatching(/^Not kept: redcap\.zip: s3:/)]);
  const [newest, before] = await reader().kits();
  expect(newest?.manifest.objects).toEqual(before?.manifest.objects);
});

test("whoever has the stage's account reads, lists and deletes nothing, with the function's role neither", async () => {
  const sts = new STSClient(client(ACCOUNT));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "intruder" }));
  const asFunction = new S3Client({
    ...{ region, endpoint: aws.endpoint, forcePathStyle: true },
    credentials: {
      accessKeyId: Credentials?.AccessKeyId as string,
      secretAccessKey: Credentials?.SecretAccessKey as string,
      sessionToken: Credentials?.SessionToken as string,
    },
  });
  const at = { Bucket: KIT, Key: "prod/salt.json" };
  for (const s3 of [stageS3, asFunction]) {
    const refused = { name: "AccessDenied" };
    await expect(s3.send(new GetObjectCommand(at))).rejects.toMatchObject(refused);
    await expect(s3.send(new DeleteObjectCommand(at))).rejects.toMatchObject(refused);
    await expect(s3.send(new ListObjectVersionsCommand({ Bucket: KIT }))).rejects.toMatchObject(refused);
    await expect(s3.send(new PutObjectCommand({ ...at, Key: "dev/salt.json", Body: "x" }))).rejects.toMatchObject(
      refused,
    );
  }
  await expect(stageS3.send(new PutObjectCommand({ ...at, Body: "x" }))).rejects.toMatchObject({
    name: "AccessDenied",
  });
  await expect(asFunction.send(new PutObjectCommand({ ...at, Body: "forged" }))).resolves.toBeDefined();
});

test("a kit is fetched by the versions of its manifest, whatever was written over them, for the owner's eyes", async () => {
  const kits = await reader().kits();
  const target = join(folder, "kit");
  const files = await reader().fetch(choose(kits, undefined), target);
  expect(files.sort()).toEqual(["image.json", "redcap.zip", "salt.json", "stages.json"]);
  expect(readFileSync(join(target, "salt.json"), "utf8")).toBe(SALT);
  expect(readFileSync(join(target, "redcap.zip"), "utf8")).toBe("second zip");
  for (const file of files) expect(statSync(join(target, file)).mode & 0o777).toBe(0o600);
});

test("fetching again goes on where it broke: what is there and right stays, what is wrong is told of", async () => {
  const kit = choose(await reader().kits(), undefined);
  const target = join(folder, "kit");
  const zip = join(target, "redcap.zip");
  rmSync(zip);
  rmSync(join(target, "manifest.json"));
  writeFileSync(`${zip}.part`, "sec");
  const before = statSync(join(target, "salt.json")).mtimeMs;
  await reader().fetch(kit, target);
  expect(readFileSync(zip, "utf8")).toBe("second zip");
  expect(readdirSync(target).sort()).toEqual(["image.json", "manifest.json", "redcap.zip", "salt.json", "stages.json"]);
  expect(statSync(join(target, "salt.json")).mtimeMs).toBe(before);
  writeFileSync(zip, "another zi");
  await expect(reader().fetch(kit, target)).rejects.toThrow(/redcap\.zip is there already, with another content/);
});

test("what S3 gives against the manifest is not kept", async () => {
  const [kit] = (await reader().kits()) as [Kit];
  const forged = structuredClone(kit);
  Object.assign(forged.manifest.objects["image.json"] ?? {}, { sha256: "0".repeat(64) });
  const target = join(folder, "forged");
  await expect(reader().fetch(forged, target)).rejects.toThrow(/image\.json is not what the manifest names/);
  expect(readdirSync(target).join()).not.toContain("image.json");
});

test("another salt than before is not fetched unasked", async () => {
  const secrets = new SecretsManagerClient(client(ACCOUNT));
  await secrets.send(new PutSecretValueCommand({ SecretId: "redcap-prod/salt", SecretString: '{"salt":"evil"}' }));
  await invoke("daily");
  await stageS3.send(new PutObjectCommand({ Bucket: BUILD, Key: "redcap.zip", Body: "second zip" }));
  const kits = await reader().kits();
  expect(kits[0] && hasOtherSalt(kits[0], kits)).toBe(true);
  expect(() => choose(kits, undefined)).toThrow(/another salt than the oldest/);
  expect(choose(kits, kits[1]?.versionId)).toBe(kits[1]);
});

test("another event, and a secret that is no salt, are refused without quoting it", async () => {
  expect((await invoke("delete")).failed).toBe("Unhandled");
  const secrets = new SecretsManagerClient(client(ACCOUNT));
  await secrets.send(new PutSecretValueCommand({ SecretId: "redcap-prod/salt", SecretString: "c0ffee" }));
  const { output } = await invoke("daily");
  expect(output.errorMessage).toMatch(/is not REDCap's salt/);
  expect(JSON.stringify(output)).not.toContain("c0ffee");
});
