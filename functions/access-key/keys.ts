// The first key, and what is particular to rotating one. Both can be repeated, and taken up again where a run was interrupted.
import type { RotatingSecret } from "../shared/rotating-secret";
import type { Rotation } from "../shared/rotation";
import type { Purpose } from "./purpose";
import type { User } from "./user";

export interface Settings<Value> {
  user: User;
  secret: RotatingSecret<Value>;
  purpose: Purpose<Value>;
}

/**
 * Writes a key where the secret has none, or one that the user no longer has.
 * @returns whether it did
 */
export async function ensure<Value>({ user, secret, purpose }: Settings<Value>): Promise<{ created: boolean }> {
  const current = await secret.current();
  const inUse = current ? purpose.keyId(current) : undefined;
  if (inUse && (await user.keyIds()).includes(inUse)) return { created: false };
  const value = purpose.valueOf(await user.newKey(inUse));
  // Before it is written: containers read it at once.
  await purpose.waitUntilAccepted(value);
  await secret.write(value);
  return { created: true };
}

/** IAM makes keys active, so there is nothing to set. One that could not be written stays until it makes room for another. */
export const rotation = <Value>({ user, purpose }: Settings<Value>): Rotation<Value> => ({
  create: async (current) => purpose.valueOf(await user.newKey(current ? purpose.keyId(current) : undefined)),
  test: (value) => purpose.waitUntilAccepted(value),
});
