// The bundled function as Lambda runs it, against a real MariaDB over TLS; Secrets Manager is a map behind HTTP.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { createConnection } from "mysql2/promise";
import type { CheckResult, DatabaseUsersEvent, EnsureResult } from "../../../functions/database-users/event";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { databaseFolder, MariaDb } from "../../local-aws/aurora/mariadb";
import { type Certificates, makeCertificates, readPem } from "../../local-aws/host/certificates";
import { requireTools } from "../../local-aws/tools";

const MASTER = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-1";
const SETTINGS = {
  APPLICATION_SECRET_ARN: "application",
  DDL_SECRET_ARN: "ddl",
  SALT_SECRET_ARN: "salt",
  DATABASE_NAME: "redcap",
  DATABASE_DOMAIN: "localhost",
};

const folder = mkdtempSync(join(tmpdir(), "database-users-"));
const secrets = new Map<string, string>();
/** Secrets that cannot be written at the moment. */
const sealed = new Set<string>();
let passwords = 0;
let secretsManager: Server;
let mariadb: MariaDb;
let certificates: Certificates;

function answer(operation: string, { SecretId = "", SecretString = "" }: Record<string, string>): [number, object] {
  if (operation === "GetRandomPassword") {
    passwords += 1;
    return [200, { RandomPassword: `it's "quoted" \\${passwords}` }];
  }
  if (operation === "PutSecretValue" && !sealed.has(SecretId)) {
    secrets.set(SecretId, SecretString);
    return [200, {}];
  }
  const value = secrets.get(SecretId);
  if (operation === "GetSecretValue" && value) return [200, { SecretString: value }];
  return [400, { __type: sealed.has(SecretId) ? "InternalServiceError" : "ResourceNotFoundException" }];
}

beforeAll(async () => {
  const tools = await requireTools(() => undefined);
  certificates = await makeCertificates(tools.openssl, folder);
  // Outside the test's own folder, which the database's user may not enter.
  const data = await databaseFolder(join(tmpdir(), `database-users-data-${process.pid}`));
  mariadb = await MariaDb.start({ tools, certificates, folder: data, log: () => undefined }, "users", {});
  await mariadb.setMaster("admin", "master-password");
  secrets.set(MASTER, JSON.stringify({ username: "admin", password: "master-password" }));
  mkdirSync(join(folder, "code"));
  writeFileSync(join(folder, "code/index.js"), unzipSync(buildZip("database-users"))["index.js"] ?? "");
  secretsManager = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const [status, result] = answer(String(request.headers["x-amz-target"]).split(".")[1] ?? "", JSON.parse(body));
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(result));
    });
  });
  await new Promise<void>((resolve) => secretsManager.listen(0, "127.0.0.1", resolve));
}, 120_000);

