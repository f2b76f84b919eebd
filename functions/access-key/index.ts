// Lambda that makes and rotates an IAM user's access key, for S3 or for SES's SMTP endpoint, and keeps it in a secret in the
// form that the container reads. Its answers and logs hold no secret.
import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type AccessKeyEvent, parseEvent } from "./event";
import { files } from "./files";
import { mail, parseEndpoint } from "./mail";
import { isDenied, retryWhile } from "./patience";
import type { Purpose } from "./purpose";
import { ensure, rotate } from "./rotation";
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
  const purpose = setting("PURPOSE");
  if (purpose === "files") return answer(request, files(setting("FILES_BUCKET")));
  if (purpose === "mail") return answer(request, mail(parseEndpoint(setting("SMTP_ENDPOINT")), setting("AWS_REGION")));
  throw new Error(`PURPOSE is files or mail, not ${purpose}.`);
}

async function answer<Value>(request: AccessKeyEvent, purpose: Purpose<Value>) {
  const settings = {
    user: new User(new IAMClient({}), setting("KEY_USER")),
    secret: new KeySecret(new SecretsManagerClient({}), setting("KEY_SECRET_ARN"), purpose.schema),
    purpose,
  };
  if ("action" in request) return retryWhile(isDenied, () => ensure(settings), FIRST_KEY);
  // Whoever else in the account sets this function for a secret of theirs would rotate this one.
  if (request.SecretId !== settings.secret.arn)
    throw new Error(`${request.SecretId} is not the secret of this function.`);
  console.log(JSON.stringify({ step: request.Step, version: request.ClientRequestToken }));
  await rotate(request, settings);
  return undefined;
}
