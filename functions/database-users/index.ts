// Lambda inside the VPC: creates, resets and checks REDCap's database users, and makes its salt.
// Its answers and logs hold no secret.
import { check } from "./check";
import { ensure, type Settings } from "./ensure";
import { type CheckResult, type EnsureResult, parseEvent } from "./event";
import { secretsManager } from "./secrets";
import { APPLICATION_USER, DDL_USER } from "./users";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The function's environment lacks ${name}.`);
  return value;
}

/**
 * The master's password goes to hosts of the stage's account and region only: whoever may invoke the function could
 * otherwise have it sent to a host of their own. The clusters' endpoints of an account and region differ in their first
 * label alone.
 * @throws Error for any other host
 */
export function requireDomain(host: string, domain: string): void {
  if (host.replace(/^[^.]*\./, "").toLowerCase() !== domain.toLowerCase())
    throw new Error(`${host} is not a cluster's endpoint in ${domain}: no password is sent there.`);
}

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<EnsureResult | CheckResult> {
  const request = parseEvent(event);
  requireDomain(request.cluster.host, setting("DATABASE_DOMAIN"));
  const settings: Settings = {
    secrets: secretsManager(),
    database: setting("DATABASE_NAME"),
    applicationSecret: setting("APPLICATION_SECRET_ARN"),
    ddlSecret: setting("DDL_SECRET_ARN"),
    saltSecret: setting("SALT_SECRET_ARN"),
  };
  console.log(JSON.stringify({ action: request.action, cluster: request.cluster.identifier }));
  if (request.action === "check") return check(request, settings);
  return ensure(
    request,
    [
      { user: APPLICATION_USER, secret: settings.applicationSecret },
      { user: DDL_USER, secret: settings.ddlSecret },
    ],
    settings,
  );
}
