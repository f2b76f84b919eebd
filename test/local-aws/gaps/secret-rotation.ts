// Rotation of secrets: moto would run the function in Docker, and forgets which version is current afterwards: the next value
// that is written would leave two. Here it is Lambda's own model that runs, step by step, as Secrets Manager does.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
import { randomUUID } from "node:crypto";
import type { MotoClient } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"];

const CURRENT = "AWSCURRENT";
/** A label that nobody else uses. */
const ARRIVING = "LOCALARRIVING";

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
  const running = new Set<string>();

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
    const { ARN, Name, VersionIdsToStages } = await describe(request, input.SecretId);
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
    const now = input.RotateImmediately !== false;
    const unfinished = pending.get(arn) ?? unfinishedVersion(labelsOf(VersionIdsToStages));
    const version = unfinished ?? input.ClientRequestToken ?? randomUUID();
    if (now) pending.set(arn, version);
    // As in AWS, the caller does not wait for it. After a failure the version stays pending.
    if (!running.has(arn)) {
      running.add(arn);
      run(request, arn, version, now ? STEPS : ["testSecret"])
        .then(() => pending.delete(arn))
        .catch((error: Error) => log(`Rotation failed: ${error.message}`))
        .finally(() => running.delete(arn));
    }
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    if (now && unfinished)
      throw new AwsError(
        "InvalidRequestException",
        "A previous rotation isn't complete. That rotation will be reattempted.",
      );
    return json({ ARN, Name, ...(now && { VersionId: version }) });
  }

  /** A rotation that is given up. moto does not know the version before it has a value. */
  async function dropPending(request: AwsRequest): Promise<AwsResponse | undefined> {
    const { SecretId = "", VersionStage, RemoveFromVersionId = "" } = jsonBody<Record<string, string>>(request);
    const { ARN, VersionIdsToStages } = await describe(request, SecretId);
    const arn = String(ARN);
    if (VersionStage !== "AWSPENDING" || pending.get(arn) !== RemoveFromVersionId) return undefined;
    pending.delete(arn);
    return labelsOf(VersionIdsToStages)[RemoveFromVersionId] ? undefined : json({ ARN });
  }

  /** A new current value: written beside the current one, which then hands over its label. */
  async function put(request: AwsRequest): Promise<AwsResponse | undefined> {
    const input = jsonBody<{ SecretId: string; ClientRequestToken?: string; VersionStages?: string[] }>(request);
    const { ClientRequestToken: version = randomUUID(), VersionStages = [CURRENT] } = input;
    const { ARN, Name, VersionIdsToStages } = await describe(request, input.SecretId);
    const labels = labelsOf(VersionIdsToStages);
    const before = Object.entries(labels).find(([, own]) => own.includes(CURRENT))?.[0];
    if (!before || labels[version] || !VersionStages.includes(CURRENT)) return undefined;
    const call = (action: string, parameters: object) =>
      moto.json(request, "secretsmanager", `secretsmanager.${action}`, { SecretId: ARN, ...parameters });
    await call("PutSecretValue", { ...input, ClientRequestToken: version, VersionStages: [ARRIVING] });
    const move = { VersionStage: CURRENT, RemoveFromVersionId: before, MoveToVersionId: version };
    await call("UpdateSecretVersionStage", move);
    await call("UpdateSecretVersionStage", { VersionStage: ARRIVING, RemoveFromVersionId: version });
    return json({ ARN, Name, VersionId: version, VersionStages });
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
    const stages = labelsOf(output.VersionIdsToStages);
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
      case "UpdateSecretVersionStage":
        return dropPending(request);
      case "PutSecretValue":
        return put(request);
      case "GetSecretValue": {
        const { VersionId, VersionStage, ...rest } = jsonBody<Record<string, string>>(request);
        if (VersionId || VersionStage) return undefined;
        const body = Buffer.from(JSON.stringify({ ...rest, VersionStage: CURRENT }));
        return moto.forward({ ...request, body });
      }
      default:
        return undefined;
    }
  };
}

/** Labels by version. */
const labelsOf = (versionIdsToStages: unknown) => (versionIdsToStages ?? {}) as Record<string, string[]>;

const unfinishedVersion = (labels: Record<string, string[]>): string | undefined =>
  Object.entries(labels).find(([, own]) => own.includes("AWSPENDING") && !own.includes(CURRENT))?.[0];
