// The bundled function as Lambda runs it, against a real MariaDB over TLS; Secrets Manager is a model behind HTTP. Importing
// this starts them before a file's tests and stops them afterwards.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { createConnection } from "mysql2/promise";
import type { DatabaseUsersEvent } from "../../../functions/database-users/event";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { databaseFolder, MariaDb } from "../../local-aws/aurora/mariadb";
import { type Certificates, makeCertificates, readPem } from "../../local-aws/host/certificates";
import { requireTools } from "../../local-aws/tools";
import { SecretsModel } from "../secrets-model";

export const MASTER = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-1";
const SETTINGS = {
  APPLICATION_SECRET_ARN: "application",
  DDL_SECRET_ARN: "ddl",
  SALT_SECRET_ARN: "salt",
  DATABASE_NAME: "redcap",
  DATABASE_DOMAIN: "localhost",
};

const folder = mkdtempSync(join(tmpdir(), "database-users-"));
export const secrets = new SecretsModel();
/** Secrets that cannot be written at the moment. */
export const sealed = new Set<string>();
let passwords = 0;
let secretsManager: Server;
export let mariadb: MariaDb;
let certificates: Certificates;

function answer(operation: string, input: { SecretId?: string }): [status: number, body: object] {
  if (operation === "GetRandomPassword") {
    passwords += 1;
    return [200, { RandomPassword: `it's "quoted" \\${passwords}` }];
  }
  if (operation === "PutSecretValue" && sealed.has(input.SecretId ?? ""))
    return [400, { __type: "InternalServiceError" }];
  try {
    return [200, secrets.answer(operation, input)];
  } catch (error) {
    return [400, { __type: (error as Error).name }];
  }
}

beforeAll(async () => {
  const tools = await requireTools(() => undefined);
  certificates = await makeCertificates(tools.openssl, folder);
  // Outside the test's own folder, which the database's user may not enter.
  const data = await databaseFolder(join(tmpdir(), `database-users-data-${process.pid}`));
  mariadb = await MariaDb.start({ tools, certificates, folder: data, log: () => undefined }, "users", {});
  await mariadb.setMaster("admin", "master-password");
  secrets.put(MASTER, JSON.stringify({ username: "admin", password: "master-password" }));
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

export interface Invocation {
  result?: unknown;
  /** The thrown error with every field of it, as Lambda's runtime logs it. */
  error?: string;
  log: string;
}

/** Runs the bundle in a process of its own, as Lambda does. */
export function invoke(event: object, settings: NodeJS.ProcessEnv = {}): Promise<Invocation> {
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

export const cluster = (host = "localhost") => ({
  identifier: "redcap-prod",
  host,
  port: mariadb.port,
  masterSecretArn: MASTER,
});
export const ensure = (more: Partial<DatabaseUsersEvent> = {}) =>
  invoke({ action: "ensure", cluster: cluster(), ...more });
export const secret = (id: string) => JSON.parse(secrets.value(id) ?? "{}") as Record<string, string>;

/** @throws where the database does not take the password */
export const login = (user: string, password: string) =>
  createConnection({
    ...{ host: "localhost", port: mariadb.port, user, password, database: "redcap" },
    ssl: { ca: readPem(certificates.caFile), verifyIdentity: true },
  });

/** A statement as the secret's user. */
export async function as<T>(id: string, sql: string, password = secret(id).password ?? ""): Promise<T> {
  const connection = await login(secret(id).username ?? "", password);
  try {
    return (await connection.query(sql))[0] as T;
  } finally {
    await connection.end();
  }
}
