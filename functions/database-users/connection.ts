// A verified TLS connection to the cluster, and queries whose errors never carry a secret.
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection } from "mysql2/promise";

export interface Endpoint {
  host: string;
  port: number;
}

export interface Credentials {
  username: string;
  password: string;
}

/** A new endpoint takes a moment to resolve and accept; a paused cluster takes up to a minute to wake. */
const NOT_YET = new Set(["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"]);
const CONNECT_TIMEOUT_MS = 60_000;
const RETRY_MS = 3_000;

/**
 * Connects with TLS; the server's certificate must be valid for the host. Amazon's CAs come from NODE_EXTRA_CA_CERTS.
 * @param patienceMs how long to go on while the server is not there yet
 * @throws Error with the server's code, without credentials
 */
export async function connect(
  endpoint: Endpoint,
  { username, password }: Credentials,
  patienceMs = 180_000,
): Promise<Connection> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await createConnection({
        host: endpoint.host,
        port: endpoint.port,
        user: username,
        password,
        charset: "utf8mb4",
        connectTimeout: CONNECT_TIMEOUT_MS,
        ssl: { minVersion: "TLSv1.2", rejectUnauthorized: true, verifyIdentity: true },
        supportBigNumbers: true,
      });
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      if (!NOT_YET.has(code) || Date.now() + RETRY_MS > deadline)
        throw failure(`connect to ${endpoint.host}:${endpoint.port} as ${username}`, error);
      await sleep(RETRY_MS);
    }
  }
}

/**
 * Runs one statement.
 * @param purpose what it is for, in the words of the error message: "grant rights to redcap"
 */
export async function run<T>(
  connection: Connection,
  purpose: string,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  try {
    const [rows] = await connection.query(sql, values);
    return rows as T[];
  } catch (error) {
    throw failure(purpose, error);
  }
}

/** mysql2's own error holds the statement with its password, and Lambda logs every field of what is thrown. */
function failure(purpose: string, error: unknown): Error {
  const { code = "unknown error", message = "" } = error as { code?: string; message?: string };
  const detail = code === "ER_PARSE_ERROR" ? "" : `: ${message}`;
  return new Error(`Cannot ${purpose}: ${code}${detail}`);
}
