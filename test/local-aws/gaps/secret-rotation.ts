// Rotation of secrets: moto would run the function in Docker, and forgets which version is current afterwards. Here it is
// Lambda's own model that runs, step by step, as Secrets Manager does.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
import { randomUUID } from "node:crypto";
import type { MotoClient } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"];

interface Rotation {
  RotationEnabled: boolean;
  RotationLambdaARN: string;
  RotationRules: Parsed;
  /** When the last one ended, seconds since the epoch. */
  LastRotatedDate?: number;
}

interface RotateSecret {
  SecretId: string;
  ClientRequestToken?: string;
  RotationLambdaARN?: string;
  RotationRules?: Parsed;
  RotateImmediately?: boolean;
}

/** @param functions Lambda, which runs the rotation functions */
export function secretRotation(moto: MotoClient, functions: Service, log: (line: string) => void): Service {
  const rotations = new Map<string, Rotation>();
  /** Versions that rotations are making, by secret: empty and pending until the function gives them a value. */
  const pending = new Map<string, string>();

  const describe = (request: AwsRequest, SecretId: string) =>
    moto.json(request, "secretsmanager", "secretsmanager.DescribeSecret", { SecretId });

  async function run(request: AwsRequest, arn: string, version: string, steps: string[]): Promise<void> {
    const { RotationLambdaARN } = rotations.get(arn) as Rotation;
    for (const Step of steps) {
      const answer = await functions({
        ...request,
        service: "lambda",
        path: `/2015-03-31/functions/${encodeURIComponent(RotationLambdaARN)}/invocations`,
        headers: {},
        body: Buffer.from(JSON.stringify({ Step, SecretId: arn, ClientRequestToken: version })),
      });
      if (answer?.headers["x-amz-function-error"]) throw new Error(`${Step} of ${arn}: ${answer.body}`);
    }
    rotations.set(arn, { ...(rotations.get(arn) as Rotation), LastRotatedDate: Date.now() / 1000 });
  }

  async function rotate(request: AwsRequest): Promise<AwsResponse> {
    const input = jsonBody<RotateSecret>(request);
    const { ARN, Name } = await describe(request, input.SecretId);
    const arn = String(ARN);
    const known = rotations.get(arn);
    const RotationLambdaARN = input.RotationLambdaARN ?? known?.RotationLambdaARN;
    if (!RotationLambdaARN)
      throw new AwsError("InvalidRequestException", "No Lambda rotation function ARN is associated");
    rotations.set(arn, {
      ...known,
      RotationEnabled: true,
      RotationLambdaARN,
      RotationRules: input.RotationRules ?? known?.RotationRules ?? {},
    });
    const version = input.ClientRequestToken ?? randomUUID();
    const now = input.RotateImmediately !== false;
    if (now) pending.set(arn, version);
    // As in AWS, the caller does not wait for it.
    run(request, arn, version, now ? STEPS : ["testSecret"])
      .catch((error: Error) => log(`Rotation failed: ${error.message}`))
      .finally(() => pending.delete(arn));
    return json({ ARN, Name, ...(now && { VersionId: version }) });
  }

  async function cancel(request: AwsRequest): Promise<AwsResponse> {
    const { ARN, Name } = await describe(request, jsonBody<RotateSecret>(request).SecretId);
    const known = rotations.get(String(ARN));
    if (!known) throw new AwsError("InvalidRequestException", "The secret has no rotation function.");
    rotations.set(String(ARN), { ...known, RotationEnabled: false });
    return json({ ARN, Name });
  }

  async function described(request: AwsRequest): Promise<AwsResponse> {
    const answer = await moto.forward(request);
    if (answer.status >= 400) return answer;
    const output = JSON.parse(answer.body.toString()) as Parsed;
    const version = pending.get(String(output.ARN));
    const stages = (output.VersionIdsToStages ?? {}) as Record<string, string[]>;
    const VersionIdsToStages = version && !stages[version] ? { ...stages, [version]: ["AWSPENDING"] } : stages;
    return json({ ...output, VersionIdsToStages, ...rotations.get(String(output.ARN)) });
  }

  return async (request) => {
    if (request.service !== "secretsmanager") return undefined;
    switch (request.action) {
      case "RotateSecret":
        return rotate(request);
      case "CancelRotateSecret":
        return cancel(request);
      case "DescribeSecret":
        return described(request);
      case "GetSecretValue": {
        const { VersionId, VersionStage, ...rest } = jsonBody<Record<string, string>>(request);
        if (VersionId || VersionStage) return undefined;
        const body = Buffer.from(JSON.stringify({ ...rest, VersionStage: "AWSCURRENT" }));
        return moto.forward({ ...request, body });
      }
      default:
        return undefined;
    }
  };
}
