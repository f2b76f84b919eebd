// SES's SMTP endpoint on this machine: STARTTLS, SMTP credentials of access keys that IAM gave out, the rules of sending. What
// it takes is kept for tests to read; nothing leaves the machine.
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { smtpPassword } from "../../../functions/access-key/smtp-password";
import type { Certificates } from "../host/certificates";
import type { MotoClient } from "../host/moto-client";
import type { Service } from "../service";
import { IssuedKeys } from "./keys";
import { addressOf, type Message, parseMessage } from "./message";
import { refusalOf } from "./sending";

export interface SentMail extends Message {
  account: string;
  user: string;
  /** Sender of the envelope. */
  envelopeFrom: string;
  to: string[];
}

export interface SesSmtp {
  /** On localhost. */
  port: number;
  /** What SES took. */
  sent: SentMail[];
  /** Hears of access keys and of requests to leave the sandbox. */
  service: Service;
  stop(): Promise<void>;
}

const refused = (message: string, responseCode: number) => Object.assign(new Error(message), { responseCode });

/** @param region its own: passwords hold for one region */
export async function sesSmtp(moto: MotoClient, certificates: Certificates, region: string): Promise<SesSmtp> {
  const keys = new IssuedKeys();
  const iam = keys.service(moto);
  const inProduction = new Set<string>();
  const sent: SentMail[] = [];

  const take = async (
    username: string,
    envelopeFrom: string,
    to: string[],
    text: string,
  ): Promise<Error | undefined> => {
    const { account, user } = keys.find(username) ?? { account: "", user: "" };
    const message = parseMessage(text);
    const from = addressOf(message.headers.from ?? "");
    const configurationSet = message.headers["x-ses-configuration-set"];
    const sending = { place: { account, region }, user, from, recipients: to, configurationSet };
    const refusal = await refusalOf(moto, sending, !inProduction.has(account));
    if (refusal) return refused(refusal, 554);
    sent.push({ account, user, envelopeFrom, to, ...message });
    return undefined;
  };

  const server = new SMTPServer({
    cert: readFileSync(certificates.certificateFile),
    key: readFileSync(certificates.keyFile),
    authMethods: ["PLAIN", "LOGIN"],
    disableReverseLookup: true,
    onAuth: ({ username = "", password }, _session, callback) => {
      const key = keys.find(username);
      const right = key && password === smtpPassword(key.secretAccessKey, region);
      if (right) callback(null, { user: username });
      else callback(refused("Authentication Credentials Invalid", 535));
    },
    onData: (stream, { user, envelope }, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = envelope;
        const to = rcptTo.map(({ address }) => address);
        take(String(user), mailFrom ? mailFrom.address : "", to, Buffer.concat(chunks).toString()).then(
          (error) => callback(error ?? null),
          (error: Error) => callback(refused(error.message, 454)),
        );
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
    port: (server.server.address() as AddressInfo).port,
    sent,
    service: async (request) => {
      // What a person asks in the console, granted at once.
      if (request.service === "ses" && request.method === "POST" && request.path === "/v2/email/account/details") {
        inProduction.add(request.account);
        return { status: 200, headers: { "content-type": "application/json" }, body: "{}" };
      }
      return iam(request);
    },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
