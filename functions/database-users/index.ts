// Lambda inside the VPC: creates, resets, checks and rotates REDCap's database users, and makes its salt.
// Its answers and logs hold no secret.
import { rotate } from "../shared/rotation";
import { setting } from "../shared/setting";
import { check } from "./check";
import { requireDomain } from "./domain";
import { ensure, type Settings } from "./ensure";
import { type CheckResult, type EnsureResult, parseEvent } from "./event";
import { rotation } from "./rotation";
import { secretsManager, userSecret } from "./secrets";
import { APPLICATION_USER, DDL_USER, takingTurns } from "./users";

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<EnsureResult | CheckResult | undefined> {
  const request = parseEvent(event);
  const domain = setting("DATABASE_DOMAIN");
  if ("action" in request) requireDomain(request.cluster.host, domain);
  const settings: Settings = {
    secrets: secretsManager(),
    database: setting("DATABASE_NAME"),
    application: { secret: userSecret(setting("APPLICATION_SECRET_ARN")), users: takingTurns(APPLICATION_USER) },
    ddl: { secret: userSecret(setting("DDL_SECRET_ARN")), users: takingTurns(DDL_USER) },
    saltSecret: setting("SALT_SECRET_ARN"),
  };
  if ("action" in request) {
    console.log(JSON.stringify({ action: request.action, cluster: request.cluster.identifier }));
    return request.action === "check" ? check(request, settings) : ensure(request, settings);
  }
  console.log(JSON.stringify({ step: request.Step, secret: request.SecretId, version: request.ClientRequestToken }));
  const login = request.SecretId === settings.ddl.secret.arn ? settings.ddl : settings.application;
  await rotate(request, login.secret, rotation(login, settings, domain));
  return undefined;
}
