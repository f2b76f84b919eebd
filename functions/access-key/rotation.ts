// A rotation's steps and the first key. Each can be repeated, and taken up again where a run was interrupted.
import type { RotationEvent } from "./event";
import type { Purpose } from "./purpose";
import type { KeySecret } from "./secret";
import type { User } from "./user";

export interface Settings<Value> {
  user: User;
  secret: KeySecret<Value>;
  purpose: Purpose<Value>;
}

/**
 * Writes a key where the secret has none, or one that the user no longer has.
 * @returns whether it did
 */
export async function ensure<Value>({ user, secret, purpose }: Settings<Value>): Promise<{ created: boolean }> {
  const inUse = await keyInUse(secret, purpose);
  if (inUse && (await user.keyIds()).includes(inUse)) return { created: false };
  const value = purpose.valueOf(await user.newKey(inUse));
  // Before it is written: containers read it at once.
  await purpose.waitUntilAccepted(value);
  await secret.write(value);
  return { created: true };
}

async function keyInUse<Value>(secret: KeySecret<Value>, purpose: Purpose<Value>): Promise<string | undefined> {
  const current = await secret.current();
  return current ? purpose.keyId(current) : undefined;
}

/** One step of Secrets Manager's. After an error it repeats all of them, with the same version. */
export async function rotate<Value>(event: RotationEvent, settings: Settings<Value>): Promise<void> {
  const steps = { createSecret, setSecret, testSecret, finishSecret };
  await steps[event.Step](event.ClientRequestToken, settings);
}

async function createSecret<Value>(version: string, { user, secret, purpose }: Settings<Value>): Promise<void> {
  if ((await isCurrent(version, secret)) || (await secret.version(version))) return;
  const key = await user.newKey(await keyInUse(secret, purpose));
  // If this fails, the key stays until it makes room for another: it may have been written all the same.
  await secret.write(purpose.valueOf(key), version);
}

/** IAM made the key active. */
async function setSecret(): Promise<void> {}

/**
 * Without rotating, Secrets Manager tries this step out on a version of its own when rotation is set up (API reference,
 * RotateSecret); one that has no value stands for the current key.
 */
async function testSecret<Value>(version: string, { secret, purpose }: Settings<Value>): Promise<void> {
  const value = (await secret.version(version)) ?? (await secret.current());
  if (!value) throw new Error(`Secret ${secret.arn} has no value.`);
  await purpose.waitUntilAccepted(value);
}

/** The key that was current stays active until the next rotation: containers go on with it until they have read anew. */
async function finishSecret<Value>(version: string, { secret }: Settings<Value>): Promise<void> {
  if (await isCurrent(version, secret)) return;
  if (!(await secret.version(version))) throw new Error(`Version ${version} of secret ${secret.arn} has no value.`);
  await secret.makeCurrent(version);
}

/** @throws for a version that no rotation is making, such as one of a late repetition: it would cost a key */
async function isCurrent<Value>(version: string, secret: KeySecret<Value>): Promise<boolean> {
  const labels = (await secret.stages())[version] ?? [];
  if (labels.includes("AWSCURRENT")) return true;
  if (!labels.includes("AWSPENDING")) throw new Error(`Version ${version} of secret ${secret.arn} is not pending.`);
  return false;
}
