// The bundled function as Lambda runs it, rotated by the local AWS's Secrets Manager, with EventBridge's connection.
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateConnectionCommand,
  DeleteConnectionCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
} from "@aws-sdk/client-eventbridge";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { CronUser } from "../../../functions/cron-password/password";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { type LocalAws, startLocalAws } from "../../local-aws";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
const FunctionName = "redcap-prod-cron-password";
const Name = "redcap-prod-cron";
const PLACEHOLDER = "written-by-a-function";
let aws: LocalAws;
let events: EventBridgeClient;
let functions: LambdaClient;
let secrets: SecretsManagerClient;
let SecretId: string;
let functionArn: string;

const connect = () =>
  events.send(
    new CreateConnectionCommand({
      Name,
      AuthorizationType: "BASIC",
      AuthParameters: { BasicAuthParameters: { Username: "cron", Password: PLACEHOLDER } },
    }),
  );

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  const settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  events = new EventBridgeClient(settings);
  secrets = new SecretsManagerClient(settings);
  functions = new LambdaClient(settings);
  const role = await new IAMClient(settings).send(
    new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }),
  );
  await connect();
  SecretId = (await secrets.send(new CreateSecretCommand({ Name: "redcap-prod/cron" }))).ARN as string;
  const made = await functions.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role.Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 30,
      Environment: { Variables: { CRON_SECRET_ARN: SecretId, CONNECTION: Name, WAIT_SECONDS: "2" } },
      Code: { ZipFile: buildZip("cron-password") },
    }),
  );
  functionArn = made.FunctionArn as string;
});
afterAll(() => aws?.stop());

async function ensure() {
  const Payload = JSON.stringify({ action: "ensure" });
  const answer = await functions.send(new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
  const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
  return { output: JSON.parse(answer.Payload?.transformToString() ?? "null"), error: answer.FunctionError, log };
}

const read = async (VersionStage = "AWSCURRENT", id = SecretId): Promise<CronUser> =>
  JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId: id, VersionStage }))).SecretString ?? "");
const describe_ = () => events.send(new DescribeConnectionCommand({ Name }));

/** What EventBridge would send, from the secret that it keeps for the connection. */
async function called(): Promise<CronUser> {
  const { username, password } = await read("AWSCURRENT", (await describe_()).SecretArn);
  return { username, password };
}

test("the first password is in both places, once, and nobody is told it", async () => {
  const { output, error, log } = await ensure();
  expect([output, error]).toEqual([{ created: true }, undefined]);
  const first = await read();
  expect(first).toEqual({ username: "cron", password: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await called()).toEqual(first);
  expect(log).not.toContain(first.password);
  expect((await describe_()).AuthParameters).toEqual({ BasicAuthParameters: { Username: "cron" } });
  expect((await ensure()).output).toEqual({ created: false });
  expect(await read()).toEqual(first);
});

test("a connection that was made anew gets the current password", async () => {
  await events.send(new DeleteConnectionCommand({ Name }));
  await connect();
  const current = await read();
  expect((await called()).password).toBe(PLACEHOLDER);
  expect((await ensure()).output).toEqual({ created: false });
  expect(await called()).toEqual(current);
});

test("while it rotates, EventBridge calls with the old password until containers have had time to read the new one", async () => {
  const before = await read();
  const lastTime = async () => (await secrets.send(new DescribeSecretCommand({ SecretId }))).LastRotatedDate?.getTime();
  const RotationRules = { AutomaticallyAfterDays: 30 };
  await secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: functionArn, RotationRules }));
  const accepted = async () => {
    const labels = ["AWSCURRENT", "AWSPENDING"];
    const versions = await Promise.all(labels.map((label) => read(label).catch(() => undefined)));
    return versions.flatMap((version) => version?.password ?? []);
  };
  const calls = new Set<string>();
  let bothWhileOld = false;
  for (let look = 0; look < 100 && (await lastTime()) === undefined; look += 1) {
    // In this order: a container that reads just before the call knows as much as this.
    const known = await accepted();
    const { password } = await called();
    calls.add(password);
    if (known.length === 2 && known[0] !== known[1] && password === before.password) bothWhileOld = true;
    await sleep(100);
  }
  const after = await read();
  expect(after.password).not.toBe(before.password);
  expect(await called()).toEqual(after);
  expect([...calls].every((password) => [before.password, after.password].includes(password))).toBe(true);
  expect(bothWhileOld).toBe(true);
});

test("a function that was set for another secret refuses", async () => {
  const Payload = JSON.stringify({ Step: "createSecret", SecretId: "arn:other", ClientRequestToken: "v" });
  const answer = await functions.send(new InvokeCommand({ FunctionName, Payload }));
  expect(answer.FunctionError).toBeDefined();
});
