// A rotation's steps and the first key. Each can be repeated, and taken up again where a run was interrupted.
import type { RotationEvent } from "./event";
import type { KeySecret } from "./secret";
import type { AccessKey, User } from "./user";

export interface Settings {
  user: User;
  secret: KeySecret;
  /** Returns once S3 takes the key. @throws where it does not */
  waitUntilAccepted: (key: AccessKey) => Promise<void>;
}

/**
 * Writes a key where the secret has none, or one that the user no longer has.
 * @returns whether it did
 */
export async function ensure({ user, secret, waitUntilAccepted }: Settings): Promise<{ created: boolean }> {
  const current = await secret.current();
  if (current && (await user.keyIds()).includes(current.accessKeyId)) return { created: false };
  const key = await user.newKey(current?.accessKeyId);
  // Before it is written: containers read it at once.
  await waitUntilAccepted(key);
  await secret.write(key);
  return { created: true };
}

/** One step of Secrets Manager's. After an error it repeats all of them, with the same version. */
export async function rotate({ Step, ClientRequestToken: version }: RotationEvent, settings: Settings): Promise<void> {
  const steps = { createSecret, setSecret, testSecret, finishSecret };
  await steps[Step](version, settings);
}

async function createSecret(version: string, { user, secret }: Settings): Promise<void> {
  if ((await isCurrent(version, secret)) || (await secret.version(version))) return;
  const key = await user.newKey((await secret.current())?.accessKeyId);
  // If this fails, the key stays until it makes room for another: it may have been written all the same.
  await secret.write(key, version);
}

/** IAM made the key active. */
async function setSecret(): Promise<void> {}

/**
 * Without rotating, Secrets Manager tries this step out on a version of its own when rotation is set up (API reference,
 * RotateSecret); one that has no value stands for the current key.
 */
async function testSecret(version: string, { secret, waitUntilAccepted }: Settings): Promise<void> {
  const key = (await secret.version(version)) ?? (await secret.current());
  if (!key) throw new Error(`Secret ${secret.arn} has no value.`);
  await waitUntilAccepted(key);
}

/** The key that was current stays active until the next rotation: containers go on with it until they have read anew. */
async function finishSecret(version: string, { secret }: Settings): Promise<void> {
  if (await isCurrent(version, secret)) return;
  if (!(await secret.version(version))) throw new Error(`Version ${version} of secret ${secret.arn} has no value.`);
  await secret.makeCurrent(version);
}

/** @throws for a version that no rotation is making, such as one of a late repetition: it would cost a key */
async function isCurrent(version: string, secret: KeySecret): Promise<boolean> {
  const labels = (await secret.stages())[version] ?? [];
  if (labels.includes("AWSCURRENT")) return true;
  if (!labels.includes("AWSPENDING")) throw new Error(`Version ${version} of secret ${secret.arn} is not pending.`);
  return false;
}
