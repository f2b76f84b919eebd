// Makes the database agree with the secrets: users, passwords, grants; and the salt, once. Can be repeated at any time.
import type { Connection } from "mysql2/promise";
import type { RotatingSecret } from "../shared/rotating-secret";
import { asMaster, ensureUser, lockUser } from "./administration";
import { run } from "./connection";
import type { EnsureEvent, EnsureResult } from "./event";
import { ensureSalt } from "./salt";
import type { DatabaseSecret, SecretStore } from "./secrets";
import type { Turns } from "./users";

/** A secret, and the two users who take turns in it. */
export interface Login {
  secret: RotatingSecret<DatabaseSecret>;
  users: Turns;
}

export interface Settings {
  secrets: SecretStore;
  /** Name of REDCap's database. */
  database: string;
  application: Login;
  ddl: Login;
  /** Secret of REDCap's salt, by ARN. */
  saltSecret: string;
}

export async function ensure(event: EnsureEvent, settings: Settings): Promise<EnsureResult> {
  const { secrets, database, saltSecret } = settings;
  const { cluster } = event;
  return asMaster(cluster, cluster.masterSecretArn, secrets, async (connection) => {
    await run(
      connection,
      `create database ${database}`,
      `CREATE DATABASE IF NOT EXISTS \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
    );
    const users: string[] = [];
    const secretsWritten: string[] = [];
    for (const login of [settings.application, settings.ddl]) {
      const { username, written } = await ensureLogin(connection, login, event, settings);
      users.push(username);
      if (written) secretsWritten.push(login.secret.arn);
    }
    const isInstalled = () => hasTable(connection, database, "redcap_config");
    if (event.writeSecrets && (await ensureSalt(secrets, saltSecret, isInstalled))) secretsWritten.push(saltSecret);
    return { users, secretsWritten };
  });
}

async function ensureLogin(
  connection: Connection,
  { secret, users }: Login,
  { cluster, writeSecrets }: EnsureEvent,
  { secrets, database }: Settings,
): Promise<{ username: string; written: boolean }> {
  const current = await secret.current();
  if (!current && !writeSecrets)
    throw new Error(`Secret ${secret.arn} has no value, and writeSecrets is false: there is no password to set.`);
  const [turn, other] = users[1].name === current?.username ? [users[1], users[0]] : users;
  const password = current?.password ?? (await secrets.newPassword());
  await ensureUser(connection, turn, password, database);

  // Of the rotation that is under way, else of the one before: containers may still have that one. What a snapshot knows
  // besides, with a password of its own time or of another stage, lets nobody in.
  const held = [await secret.labelled("AWSPENDING"), await secret.labelled("AWSPREVIOUS")];
  const otherPassword = held.find((value) => value?.username === other.name)?.password;
  if (otherPassword) await ensureUser(connection, other, otherPassword, database);
  else await lockUser(connection, other);

  // The database first: if the secret then fails, running again sets the secret's password or another new one.
  const wanted: DatabaseSecret = {
    engine: "mysql",
    username: turn.name,
    password,
    host: cluster.host,
    port: cluster.port,
    dbname: database,
    dbClusterIdentifier: cluster.identifier,
    masterarn: cluster.masterSecretArn,
  };
  const written = writeSecrets && differs(current, wanted);
  if (written) await secret.write(wanted);
  return { username: turn.name, written };
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