afterAll(async () => {
  secretsManager?.close();
  await mariadb?.destroy();
  rmSync(join(tmpdir(), `database-users-data-${process.pid}`), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

interface Invocation {
  result?: unknown;
  /** The thrown error with every field of it, as Lambda's runtime logs it. */
  error?: string;
  log: string;
}

/** Runs the bundle in a process of its own, as Lambda does. */
function invoke(event: object, settings: NodeJS.ProcessEnv = {}): Promise<Invocation> {
  const script =
    `require("./index.js").handler(${JSON.stringify(event)}).then((result) => ({ result }), (e) => ({ error: ` +
    `JSON.stringify({ ...e, message: e.message, stack: e.stack }) }))` +
    `.then((answer) => process.stdout.write("\\nANSWER" + JSON.stringify(answer)));`;
  const env = {
    ...SETTINGS,
    PATH: process.env.PATH,
    AWS_REGION: "eu-west-2",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_MAX_ATTEMPTS: "1",
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(secretsManager.address() as AddressInfo).port}`,
    NODE_EXTRA_CA_CERTS: certificates.caFile,
    ...settings,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ["-e", script], { cwd: join(folder, "code"), env }, (_, stdout, stderr) => {
      const [log = "", result = "{}"] = stdout.split("\nANSWER");
      resolve({ ...(JSON.parse(result) as object), log: log + stderr });
    });
  });
}

const cluster = (host = "localhost") => ({
  identifier: "redcap-prod",
  host,
  port: mariadb.port,
  masterSecretArn: MASTER,
});
const ensure = (more: Partial<DatabaseUsersEvent> = {}) => invoke({ action: "ensure", cluster: cluster(), ...more });
const secret = (id: string) => JSON.parse(secrets.get(id) ?? "{}") as Record<string, string>;

/** A connection as the secret's user. */
async function as<T>(id: string, sql: string, password = secret(id).password): Promise<T> {
  const connection = await createConnection({
    ...{ host: "localhost", port: mariadb.port, user: secret(id).username, password, database: "redcap" },
    ssl: { ca: readPem(certificates.caFile), verifyIdentity: true },
  });
  try {
    return (await connection.query(sql))[0] as T;
  } finally {
    await connection.end();
  }
}

test("makes both users, their rights, their secrets and the salt, and changes nothing when run again", async () => {
  const first = await ensure();
  expect(first.result).toEqual({ users: ["redcap", "redcap_ddl"], secretsWritten: ["application", "ddl", "salt"] });
  expect(secret("salt").salt).toMatch(/^[0-9a-f]{64}$/);
  expect(secret("application")).toMatchObject({
    engine: "mysql",
    username: "redcap",
    dbname: "redcap",
    host: "localhost",
  });

  await as("ddl", "CREATE TABLE redcap_log_event (log_event_id INT PRIMARY KEY, ts BIGINT)");
  await as("application", "INSERT INTO redcap_log_event VALUES (1, 20250131120000), (2, 20250131120500)");
  await expect(as("application", "DROP TABLE redcap_log_event")).rejects.toThrow(/denied/);
  await expect(as("ddl", "SELECT * FROM mysql.user")).rejects.toThrow(/denied/);

  expect((await ensure()).result).toEqual({
    users: ["redcap", "redcap_ddl"],
    secretsWritten: [],
  } satisfies EnsureResult);
}, 60_000);

test("takes away what somebody granted, and leaves the rest alone", async () => {
  await mariadb.administer((connection) =>
    connection.query("GRANT ALL PRIVILEGES ON *.* TO 'redcap'@'%' WITH GRANT OPTION"),
  );
  await mariadb.administer((connection) => connection.query("GRANT DROP ON redcap.* TO 'redcap'@'%'"));
  expect((await ensure()).error).toBeUndefined();
  const lines = (await as<Record<string, string>[]>("application", "SHOW GRANTS")).flatMap((row) => Object.values(row));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^GRANT USAGE ON \*\.\* /);
  expect(lines[1]).toMatch(/^GRANT SELECT, INSERT, UPDATE, DELETE, .* ON `redcap`\.\* TO `redcap`@`%`$/);
}, 60_000);

test("gives a restored cluster the secrets' passwords without touching the secrets", async () => {
  await mariadb.administer((connection) => connection.query("ALTER USER 'redcap'@'%' IDENTIFIED BY 'of the snapshot'"));
  const before = new Map(secrets);
  const restored = { ...cluster(), identifier: "redcap-prod-restored" };
  expect((await ensure({ cluster: restored, writeSecrets: false })).result).toMatchObject({ secretsWritten: [] });
  expect(new Map(secrets)).toEqual(before);
  await as("application", "SELECT 1");
}, 60_000);

test("makes new passwords but no new salt, and can be repeated when a secret could not be written", async () => {
  const old = secret("application").password;
  const { salt } = secret("salt");
  sealed.add("application");
  expect((await ensure({ newPasswords: true })).error).toContain("InternalServiceError");
  expect(secret("application").password).toBe(old);
  sealed.clear();
  expect((await ensure({ newPasswords: true })).result).toMatchObject({ secretsWritten: ["application", "ddl"] });
  expect(secret("application").password).not.toBe(old);
  expect(secret("salt")).toEqual({ salt });
  await as("application", "SELECT 1");
  await expect(as("application", "SELECT 1", old)).rejects.toThrow(/denied/);
}, 60_000);

test("counts what is there, as the application's user", async () => {
  await as("ddl", "CREATE TABLE redcap_log_event2 (ts BIGINT)");
  await as("ddl", "CREATE VIEW redcap_view AS SELECT 1 AS x");
  await as("application", "INSERT INTO redcap_log_event2 VALUES (20250201080000)");
  const { masterSecretArn, ...withoutMaster } = cluster();
  expect(masterSecretArn).toBe(MASTER);
  expect((await invoke({ action: "check", cluster: withoutMaster })).result).toEqual({
    database: "redcap",
    tables: 2,
    rows: 3,
    tableRows: { redcap_log_event: 2, redcap_log_event2: 1 },
    newestLogEvent: "20250201080000",
  } satisfies CheckResult);
}, 60_000);

describe("refuses", () => {
  test("a server whose certificate comes from an unknown authority", async () => {
    const { error } = await invoke({ action: "ensure", cluster: cluster() }, { NODE_EXTRA_CA_CERTS: undefined });
    expect(error).toMatch(/^\{"message":"Cannot connect to localhost:\d+ as admin: .*certificate/i);
  }, 60_000);

  test("without telling a secret, whatever fails", async () => {
    const runs = [await ensure(), await invoke({ action: "check", cluster: cluster() })];
    secrets.set(MASTER, JSON.stringify({ username: "admin", password: "wrong-password" }));
    runs.push(await ensure());
    expect(runs[2]?.error).toContain("Access denied for user 'admin'");
    const told = JSON.stringify(runs);
    for (const id of ["application", "ddl", MASTER]) {
      expect(secret(id).password).toBeDefined();
      expect(told).not.toContain(JSON.stringify(secret(id).password).slice(1, -1));
    }
    expect(secret("salt").salt).toHaveLength(64);
    expect(told).not.toContain(secret("salt").salt);
  }, 60_000);
});
