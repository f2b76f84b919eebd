// A function of the local AWS runs: its own code, its variables, its role's credentials, the local authorities.

import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import { type LocalAws, startLocalAws } from ".";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const FunctionName = "users";
let aws: LocalAws;
let lambda: LambdaClient;

const zip = (code: string) => zipSync({ "index.js": strToU8(code) });

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region: "eu-west-2" });
  const client = { region: "eu-west-2", endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  lambda = new LambdaClient(client);
  const role = await new IAMClient(client).send(
    new CreateRoleCommand({ RoleName: "users", AssumeRolePolicyDocument: "{}" }),
  );
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role.Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 10,
      Environment: { Variables: { GREETING: "hello", NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem" } },
      Code: {
        ZipFile: zip(`
          const { readFileSync } = require("node:fs");
          exports.handler = async (event, context) => {
            console.log("called by " + context.functionName);
            if (event.fail) throw new TypeError("no such user");
            const { AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_PROFILE } = process.env;
            const authority = readFileSync("/var/runtime/ca-cert.pem", "utf8");
            return { text: process.env.GREETING + " " + event.name, AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
              AWS_PROFILE, authority, extra: process.env.NODE_EXTRA_CA_CERTS };
          };`),
      },
    }),
  );
});
afterAll(() => aws.stop());

async function invoke(event: object) {
  const Payload = JSON.stringify(event);
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
  const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
  return { answer, log, output: JSON.parse(answer.Payload?.transformToString() ?? "null") as Record<string, string> };
}

test("it gives what the handler gives, and its log", async () => {
  const { answer, output, log } = await invoke({ name: "REDCap" });
  expect(answer.FunctionError).toBeUndefined();
  expect(output).toMatchObject({ text: "hello REDCap", AWS_REGION: "eu-west-2", AWS_ENDPOINT_URL: aws.endpoint });
  expect(output.AWS_ACCESS_KEY_ID).toMatch(/^ASIA/);
  expect(output.AWS_PROFILE).toBeUndefined();
  expect(output.authority).toContain("BEGIN CERTIFICATE");
  expect(output.extra).toBe(aws.caFile);
  expect(log).toContain("called by users");
});

test("what the handler throws comes back as the function's error", async () => {
  const { answer, output } = await invoke({ fail: true });
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
  expect(output).toMatchObject({ errorType: "TypeError", errorMessage: "no such user" });
});

test("new code is what runs next; a function that takes too long is stopped", async () => {
  await lambda.send(
    new UpdateFunctionCodeCommand({
      FunctionName,
      ZipFile: zip("exports.handler = () => new Promise((done) => setTimeout(done, 60000));"),
    }),
  );
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 1 }));
  const { answer, output } = await invoke({});
  expect(answer.FunctionError).toBe("Unhandled");
  expect(output.errorMessage).toMatch(/Task timed out after 1.00 seconds/);
});

test("a function that does not exist is not found", async () => {
  await expect(lambda.send(new InvokeCommand({ FunctionName: "nobody" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});
