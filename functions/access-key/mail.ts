// A key with which REDCap sends mail: SES's SMTP credentials.
import type { ConnectionOptions } from "node:tls";
import { createTransport } from "nodemailer";
import * as z from "zod";
import { type Patience, retryWhile } from "../shared/patience";
import type { Purpose } from "./purpose";
import { smtpPassword } from "./smtp-password";

const PATIENCE_MS = 120_000;
const RETRY_MS = 3_000;
const ANSWER_MS = 10_000;
/** Authentication credentials invalid (RFC 4954, section 6). */
const INVALID_CREDENTIALS = 535;

export interface Endpoint {
  host: string;
  /** STARTTLS is spoken there. */
  port: number;
}

/** The user name is the key's id (SES developer guide, SMTP credentials). */
export type SmtpCredentials = Endpoint & { username: string; password: string };

export const mail = (endpoint: Endpoint, region: string): Purpose<SmtpCredentials> => ({
  schema: z.object({
    host: z.string().min(1),
    port: z.number(),
    username: z.string().min(1),
    password: z.string().min(1),
  }),
  valueOf: ({ accessKeyId, secretAccessKey }) => ({
    ...endpoint,
    username: accessKeyId,
    password: smtpPassword(secretAccessKey, region),
  }),
  keyId: ({ username }) => username,
  waitUntilAccepted: (credentials) => waitUntilSesAccepts(credentials),
});

/** @throws Error where the text is not `host:port` */
export function parseEndpoint(text: string): Endpoint {
  const [, host, port] = /^([\w.-]+):(\d+)$/.exec(text) ?? [];
  if (!host) throw new Error(`${text} is not host:port.`);
  return { host, port: Number(port) };
}

/**
 * Proof that SES takes the credentials: logs in and sends nothing, so that it holds before the domain is verified and
 * outside the sandbox alike. Again and again while SES does not know the key.
 * @throws Error with the key's id and SES's answer
 */
export async function waitUntilSesAccepts(
  { host, port, username, password }: SmtpCredentials,
  { patienceMs = PATIENCE_MS, retryMs = RETRY_MS, tls = {} }: Partial<Patience> & { tls?: ConnectionOptions } = {},
): Promise<void> {
  const transport = createTransport({
    host,
    port,
    requireTLS: true,
    tls,
    auth: { user: username, pass: password },
    connectionTimeout: ANSWER_MS,
    greetingTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
  });
  const codeOf = (error: unknown) => (error as { responseCode?: number }).responseCode;
  try {
    await retryWhile(
      (error) => codeOf(error) === INVALID_CREDENTIALS,
      () => transport.verify(),
      { patienceMs, retryMs },
    );
  } catch (error) {
    // Not the whole message: a server may quote what it was sent.
    const answer = codeOf(error) ?? (error as { code?: string }).code ?? (error as Error).name;
    throw new Error(`${host}:${port} does not take key ${username}: ${answer}.`);
  } finally {
    transport.close();
  }
}
