// One invocation: a Node process of its own, with the function's code, environment and role.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";

/** Members of AWS's FunctionConfiguration that running needs. */
export interface FunctionConfiguration {
  FunctionName: string;
  FunctionArn: string;
  Runtime?: string;
  Handler?: string;
  Role: string;
  /** Seconds. */
  Timeout?: number;
  MemorySize?: number;
  Environment?: { Variables?: Record<string, string> };
}

export interface Invocation {
  moto: MotoClient;
  endpoint: string;
  caFile: string;
  /** Of SES's SMTP endpoint on localhost. */
  smtpPort: number;
  folder: string;
  place: Place;
  config: FunctionConfiguration;
  /** Folder of the unpacked code. */
  code: string;
  /** JSON. */
  event: string;
}

export interface Result {
  /** JSON: what the handler gave, or Lambda's description of the error. */
  payload: string;
  error: boolean;
  log: string;
}

/** Where the Lambda runtime keeps Amazon's certificate authorities for Node 20 and later.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html */
export const RUNTIME_CA_FILE = "/var/runtime/ca-cert.pem";
/** https://docs.aws.amazon.com/general/latest/gr/ses.html */
const SMTP_ENDPOINT = /email-smtp\.[a-z0-9-]+\.amazonaws\.com:587/g;

export async function runFunction(invocation: Invocation): Promise<Result> {
  const { config } = invocation;
  if (!config.Runtime?.startsWith("nodejs")) {
    return failure("Runtime.InvalidRuntime", `The local AWS runs Node functions only, not ${config.Runtime}.`, "");
  }
  const env = await functionEnvironment(invocation);
  const timeout = (config.Timeout ?? 3) * 1000;
  // The handler's answer comes over a channel of its own (descriptor 3): its output is the log.
  const child = spawn(process.execPath, [join(__dirname, "runtime.cjs")], {
    cwd: invocation.code,
    env,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  let log = "";
  let answer = "";
  let timedOut = false;
  child.stdout?.on("data", (chunk: Buffer) => (log += chunk));
  child.stderr?.on("data", (chunk: Buffer) => (log += chunk));
  child.stdio[3]?.on("data", (chunk: Buffer) => (answer += chunk));
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(JSON.stringify({ event: JSON.parse(invocation.event), context: contextOf(config), timeout }));
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, timeout);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  appendFileSync(join(invocation.folder, `lambda-${config.FunctionName}.log`), `${log}${answer}\n`);

  if (timedOut) return failure("Sandbox.Timedout", `Task timed out after ${(timeout / 1000).toFixed(2)} seconds`, log);
  if (!answer) return failure("Runtime.ExitError", "Error: Runtime exited without providing a reason", log);
  const { value, error } = JSON.parse(answer) as { value?: unknown; error?: object };
  return { payload: JSON.stringify(error ?? value ?? null), error: error !== undefined, log };
}

function failure(errorType: string, errorMessage: string, log: string): Result {
  return { payload: JSON.stringify({ errorType, errorMessage }), error: true, log };
}

function contextOf(config: FunctionConfiguration): object {
  return {
    functionName: config.FunctionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: config.FunctionArn,
    memoryLimitInMB: String(config.MemorySize ?? 128),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${config.FunctionName}`,
    logStreamName: "local",
  };
}

/** The function's own variables, with what the Lambda service adds. Nothing of this process is passed on but PATH. */
async function functionEnvironment(invocation: Invocation): Promise<NodeJS.ProcessEnv> {
  const { config, place, endpoint, caFile, smtpPort, moto } = invocation;
  const assumed = await moto.query(place, "sts", {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: config.Role,
    RoleSessionName: config.FunctionName,
  });
  const credentials = assumed.Credentials as Parsed;
  const own = Object.entries(config.Environment?.Variables ?? {}).map(([name, value]) => [
    name,
    value.replaceAll(RUNTIME_CA_FILE, caFile).replace(SMTP_ENDPOINT, `localhost:${smtpPort}`),
  ]);
  return {
    PATH: process.env.PATH,
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: String(credentials.AccessKeyId),
    AWS_SECRET_ACCESS_KEY: String(credentials.SecretAccessKey),
    AWS_SESSION_TOKEN: String(credentials.SessionToken),
    AWS_LAMBDA_FUNCTION_NAME: config.FunctionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.MemorySize ?? 128),
    LAMBDA_TASK_ROOT: invocation.code,
    _HANDLER: config.Handler,
    ...Object.fromEntries(own),
    LOCAL_AWS_CA_FILE: caFile,
    NODE_EXTRA_CA_CERTS: caFile,
  };
}
