// REDCap's salt: made once for a stage and never changed, whatever else is.
import { randomBytes } from "node:crypto";
import type { SecretStore } from "./secrets";

export interface Salt {
  salt: string;
}

const SALT_BYTES = 32;

/**
 * Writes a random salt of 64 hexadecimal digits into a secret that has no value.
 * @param isInstalled whether the database holds an installed REDCap: that has a salt already, which nobody can guess
 * @returns whether it did
 * @throws where the secret cannot be read, or REDCap is installed: whatever the secret holds stays
 */
export async function ensureSalt(
  secrets: SecretStore,
  secret: string,
  isInstalled: () => Promise<boolean>,
): Promise<boolean> {
  if (await secrets.read<Salt>(secret)) return false;
  if (await isInstalled())
    throw new Error(
      `The database holds an installed REDCap, but secret ${secret} has no value. With a new salt its hashes would be worthless: ` +
        `put $salt of the database.php that it was installed with into a file as {"salt": "…"}, bring it there with ` +
        `aws secretsmanager put-secret-value --secret-id ${secret} --secret-string file://<file>, and deploy again.`,
    );
  return secrets.writeFirst(secret, { salt: randomBytes(SALT_BYTES).toString("hex") });
}
