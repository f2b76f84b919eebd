// Lambda that makes and rotates the access key with which REDCap reaches S3. Its answers and logs hold no secret.
import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { waitUntilAccepted } from "./accepted";
import { parseEvent } from "./event";
import { isDenied, retryWhile } from "./patience";
import { ensure, rotate, type Settings } from "./rotation";
import { KeySecret } from "./secret";
import { User } from "./user";

/** The first key is asked for seconds after the function got its rights. */
const FIRST_KEY = { patienceMs: 60_000, retryMs: 3_000 };

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The function's environment lacks ${name}.`);
  return value;
}

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<{ created: boolean } | undefined> {
  const request = parseEvent(event);
  const bucket = setting("FILES_BUCKET");
  const settings: Settings = {
    user: new User(new IAMClient({}), setting("FILES_USER")),
    secret: new KeySecret(new SecretsManagerClient({}), setting("FILES_KEY_SECRET_ARN")),
    waitUntilAccepted: (key) => waitUntilAccepted(key, bucket),
  };
  if ("action" in request) return retryWhile(isDenied, () => ensure(settings), FIRST_KEY);
  // Whoever else in the account sets this function for a secret of theirs would rotate this one.
  if (request.SecretId !== settings.secret.arn)
    throw new Error(`${request.SecretId} is not the secret of this function.`);
  console.log(JSON.stringify({ step: request.Step, version: request.ClientRequestToken }));
  await rotate(request, settings);
}
