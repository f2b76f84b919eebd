// An SMTP relay on this machine that keeps what it gets: STARTTLS and a password are required, as by Amazon SES.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { makeCertificates } from "../../local-aws/host/certificates";
import { which } from "../../local-aws/host/processes";
import { type Message, parseMessage } from "../../local-aws/smtp/message";

export interface ReceivedMail extends Message {
  /** User name that the sender gave with the right password. */
  username: string;
  from: string;
  to: string[];
}

export interface SmtpSink {
  host: "localhost";
  port: number;
  /** Authority of its certificate (localhost and 127.0.0.1). */
  caFile: string;
  /** Makes a container's mail client trust it. */
  mount: { source: string; target: string };
  messages: ReceivedMail[];
  /** User names of attempts with a wrong password. */
  refused: string[];
  /** From now on only these let a client in. */
  setCredentials(username: string, password: string): void;
  /** From now on these do, too. */
  addCredentials(username: string, password: string): void;
  stop(): Promise<void>;
}

export async function smtpSink(username: string, password: string): Promise<SmtpSink> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-smtp-"));
  const certificates = await makeCertificates(which("openssl") ?? "openssl", folder);
  const allowed = new Map([[username, password]]);
  const messages: ReceivedMail[] = [];
  const refused: string[] = [];
  const server = new SMTPServer({
    cert: readFileSync(certificates.certificateFile),
    key: readFileSync(certificates.keyFile),
    authMethods: ["PLAIN", "LOGIN"],
    disableReverseLookup: true,
    onAuth: (auth, _session, callback) => {
      if (auth.username && auth.password && allowed.get(auth.username) === auth.password) {
        callback(null, { user: auth.username });
      } else {
        refused.push(auth.username ?? "");
        callback(Object.assign(new Error("Authentication Credentials Invalid"), { responseCode: 535 }));
      }
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        messages.push({
          username: String(session.user ?? ""),
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          ...parseMessage(Buffer.concat(chunks).toString()),
        });
        callback();
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  // A client that breaks off is the test's own doing.
  server.on("error", () => undefined);
  return {
    host: "localhost",
    port: (server.server.address() as AddressInfo).port,
    caFile: certificates.caFile,
    mount: { source: certificates.caFile, target: "/etc/ssl/certs/ca-certificates.crt" },
    messages,
    refused,
    setCredentials: (name, secret) => {
      allowed.clear();
      allowed.set(name, secret);
    },
    addCredentials: (name, secret) => allowed.set(name, secret),
    stop: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true });
    },
  };
}
