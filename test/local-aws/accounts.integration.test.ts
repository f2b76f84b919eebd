// Two accounts of one organization on one machine, apart from each other and from the caller's own AWS settings.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { DescribeOrganizationCommand, ListAccountsCommand, OrganizationsClient } from "@aws-sdk/client-organizations";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { type LocalAws, startLocalAws } from ".";

jest.setTimeout(60_000);

const REGION = "eu-west-2";
const [FIRST, SECOND] = ["111111111111", "222222222222"] as const;
let aws: LocalAws;

beforeAll(async () => {
  const accounts = [
    { id: FIRST, profile: "redcap" },
    { id: SECOND, profile: "redcap-backup" },
  ];
  aws = await startLocalAws({ accounts, region: REGION });
});
afterAll(() => aws.stop());

const clientOf = (account: string) => ({
  region: REGION,
  endpoint: aws.endpoint,
  credentials: aws.credentials(account),
});

test("the environment drops every AWS setting of the caller", () => {
  const before = process.env;
  process.env = {
    ...before,
    AWS_PROFILE: "hospital",
    AWS_ACCESS_KEY_ID: "AKIAREAL",
    AWS_REGION: "us-east-1",
    KEPT: "yes",
  };
  const environment = aws.environment();
  process.env = before;
  expect(environment).toMatchObject({ AWS_ENDPOINT_URL: aws.endpoint, KEPT: "yes" });
  expect(
    Object.keys(environment)
      .filter((name) => name.startsWith("AWS_"))
      .sort(),
  ).toEqual([
    "AWS_CONFIG_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3_CONTROL",
    "AWS_SHARED_CREDENTIALS_FILE",
  ]);
});

test("with that environment and a profile, an SDK that knows nothing of the local AWS reaches its account", async () => {
  const script = `
    const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
    const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
    (async () => {
      await new S3Client({}).send(new CreateBucketCommand({ Bucket: "from-the-profile" }));
      console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account);
    })();`;
  const env = { ...aws.environment(), AWS_PROFILE: "redcap-backup", NODE_NO_WARNINGS: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env, cwd: process.cwd() });
  expect(stdout.trim()).toBe(SECOND);
  const { Buckets = [] } = await new S3Client(clientOf(SECOND)).send(new ListBucketsCommand({}));
  expect(Buckets.map(({ Name }) => Name)).toEqual(["from-the-profile"]);
  expect((await new S3Client(clientOf(FIRST)).send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
});

test("temporary credentials belong to the role's account, unknown keys to nobody", async () => {
  const RoleName = "restorer";
  await new IAMClient(clientOf(SECOND)).send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{}" }));
  const assume = { RoleArn: `arn:aws:iam::${SECOND}:role/${RoleName}`, RoleSessionName: "test" };
  const { Credentials } = await new STSClient(clientOf(FIRST)).send(new AssumeRoleCommand(assume));
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
  const identity = await new STSClient({ ...clientOf(FIRST), credentials }).send(new GetCallerIdentityCommand({}));
  expect(identity.Account).toBe(SECOND);

  const unknown = { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" };
  await expect(
    new STSClient({ ...clientOf(FIRST), credentials: unknown }).send(new GetCallerIdentityCommand({})),
  ).rejects.toMatchObject({ name: "InvalidClientTokenId" });
});

test("both accounts see the same organization; only its management account lists accounts", async () => {
  const organizations = [FIRST, SECOND].map((account) => new OrganizationsClient(clientOf(account)));
  const [one, other] = await Promise.all(
    organizations.map((client) => client.send(new DescribeOrganizationCommand({}))),
  );
  expect(one?.Organization?.Id).toMatch(/^o-[a-z0-9]{10,32}$/);
  expect(other?.Organization).toEqual(one?.Organization);
  await expect(organizations[0]?.send(new ListAccountsCommand({}))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
  const management = new OrganizationsClient(clientOf(one?.Organization?.MasterAccountId ?? ""));
  const { Accounts = [] } = await management.send(new ListAccountsCommand({}));
  expect(Accounts.map(({ Id }) => Id)).toEqual(expect.arrayContaining([FIRST, SECOND]));
});

test("S3 keeps versions, and writes only where nothing is when asked to", async () => {
  const s3 = new S3Client(clientOf(FIRST));
  const Bucket = "state-of-the-first";
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "one" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "two" }));
  expect((await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions).toHaveLength(2);
  expect(await (await s3.send(new GetObjectCommand({ Bucket, Key: "a" }))).Body?.transformToString()).toBe("two");

  const lock = { Bucket, Key: "a.tflock", Body: "mine", IfNoneMatch: "*" };
  await s3.send(new PutObjectCommand(lock));
  await expect(s3.send(new PutObjectCommand(lock))).rejects.toMatchObject({ name: "PreconditionFailed" });
});

test("keys are in a file that only its owner can read", () => {
  const file = aws.environment().AWS_SHARED_CREDENTIALS_FILE ?? "";
  expect(readFileSync(file, "utf8")).toContain(aws.credentials(SECOND).accessKeyId);
  expect(require("node:fs").statSync(file).mode & 0o077).toBe(0);
});
