// SMTP credentials from the bundled function, rotated by the local AWS's Secrets Manager, and mail sent with them through SES's
// endpoint: what it takes, and what it refuses.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { createTransport } from "nodemailer";
import { type SmtpCredentials, waitUntilSesAccepts } from "../../../functions/access-key/mail";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { type LocalAws, startLocalAws } from "../../local-aws";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
const FunctionName = "redcap-prod-mail-key";
const UserName = "redcap-prod-mail";
const FROM = "redcap@redcap.acme.com";
const SET = "redcap-prod";
const SIMULATOR = "success@simulator.amazonses.com";
let aws: LocalAws;
let iam: IAMClient;
let functions: LambdaClient;
let secrets: SecretsManagerClient;
let SecretId: string;
let RotationLambdaARN: string | undefined;

/** A call of SES's API. */
async function ses(method: string, path: string, body: object): Promise<void> {
  const scope = `${aws.credentials(ACCOUNT).accessKeyId}/20260101/${region}/ses/aws4_request`;
  const response = await fetch(`${aws.endpoint}/v2/email${path}`, {
    method,
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

/** The user's rights, as the stack writes them. */
const setRights = (resources: string[], from = FROM) => {
  const Condition = { StringEquals: { "ses:FromAddress": [from] } };
  const Statement = { Effect: "Allow", Action: ["ses:SendRawEmail"], Resource: resources, Condition };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [Statement] });
  return iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "send-mail", PolicyDocument }));
};
const arn = (resource: string) => `arn:aws:ses:${region}:${ACCOUNT}:${resource}`;
const RIGHTS = [arn("identity/*"), arn(`configuration-set/${SET}`)];

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  const settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  iam = new IAMClient(settings);
  functions = new LambdaClient(settings);
  secrets = new SecretsManagerClient(settings);
  await iam.send(new CreateUserCommand({ UserName }));
  await setRights(RIGHTS);
  await ses("POST", "/configuration-sets", { ConfigurationSetName: SET });
  await ses("POST", "/identities", { EmailIdentity: "redcap.acme.com", ConfigurationSetName: SET });
  const role = await iam.send(new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }));
  SecretId = (await secrets.send(new CreateSecretCommand({ Name: "redcap-prod/mail" }))).ARN as string;
  const Variables = {
    PURPOSE: "mail",
    KEY_USER: UserName,
    KEY_SECRET_ARN: SecretId,
    SMTP_ENDPOINT: `email-smtp.${region}.amazonaws.com:587`,
  };
  const made = await functions.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role.Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 30,
      Environment: { Variables },
      Code: { ZipFile: buildZip("access-key") },
    }),
  );
  RotationLambdaARN = made.FunctionArn;
});
beforeEach(() => {
  aws.mail.sent.length = 0;
});
afterAll(() => aws.stop());

const read = async (VersionStage?: string): Promise<SmtpCredentials> =>
  JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString ?? "");

async function rotate(): Promise<void> {
  const lastTime = async () => (await secrets.send(new DescribeSecretCommand({ SecretId }))).LastRotatedDate?.getTime();
  const before = await lastTime();
  await secrets.send(
    new RotateSecretCommand({ SecretId, RotationLambdaARN, RotationRules: { AutomaticallyAfterDays: 30 } }),
  );
  for (let time = 0; time < 150 && (await lastTime()) === before; time += 1) await sleep(200);
  expect(await lastTime()).not.toBe(before);
}

/** @returns SES's refusal, or "sent" */
async function send(mail: { from?: string; to?: string; credentials?: SmtpCredentials; set?: string } = {}) {
  const { host, port, username, password } = mail.credentials ?? (await read());
  const transport = createTransport({
    ...{ host, port, requireTLS: true, tls: { ca: readFileSync(aws.caFile) } },
    auth: { user: username, pass: password },
  });
  try {
    await transport.sendMail({
      from: mail.from ?? `REDCap <${FROM}>`,
      to: mail.to ?? SIMULATOR,
      subject: "A survey",
      text: "Please answer.",
      headers: mail.set ? { "X-SES-CONFIGURATION-SET": mail.set } : {},
    });
    return "sent";
  } catch (error) {
    return (error as Error).message;
  } finally {
    transport.close();
  }
}

