// What the master user does: logs in, keeps others out meanwhile, and gives a user its password and its rights.
import type { Connection } from "mysql2/promise";
import { retryWhile } from "../shared/patience";
import { connect, type Endpoint, run } from "./connection";
import type { SecretStore } from "./secrets";
import { accountOf, type DatabaseUser, grantStatements, lockStatement, passwordStatements } from "./users";

/** Between the master user's new password in the database and the same in its secret, when RDS rotates it. */
const MASTER_PATIENCE = { patienceMs: 15_000, retryMs: 3_000 };
const LOCK_SECONDS = 60;

/** Two runs at once could leave one's password in the database and the other's in the secret: the second waits. */
export async function asMaster<T>(
  endpoint: Endpoint,
  masterSecretArn: string,
  secrets: SecretStore,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await retryWhile(
    (error) => String(error).includes("ER_ACCESS_DENIED_ERROR"),
    async () => {
      // Read each time: RDS replaces it every seven days (Aurora user guide, password management with Secrets Manager).
      const master = await secrets.read(masterSecretArn);
      if (!master) throw new Error(`The master secret ${masterSecretArn} has no value.`);
      return connect(endpoint, master);
    },
    MASTER_PATIENCE,
  );
  try {
    // Placeholders are escaped with backslashes, which some modes of the server would take literally.
    await run(connection, "set the SQL mode", "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'");
    await lock(connection);
    return await work(connection);
  } finally {
    await connection.end();
  }
}

/** Freed with the connection. */
async function lock(connection: Connection): Promise<void> {
  const [row] = await run<{ locked: number | null }>(
    connection,
    "wait for another run",
    "SELECT GET_LOCK('redcap-database-users', ?) AS locked",
    [LOCK_SECONDS],
  );
  if (row?.locked !== 1) throw new Error(`Another run still holds the database users after ${LOCK_SECONDS} s.`);
}

export async function ensureUser(connection: Connection, user: DatabaseUser, password: string, database: string) {
  for (const statement of passwordStatements(user))
    await run(connection, `set the password of ${user.name}`, statement, [password]);
  const grants = await run<Record<string, string>>(
    connection,
    `read the grants of ${user.name}`,
    `SHOW GRANTS FOR ${accountOf(user)}`,
  );
  const lines = grants.flatMap((row) => Object.values(row));
  for (const statement of grantStatements(user, database, lines))
    await run(connection, `set the grants of ${user.name}`, statement);
}

export async function lockUser(connection: Connection, user: DatabaseUser): Promise<void> {
  await run(connection, `lock ${user.name}`, lockStatement(user));
}
