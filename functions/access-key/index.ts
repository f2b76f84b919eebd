// Lambda that makes and rotates an IAM user's access key, for S3 or for SES's SMTP endpoint, and keeps it in a secret in the
// form that the container reads. Its answers and logs hold no secret.
import { IAMClient } from "@aws-sdk/client-iam";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseSecretEvent, type SecretEvent } from "../shared/event";
import { isDenied, retryWhile } from "../shared/patience";
import { RotatingSecret } from "../shared/rotating-secret";
import { rotate } from "../shared/rotation";
import { setting } from "../shared/setting";
import { files } from "./files";
import { ensure, rotation } from "./keys";
import { mail, parseEndpoint } from "./mail";
import type { Purpose } from "./purpose";
import { User } from "./user";

/** The first key is asked for seconds after the function got its rights. */
const FIRST_KEY = { patienceMs: 60_000, retryMs: 3_000 };

/** @throws Error saying what could not be done; running again is always safe */
export async function handler(event: unknown): Promise<{ created: boolean } | undefined> {
  const request = parseSecretEvent(event);
  const purpose = setting("PURPOSE");
  if (purpose === "files") return answer(request, files(setting("FILES_BUCKET")));
  if (purpose === "mail") return answer(request, mail(parseEndpoint(setting("SMTP_ENDPOINT")), setting("AWS_REGION")));
  throw new Error(`PURPOSE is files or mail, not ${purpose}.`);
}

async function answer<Value>(request: SecretEvent, purpose: Purpose<Value>) {
  const settings = {
    user: new User(new IAMClient({}), setting("KEY_USER")),
    secret: new RotatingSecret(new SecretsManagerClient({}), setting("KEY_SECRET_ARN"), purpose.schema),
    purpose,
  };
  if ("action" in request) return retryWhile(isDenied, () => ensure(settings), FIRST_KEY);
  console.log(JSON.stringify({ step: request.Step, version: request.ClientRequestToken }));
  await rotate(request, settings.secret, rotation(settings));
  return undefined;
}