test("the first ones are made before any rotation, tried at SES, and not written to the log", async () => {
  const answer = await functions.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify({ action: "ensure" }), LogType: "Tail" }),
  );
  expect([JSON.parse(answer.Payload?.transformToString() ?? ""), answer.FunctionError]).toEqual([
    { created: true },
    undefined,
  ]);
  const credentials = await read();
  expect(credentials).toEqual({
    // In AWS: email-smtp.<region>.amazonaws.com and 587.
    host: "localhost",
    port: aws.mail.port,
    username: expect.stringMatching(/^AKIA/),
    password: expect.stringMatching(/^B[\w+/]{43}$/),
  });
  const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
  expect(log).toContain(credentials.username);
  expect(log).not.toContain(credentials.password);
  expect(await send()).toBe("sent");
  expect(aws.mail.sent).toMatchObject([{ user: UserName, to: [SIMULATOR], headers: { subject: "A survey" } }]);
});

test("a rotation makes others current; the old ones work until the next rotation", async () => {
  const first = await read();
  await rotate();
  const second = await read();
  expect(second.username).not.toBe(first.username);
  expect(await send({ credentials: first })).toBe("sent");
  expect(await send({ credentials: second })).toBe("sent");
  await rotate();
  expect(await send({ credentials: second })).toBe("sent");
  expect(await send()).toBe("sent");
  expect(await send({ credentials: first })).toContain("535");
});

describe("SES, in its model here,", () => {
  test("does not take credentials that it does not know, and the function says so by the key's id", async () => {
    const wrong = { ...(await read()), username: "AKIAUNKNOWN", password: "a password" };
    const refusal = waitUntilSesAccepts(wrong, { patienceMs: 200, retryMs: 50, tls: { ca: readFileSync(aws.caFile) } });
    await expect(refusal).rejects.toThrow(/^localhost:\d+ does not take key AKIAUNKNOWN: 535\.$/);
    await expect(refusal).rejects.not.toThrow("a password");
  });

  test("takes no other sender than the user's policy names", async () => {
    expect(await send({ from: "admin@redcap.acme.com" })).toMatch(
      /554 Access denied.*user\/redcap-prod-mail' is not authorized.*identity\/redcap\.acme\.com/,
    );
    expect(await send({ from: "redcap@elsewhere.org" })).toContain(
      "554 Message rejected: Email address is not verified",
    );
  });

  test("wants a right at the configuration set, named in the message or the identity's default", async () => {
    await setRights([arn("identity/*")]);
    expect(await send()).toContain(`resource \`${arn(`configuration-set/${SET}`)}'`);
    await setRights(RIGHTS);
    expect(await send({ set: SET })).toBe("sent");
    expect(await send({ set: "another" })).toContain("configuration-set/another");
  });

  test("in the sandbox writes to verified recipients only, and asks for a right at theirs, too", async () => {
    const to = "redcapemailtest@gmail.com";
    expect(await send({ to })).toMatch(/failed the check in region EU-WEST-2: redcapemailtest@gmail\.com/);
    await ses("POST", "/identities", { EmailIdentity: "colleague@example.org" });
    expect(await send({ to: "colleague@example.org" })).toBe("sent");
    await setRights([arn("identity/redcap.acme.com"), arn(`configuration-set/${SET}`)]);
    expect(await send({ to: "colleague@example.org" })).toContain(
      "resource `arn:aws:ses:eu-west-2:111111111111:identity/colleague@example.org'",
    );
    await setRights(RIGHTS);

    await ses("POST", "/account/details", { ProductionAccessEnabled: true });
    expect(await send({ to })).toBe("sent");
  });

  test("takes nothing of a user without rights", async () => {
    await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "send-mail" }));
    expect(await send()).toContain("554 Access denied");
    await setRights(RIGHTS);
    expect(await send()).toBe("sent");
  });
});
