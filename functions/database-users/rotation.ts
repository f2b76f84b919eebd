// Rotation by users who take turns (Secrets Manager user guide, alternating users): the one whose turn it is not gets a new
// password and the same rights, then the secret names it. Nothing of the one in use is touched, so its connections and
// transactions go on, and containers that have not read the secret yet go on logging in with it.
import type { Rotation } from "../shared/rotation";
import { asMaster, ensureUser } from "./administration";
import { connect, run } from "./connection";
import { requireDomain } from "./domain";
import type { Login, Settings } from "./ensure";
import type { DatabaseSecret } from "./secrets";

export function rotation(
  { secret, users }: Login,
  { secrets, database }: Settings,
  domain: string,
): Rotation<DatabaseSecret> {
  return {
    async create(current) {
      if (!current) throw new Error(`Secret ${secret.arn} has no value: run the action "ensure" first.`);
      const [first, second] = users;
      const { name } = current.username === first.name ? second : first;
      return { ...current, username: name, password: await secrets.newPassword() };
    },
    async set(pending) {
      const user = users.find(({ name }) => name === pending.username);
      const current = await secret.current();
      if (!user || current?.username === pending.username || current?.host !== pending.host)
        throw new Error(
          `The pending version of secret ${secret.arn} does not follow from the current one, which somebody has changed. ` +
            "Take its label AWSPENDING away (aws secretsmanager update-secret-version-stage) and rotate again.",
        );
      if (!pending.masterarn)
        throw new Error(`Secret ${secret.arn} does not say who changes passwords: run the action "ensure" first.`);
      requireDomain(pending.host, domain);
      await asMaster(pending, pending.masterarn, secrets, (connection) =>
        ensureUser(connection, user, pending.password, database),
      );
    },
    async test(value) {
      requireDomain(value.host, domain);
      const connection = await connect(value, value);
      try {
        // Users see a database only where they have rights.
        const seen = await run(
          connection,
          `look for ${database} as ${value.username}`,
          "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?",
          [database],
        );
        if (seen.length === 0) throw new Error(`${value.username} has no rights on ${database}.`);
      } finally {
        await connection.end();
      }
    },
  };
}
