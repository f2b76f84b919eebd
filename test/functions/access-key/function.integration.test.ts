// The bundled function as Lambda runs it, rotated by the local AWS's Secrets Manager: IAM's keys, S3's answer, the labels.
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  IAMClient,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { AccessKey } from "../../../functions/access-key/user";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { type LocalAws, startLocalAws } from "../../local-aws";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
const FunctionName = "redcap-prod-files-key";
const UserName = "redcap-prod-files";
const Bucket = "redcap-prod-files";
let aws: LocalAws;
let settings: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
let iam: IAMClient;
let secrets: SecretsManagerClient;
let SecretId: string;
let functionArn: string;

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  iam = new IAMClient(settings);
  secrets = new SecretsManagerClient(settings);
  await iam.send(new CreateUserCommand({ UserName }));
  const role = await iam.send(new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }));
  const s3 = new S3Client(settings);
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  SecretId = (await secrets.send(new CreateSecretCommand({ Name: "redcap-prod/files-key" }))).ARN as string;
  const made = await new LambdaClient(settings).send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role.Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 30,
      Environment: {
        Variables: { PURPOSE: "files", KEY_USER: UserName, FILES_BUCKET: Bucket, KEY_SECRET_ARN: SecretId },
      },
      Code: { ZipFile: buildZip("access-key") },
    }),
  );
  functionArn = made.FunctionArn as string;
});
afterAll(() => aws.stop());

async function ensure() {
  const Payload = JSON.stringify({ action: "ensure" });
  const answer = await new LambdaClient(settings).send(new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
  const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
  return { output: JSON.parse(answer.Payload?.transformToString() ?? "null"), error: answer.FunctionError, log };
}

const keyIds = async () => {
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
  return AccessKeyMetadata.map(({ AccessKeyId }) => AccessKeyId);
};

const read = async (VersionStage?: string): Promise<AccessKey> =>
  JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString ?? "");

/** Rotates, and waits until it is done. */
async function rotate(RotateImmediately = true): Promise<void> {
  const lastTime = async () => (await secrets.send(new DescribeSecretCommand({ SecretId }))).LastRotatedDate?.getTime();
  const before = await lastTime();
  const RotationRules = { AutomaticallyAfterDays: 30 };
  await secrets.send(
    new RotateSecretCommand({ SecretId, RotationLambdaARN: functionArn, RotationRules, RotateImmediately }),
  );
  for (let time = 0; time < 100 && (await lastTime()) === before; time += 1) await sleep(200);
  expect(await lastTime()).not.toBe(before);
}

test("the first key is there before any rotation, and is made once", async () => {
  const { output, error, log } = await ensure();
  expect([output, error]).toEqual([{ created: true }, undefined]);
  const key = await read();
  expect(await keyIds()).toEqual([key.accessKeyId]);
  expect(log).toContain(key.accessKeyId);
  expect(log).not.toContain(key.secretAccessKey);
  expect((await ensure()).output).toEqual({ created: false });
  expect(await read()).toEqual(key);
});

test("setting rotation up tries the function and rotates nothing", async () => {
  const key = await read();
  await rotate(false);
  expect(await read()).toEqual(key);
  expect(await keyIds()).toEqual([key.accessKeyId]);
  expect(await secrets.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({
    RotationEnabled: true,
    RotationLambdaARN: functionArn,
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
});

test("a rotation makes another key current, which works at S3; the old one stays until the next rotation", async () => {
  const first = await read();
  await rotate();
  const second = await read();
  expect(second.accessKeyId).not.toBe(first.accessKeyId);
  expect(await keyIds()).toEqual([first.accessKeyId, second.accessKeyId]);
  expect(await read("AWSPREVIOUS")).toEqual(first);
  await new S3Client({ ...settings, credentials: second }).send(
    new PutObjectCommand({ Bucket, Key: "edocs/1", Body: "x" }),
  );

  await rotate();
  const third = await read();
  expect(await keyIds()).toEqual([second.accessKeyId, third.accessKeyId]);
  expect((await ensure()).output).toEqual({ created: false });
});

test("after a rotation that failed half-way, the next one has room", async () => {
  const current = await read();
  const [previous] = await keyIds();
  await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: previous }));
  // A key whose secret part nobody has, younger than the current one.
  const lost = (await iam.send(new CreateAccessKeyCommand({ UserName }))).AccessKey?.AccessKeyId;
  await rotate();
  const ids = await keyIds();
  expect(ids).toHaveLength(2);
  expect(ids).toContain(current.accessKeyId);
  expect(ids).not.toContain(lost);
});
