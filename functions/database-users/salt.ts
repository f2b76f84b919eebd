// REDCap's salt: made once for a stage and never changed, whatever else is.
import { randomBytes } from "node:crypto";
import type { SecretStore } from "./secrets";

export interface Salt {
  salt: string;
}

const SALT_BYTES = 32;

/**
 * Writes a random salt of 64 hexadecimal digits into a secret that has no value.
 * @returns whether it did
 * @throws where the secret cannot be read: whatever it holds stays
 */
export async function ensureSalt(secrets: SecretStore, secret: string): Promise<boolean> {
  if (await secrets.read<Salt>(secret)) return false;
  return secrets.writeFirst(secret, { salt: randomBytes(SALT_BYTES).toString("hex") });
}
