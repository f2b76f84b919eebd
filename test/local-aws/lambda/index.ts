// Lambda that really runs: moto keeps the function's configuration, the code is kept and run here, by Node.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { Kept } from "../gaps/kept";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";
import { type FunctionConfiguration, runFunction } from "./run";

export interface LambdaOptions {
  moto: MotoClient;
  endpoint: string;
  caFile: string;
  /** Of SES's SMTP endpoint on localhost. */
  smtpPort: number;
  /** Where code is unpacked and logs are written. */
  folder: string;
}

interface Code {
  ZipFile?: string;
  S3Bucket?: string;
  S3Key?: string;
  S3ObjectVersion?: string;
}

export function lambda(options: LambdaOptions): Service {
  /** Folder of the code of each function, by account, region and name. */
  const codes = new Map<string, string>();
  const kept = new Kept(["LoggingConfig"]);
  let unpacked = 0;
  const keyOf = (place: Place, name: string) => [place.account, place.region, name].join("/");

  async function keep(place: Place, name: string, code: Code): Promise<void> {
    const zip = code.ZipFile ? Buffer.from(code.ZipFile, "base64") : await fromS3(options.moto, place, code);
    unpacked += 1;
    const folder = join(options.folder, "lambda", `${name}-${unpacked}`);
    for (const [path, content] of Object.entries(unzipSync(zip))) {
      const target = resolve(folder, path);
      if (!target.startsWith(folder) || path.endsWith("/")) continue;
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    const before = codes.get(keyOf(place, name));
    codes.set(keyOf(place, name), folder);
    if (before) rmSync(before, { recursive: true, force: true });
  }

  async function configuration(place: Place, name: string): Promise<FunctionConfiguration> {
    const path = `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`;
    const answer = await options.moto.rest(place, "lambda", "GET", path);
    const output = JSON.parse(answer.body.toString()) as FunctionConfiguration & { Message?: string };
    if (answer.status >= 400) {
      throw new AwsError("ResourceNotFoundException", output.Message ?? `Function not found: ${name}`, 404);
    }
    return output;
  }

  async function invoke(request: AwsRequest, functionName: string): Promise<AwsResponse> {
    const place = { account: request.account, region: request.region };
    const name = bareName(functionName);
    const config = await configuration(place, name);
    const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
    if (type === "DryRun") return { status: 204, headers: {}, body: "" };
    const code = codes.get(keyOf(place, name));
    if (!code) throw new AwsError("ResourceNotFoundException", `No code of ${name} is kept.`, 404);

    const running = runFunction({ ...options, place, config, code, event: request.body.toString() || "{}" });
    if (type === "Event") {
      running.catch(() => undefined);
      return { status: 202, headers: {}, body: "" };
    }
    const { payload, error, log } = await running;
    const headers: Record<string, string> = { "content-type": "application/json", "x-amz-executed-version": "$LATEST" };
    if (error) headers["x-amz-function-error"] = "Unhandled";
    if (request.headers["x-amz-log-type"] === "Tail") {
      headers["x-amz-log-result"] = Buffer.from(log).subarray(-4096).toString("base64");
    }
    return { status: 200, headers, body: payload };
  }

  /** An answer that describes the function, with the members that moto forgets. */
  async function described(request: AwsRequest, functionName: string): Promise<AwsResponse> {
    const key = keyOf(request, bareName(functionName));
    const answer = await options.moto.forward(request);
    if (answer.status >= 400) return answer;
    if (request.method === "PUT") kept.remember(key, jsonBody(request));
    const output = JSON.parse(answer.body.toString()) as Parsed;
    return json(
      output.Configuration
        ? { ...output, Configuration: { ...output.Configuration, ...kept.recall(key) } }
        : { ...output, ...kept.recall(key) },
    );
  }

  return async (request) => {
    if (request.service !== "lambda") return undefined;
    const place = { account: request.account, region: request.region };
    const [, name, action] =
      /^\/2015-03-31\/functions(?:\/([^/]+))?(?:\/(code|configuration|invocations))?\/?$/.exec(request.path) ?? [];
    const functionName = name ? decodeURIComponent(name) : undefined;
    if (action === "invocations" && functionName && request.method === "POST") return invoke(request, functionName);
    if (functionName && (request.method === "GET" || action === "configuration"))
      return described(request, functionName);

    const created = request.method === "POST" && request.path.replace(/\/$/, "") === "/2015-03-31/functions";
    const updated = request.method === "PUT" && action === "code";
    if (!created && !updated) return undefined;
    const answer = await options.moto.forward(request);
    if (answer.status < 400) {
      const body = jsonBody<{ FunctionName?: string; Code?: Code } & Code>(request);
      const target = bareName(functionName ?? body.FunctionName ?? "");
      await keep(place, target, created ? (body.Code ?? {}) : body);
      if (created) kept.remember(keyOf(place, target), jsonBody(request));
    }
    return answer;
  };
}

/** A function's name from its name, partial or full ARN, with or without a version. */
function bareName(name: string): string {
  return name.includes(":function:")
    ? (name.split(":function:")[1]?.split(":")[0] ?? name)
    : (name.split(":")[0] ?? name);
}

async function fromS3(moto: MotoClient, place: Place, { S3Bucket, S3Key, S3ObjectVersion }: Code): Promise<Buffer> {
  const key = (S3Key ?? "").split("/").map(encodeURIComponent).join("/");
  const version = S3ObjectVersion ? `?versionId=${encodeURIComponent(S3ObjectVersion)}` : "";
  const answer = await moto.rest(place, "s3", "GET", `/${S3Bucket}/${key}${version}`);
  if (answer.status !== 200)
    throw new AwsError("InvalidParameterValueException", `No code at s3://${S3Bucket}/${S3Key}.`);
  return Buffer.from(answer.body);
}
