// Lambda that makes and rotates the password with which EventBridge starts cron over HTTP. It is in two places: the stage's own
// secret, which the service's containers read, and the EventBridge connection. Its answers and logs do not hold it.
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseSecretEvent } from "../shared/event";
import { isDenied, retryWhile } from "../shared/patience";
import { RotatingSecret } from "../shared/rotating-secret";
import { rotate } from "../shared/rotation";
import { setting } from "../shared/setting";
import { Connection } from "./connection";
import { cronUser, ensure, rotation } from "./password";

/** The first password is asked for seconds after the function got its rights. */
const FIRST = { patienceMs: 60_000, retryMs: 3_000 };

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<{ created: boolean } | undefined> {
  const request = parseSecretEvent(event);
  const settings = {
    secret: new RotatingSecret(new SecretsManagerClient({}), setting("CRON_SECRET_ARN"), cronUser),
    connection: new Connection(new EventBridgeClient({}), setting("CONNECTION")),
    waitMs: Number(setting("WAIT_SECONDS")) * 1_000,
  };
  if ("action" in request) return retryWhile(isDenied, () => ensure(settings), FIRST);
  console.log(JSON.stringify({ step: request.Step, version: request.ClientRequestToken }));
  await rotate(request, settings.secret, rotation(settings));
  return undefined;
}
