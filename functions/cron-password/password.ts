// The first password, and what is particular to rotating it. Both can be repeated, and taken up again where a run was interrupted.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { RotatingSecret } from "../shared/rotating-secret";
import type { Rotation } from "../shared/rotation";
import type { Connection } from "./connection";

/** What the container reads (containers/redcap/lib/secrets.php). AWS WAF knows the caller by the user's name. */
export const cronUser = z.object({ username: z.literal("cron"), password: z.string().min(32) });
export type CronUser = z.infer<typeof cronUser>;

export interface Settings {
  secret: RotatingSecret<CronUser>;
  connection: Connection;
  /** How long containers may take until they know a pending password. */
  waitMs: number;
}

/** The image keeps a cheap hash: a password of 256 random bits is not guessed. Without characters that HTTP or a shell means. */
const newUser = (): CronUser => ({ username: "cron", password: randomBytes(32).toString("base64url") });

/**
 * Writes a password where the secret has none, and gives the connection the current one. A rotation that is under way is
 * given up: the connection may have its password already.
 * @returns whether there was none
 */
export async function ensure({ secret, connection }: Settings): Promise<{ created: boolean }> {
  const current = await secret.current();
  const user = current ?? newUser();
  if (current) await secret.dropPending();
  else await secret.write(user);
  await connection.use(user);
  await connection.waitUntilAuthorized();
  return { created: current === null };
}

/**
 * Containers take the pending password beside the current one (containers/redcap/lib/secrets.php), but the one before
 * no more: so the connection gets it when all of them have read it, and before it is current.
 */
export const rotation = ({ connection, waitMs }: Settings): Rotation<CronUser> => ({
  create: async () => newUser(),
  set: async (pending) => {
    await sleep(waitMs);
    await connection.use(pending);
  },
  // What it authorizes with cannot be read; that a call is let in shows the rule's own metric, once a minute.
  test: () => connection.waitUntilAuthorized(),
});
