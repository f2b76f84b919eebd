// Makes the database agree with the secrets: users, passwords, grants; and the salt, once. Can be repeated at any time.
import type { Connection } from "mysql2/promise";
import { connect, run } from "./connection";
import type { EnsureEvent, EnsureResult } from "./event";
import { ensureSalt } from "./salt";
import type { DatabaseSecret, SecretStore } from "./secrets";
import { accountOf, type DatabaseUser, grantStatements, passwordStatements } from "./users";

export interface Settings {
  secrets: SecretStore;
  /** Name of REDCap's database. */
  database: string;
  /** Secrets of the users, by ARN. */
  applicationSecret: string;
  ddlSecret: string;
  /** Secret of REDCap's salt, by ARN. */
  saltSecret: string;
}

const LOCK_SECONDS = 60;

export async function ensure(
  event: EnsureEvent,
  users: { user: DatabaseUser; secret: string }[],
  { secrets, database, saltSecret }: Settings,
): Promise<EnsureResult> {
  const { cluster } = event;
  const master = await secrets.read(cluster.masterSecretArn);
  if (!master) throw new Error(`The master secret ${cluster.masterSecretArn} has no value.`);
  const connection = await connect(cluster, master);
  const secretsWritten: string[] = [];
  try {
    // Placeholders are escaped with backslashes, which some modes of the server would take literally.
    await run(connection, "set the SQL mode", "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'");
    await lock(connection);
    await run(
      connection,
      `create database ${database}`,
      `CREATE DATABASE IF NOT EXISTS \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
    );
    for (const { user, secret } of users) {
      const current = await secrets.read<DatabaseSecret>(secret);
      if (!current && !event.writeSecrets)
        throw new Error(`Secret ${secret} has no value, and writeSecrets is false: there is no password to set.`);
      const password = current && !event.newPasswords ? current.password : await secrets.newPassword();
      await ensureUser(connection, user, password, database);
      // The database first: if the secret then fails, running again sets the secret's password or another new one.
      const wanted: DatabaseSecret = {
        engine: "mysql",
        username: user.name,
        password,
        host: cluster.host,
        port: cluster.port,
        dbname: database,
        dbClusterIdentifier: cluster.identifier,
      };
      if (event.writeSecrets && differs(current, wanted)) {
        await secrets.write(secret, wanted);
        secretsWritten.push(secret);
      }
    }
    const isInstalled = () => hasTable(connection, database, "redcap_config");
    if (event.writeSecrets && (await ensureSalt(secrets, saltSecret, isInstalled))) secretsWritten.push(saltSecret);
  } finally {
    await connection.end();
  }
  return { users: users.map(({ user }) => user.name), secretsWritten };
}

/** Two runs at once could leave one's password in the database and the other's in the secret. Freed with the connection. */
async function lock(connection: Connection): Promise<void> {
  const [row] = await run<{ locked: number | null }>(
    connection,
    "wait for another run",
    "SELECT GET_LOCK('redcap-database-users', ?) AS locked",
    [LOCK_SECONDS],
  );
  if (row?.locked !== 1) throw new Error(`Another run still holds the database users after ${LOCK_SECONDS} s.`);
}

async function ensureUser(connection: Connection, user: DatabaseUser, password: string, database: string) {
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

async function hasTable(connection: Connection, database: string, table: string): Promise<boolean> {
  const found = await run(
    connection,
    `look for ${table}`,
    "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
    [database, table],
  );
  return found.length > 0;
}

function differs(current: DatabaseSecret | null, wanted: DatabaseSecret): boolean {
  return !current || Object.entries(wanted).some(([key, value]) => current[key as keyof DatabaseSecret] !== value);
}
