// Secrets Manager's rotation in four steps, whatever is rotated. Each can be repeated: after an error Secrets Manager sends
// all of them again, with the same version (its user guide, rotation by Lambda function).
import type { RotationEvent } from "./event";
import type { RotatingSecret } from "./rotating-secret";

/** What differs from secret to secret. */
export interface Rotation<T> {
  /** Makes what the new version holds. It is called once per rotation, unless what it made was lost. */
  create: (current: T | null) => Promise<T>;
  /** Lets the service that the secret is for know the new value, where making it did not. */
  set?: (pending: T) => Promise<void>;
  /** Returns once the service takes the value. @throws where it does not */
  test: (value: T) => Promise<void>;
}

/** @throws Error saying what could not be done */
export async function rotate<T>(
  { Step, SecretId, ClientRequestToken: version }: RotationEvent,
  secret: RotatingSecret<T>,
  rotation: Rotation<T>,
): Promise<void> {
  // Whoever else in the account sets this function for a secret of theirs would rotate this one.
  if (SecretId !== secret.arn) throw new Error(`${SecretId} is not the secret of this function.`);
  const steps = { createSecret, setSecret, testSecret, finishSecret };
  await steps[Step](version, secret, rotation);
}

type Step = <T>(version: string, secret: RotatingSecret<T>, rotation: Rotation<T>) => Promise<void>;

const createSecret: Step = async (version, secret, { create }) => {
  if ((await isCurrent(version, secret)) || (await secret.version(version))) return;
  await secret.write(await create(await secret.current()), version);
};

const setSecret: Step = async (version, secret, { set }) => {
  if (!set || (await isCurrent(version, secret))) return;
  await set(await pendingValue(version, secret));
};

/**
 * Without rotating, Secrets Manager tries this step out on a version of its own when rotation is set up (API reference,
 * RotateSecret); one that has no value stands for the current one.
 */
const testSecret: Step = async (version, secret, { test }) => {
  const value = (await secret.version(version)) ?? (await secret.current());
  if (!value) throw new Error(`Secret ${secret.arn} has no value.`);
  await test(value);
};

/** What was current works until the next rotation: containers go on with it until they have read anew. */
const finishSecret: Step = async (version, secret) => {
  if (!(await isCurrent(version, secret))) {
    await pendingValue(version, secret);
    await secret.makeCurrent(version);
  }
  await secret.dropPending();
};

async function pendingValue<T>(version: string, secret: RotatingSecret<T>): Promise<T> {
  const value = await secret.version(version);
  if (!value) throw new Error(`Version ${version} of secret ${secret.arn} has no value.`);
  return value;
}

/** @throws for a version that no rotation is making, such as one of a late repetition: it would cost a key */
async function isCurrent(version: string, secret: RotatingSecret<unknown>): Promise<boolean> {
  const labels = (await secret.stages())[version] ?? [];
  if (labels.includes("AWSCURRENT")) return true;
  if (!labels.includes("AWSPENDING")) throw new Error(`Version ${version} of secret ${secret.arn} is not pending.`);
  return false;
}
