// The patients of the drill: rows in tables shaped like REDCap's data and log tables, files in the bucket, and their fingerprints.
import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import mysql, { type Connection, type RowDataPacket } from "mysql2/promise";
import { type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../../scripts/aws";

const DATA_ROWS = 100_000;
const LOG_ROWS = 20_000;
const FILES = 50;
const BATCH = 2_000;
const FOLDER = "edocs/";

interface DatabaseSecret {
  username: string;
  password: string;
  host: string;
  port: number;
  dbname: string;
}

/** Connects as one of the stage's own users, with the secret that the application has, over TLS. */
async function connect(stage: StageConfig, secretName: string, ca: string): Promise<Connection> {
  const { SecretString } = await new SecretsManagerClient(clientConfig(stage)).send(
    new GetSecretValueCommand({ SecretId: secretName }),
  );
  const { username, password, host, port, dbname } = JSON.parse(SecretString as string) as DatabaseSecret;
  return mysql.createConnection({ host, port, user: username, password, database: dbname, ssl: { ca } });
}

/** Fills REDCap's tables; where no REDCap could install itself, it makes them first. */
export async function loadRows(stage: StageConfig, ca: string): Promise<void> {
  const { ddlSecret, applicationSecret } = stageNames(stage);
  const ddl = await connect(stage, ddlSecret, ca);
  await ddl.query(
    "CREATE TABLE IF NOT EXISTS redcap_projects (project_id INT PRIMARY KEY, project_name VARCHAR(100) NOT NULL, app_title TEXT) CHARACTER SET utf8mb4",
  );
  await ddl.query(
    "CREATE TABLE IF NOT EXISTS redcap_data (project_id INT NOT NULL, event_id INT NOT NULL, record VARCHAR(100) NOT NULL, field_name VARCHAR(100) NOT NULL, `value` TEXT, instance SMALLINT, KEY record (project_id, record)) CHARACTER SET utf8mb4",
  );
  await ddl.query(
    "CREATE TABLE IF NOT EXISTS redcap_log_event (log_event_id BIGINT AUTO_INCREMENT PRIMARY KEY, project_id INT NOT NULL, ts BIGINT, `user` VARCHAR(100), event VARCHAR(20), pk VARCHAR(100), data_values MEDIUMTEXT, KEY ts (ts)) CHARACTER SET utf8mb4",
  );
  await ddl.end();

  // The application's user has no DDL rights: it writes what REDCap would write.
  const application = await connect(stage, applicationSecret, ca);
  await application.query("INSERT INTO redcap_projects VALUES ?", [
    Array.from({ length: 20 }, (_, id) => [id + 1, `study_${id}`, `Étude n° ${id} — 研究`]),
  ]);
  await insert(
    application,
    "redcap_data (project_id, event_id, record, field_name, `value`, instance)",
    DATA_ROWS,
    (n) => [(n % 20) + 1, n % 4, `R-${Math.floor(n / 10)}`, `field_${n % 10}`, `value ${n} — å∑\u{1F9EA}`, null],
  );
  await insert(application, "redcap_log_event (project_id, ts, `user`, event, pk, data_values)", LOG_ROWS, (n) => [
    n % 20,
    logTime(n),
    `user${n % 7}`,
    "UPDATE",
    `R-${n}`,
    `field_${n % 10} = '${n}'`,
  ]);
  await application.end();
}

/** As REDCap writes it: yyyymmddhhmmss. */
const logTime = (n: number) =>
  new Date(Date.UTC(2026, 10, 1) + n * 1_000).toISOString().replace(/\D/g, "").slice(0, 14);

async function insert(
  connection: Connection,
  into: string,
  count: number,
  row: (n: number) => unknown[],
): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => row(start + index));
    await connection.query(`INSERT INTO ${into} VALUES ?`, [rows]);
  }
}

export interface Fingerprint {
  rows: number;
  checksum: string;
}

/** Counts every row of every table and hashes every value; sorted here, since a collation may differ between servers. */
export async function fingerprintRows(stage: StageConfig, ca: string): Promise<Fingerprint> {
  const connection = await connect(stage, stageNames(stage).applicationSecret, ca);
  const hash = createHash("sha256");
  let rows = 0;
  const [tables] = await connection.query<RowDataPacket[][]>({ sql: "SHOW TABLES", rowsAsArray: true });
  for (const [table] of tables) {
    const [result] = await connection.query<RowDataPacket[][]>({
      sql: `SELECT * FROM \`${table}\``,
      rowsAsArray: true,
    });
    rows += result.length;
    const lines = result.map((row) => JSON.stringify(row)).sort();
    hash.update(`${table}`).update(lines.join("\n"));
  }
  await connection.end();
  return { rows, checksum: hash.digest("hex") };
}

export async function uploadFiles(stage: StageConfig): Promise<void> {
  const s3 = new S3Client(clientConfig(stage));
  const Bucket = stageNames(stage).filesBucket;
  for (let n = 0; n < FILES; n++) {
    const Body = createHash("sha512").update(`file ${n}`).digest("hex").repeat(20);
    await s3.send(new PutObjectCommand({ Bucket, Key: `${FOLDER}20261101_pid${n % 20}_${n}.txt`, Body }));
  }
}

export async function fingerprintFiles(stage: StageConfig): Promise<Fingerprint> {
  const s3 = new S3Client(clientConfig(stage));
  const Bucket = stageNames(stage).filesBucket;
  const hash = createHash("sha256");
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: FOLDER }));
  for (const { Key } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    hash.update(`${Key}\n`).update(await (Body as NonNullable<typeof Body>).transformToByteArray());
  }
  return { rows: Contents.length, checksum: hash.digest("hex") };
}

/** Removes the files' delete markers, as docs/recover.md says: their last versions are the current ones again. */
export async function undeleteFiles(stage: StageConfig): Promise<void> {
  const s3 = new S3Client(clientConfig(stage));
  const Bucket = stageNames(stage).filesBucket;
  const { DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: FOLDER }));
  for (const { Key, VersionId } of DeleteMarkers.filter(({ IsLatest }) => IsLatest))
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
}
