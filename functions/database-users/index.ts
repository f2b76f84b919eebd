// Lambda inside the VPC: creates, resets and checks REDCap's database users. Its answers and logs hold no secret.
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

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<EnsureResult | CheckResult> {
  const request = parseEvent(event);
  const settings: Settings = {
    secrets: secretsManager(),
    database: setting("DATABASE_NAME"),
    applicationSecret: setting("APPLICATION_SECRET_ARN"),
    ddlSecret: setting("DDL_SECRET_ARN"),
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
