// AWS App Runner, of which moto has nothing: services whose operations take a moment, roll back and can be made to fail,
// what they share, and custom domains. No container runs behind it.
import type { Dns } from "../gaps/dns";
import type { MotoClient } from "../host/moto-client";
import type { Admin } from "../server";
import { json, jsonBody, type Service } from "../service";
import { domainHandlers } from "./domains";
import { revisionHandlers } from "./revisions";
import { serviceHandlers } from "./services";
import { type Input, type OperationType, Region } from "./state";

export interface AppRunnerProps {
  moto: MotoClient;
  dns: Dns;
  /** How long an operation takes. */
  seconds: number;
}

/** A test's wish that the next operation of a type fails: POST with `{ "operation": "UPDATE_SERVICE" }`. */
const FAIL_NEXT = "/local-aws/apprunner/fail-next";

export function appRunner({ moto, dns, seconds }: AppRunnerProps): { service: Service; admin: Admin } {
  const regions = new Map<string, Region>();
  const failing = new Set<OperationType>();
  const handlers = {
    ...serviceHandlers({ moto, seconds, fails: (type) => failing.delete(type) }),
    ...domainHandlers({ dns, seconds }),
    ...revisionHandlers,
  };

  const service: Service = async (request) => {
    const handler = request.service === "apprunner" ? handlers[request.action] : undefined;
    if (!handler) return undefined;
    const key = `${request.account} ${request.region}`;
    const region = regions.get(key) ?? new Region({ account: request.account, region: request.region });
    regions.set(key, region);
    return json(await handler(jsonBody<Input>(request), region));
  };
  const admin: Admin = async (method, path, body) => {
    if (method !== "POST" || path !== FAIL_NEXT) return undefined;
    failing.add((JSON.parse(body.toString()) as { operation: OperationType }).operation);
    return json({});
  };
  return { service, admin };
}
