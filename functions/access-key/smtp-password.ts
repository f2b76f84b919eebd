// SES's SMTP password: made from a secret access key, for one region.
import { createHmac } from "node:crypto";

/** Signature version 4 with these parts, of this message, and a byte that names the version. */
const DATE = "11111111";
const SERVICE = "ses";
const TERMINATOR = "aws4_request";
const MESSAGE = "SendRawEmail";
const VERSION = 0x04;

/** SES developer guide, obtaining SMTP credentials by converting existing AWS credentials. */
export function smtpPassword(secretAccessKey: string, region: string): string {
  const signature = [DATE, region, SERVICE, TERMINATOR, MESSAGE].reduce<Buffer>(
    (key, part) => createHmac("sha256", key).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return Buffer.concat([Buffer.from([VERSION]), signature]).toString("base64");
}
