// How REDCap sends mail: Amazon SES, a relay that is brought along, or not at all.
import { z } from "zod";
import { cidr, email } from "./common";
import { domainName, hostName } from "./domain";

const fromAddress = email.describe(
  "Address that REDCap sends from: the envelope's sender, and REDCap's own setting (from_email).",
);

const ses = z.strictObject({
  type: z.literal("ses"),
  existingIdentity: z
    .union([domainName, email], "Write a domain or an email address that is an identity of SES in the stage's region.")
    .optional()
    .describe(
      "Name of an identity that the account has in the stage's region already, made by another stage or by your organization: it is used, and neither it nor its DNS records are touched. Default: the stage makes one of REDCap's DNS name or, without `domain`, of `email`.",
    ),
  mailFromDomain: domainName
    .optional()
    .describe(
      "Domain of the envelope that SES sends with, below REDCap's DNS name; nothing else may send or receive mail there. Default: mail. and REDCap's DNS name.",
    ),
  fromAddress: fromAddress
    .optional()
    .describe(`${fromAddress.description} Default: redcap@ and the identity's domain.`),
});

const smtp = z.strictObject({
  type: z.literal("smtp"),
  secretArn: z
    .string()
    .regex(
      /^arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/,
      "Write the ARN of a secret, with its six last characters.",
    )
    .describe(
      "Secret in the stage's account and region: JSON with host, port, username, password. REDCap asks for TLS.",
    ),
  secretKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/\S+$/, "Write the ARN of a KMS key.")
    .optional()
    .describe("The secret's customer-managed key, if it has one."),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .describe("The secret's port. Tasks may call it; 465 speaks TLS at once, others after STARTTLS."),
  cidr: cidr.default("0.0.0.0/0").describe("Addresses of the relay."),
  fromAddress,
});

const none = z.strictObject({
  type: z.literal("none"),
  reason: z
    .string()
    .min(10, "Say in a sentence why REDCap sends no mail.")
    .describe("Why: no survey invitation, alert or forgotten password reaches anybody."),
});

export const mail = z
  .discriminatedUnion("type", [ses, smtp, none], 'Use type "ses", "smtp" or "none".')
  .optional()
  .describe(
    'How REDCap sends mail. Default: { type: "ses" } where the stage has `domain` or `email`, else nothing is sent.',
  );

type MailInput = z.infer<typeof mail>;
export type RelayConfig = z.infer<typeof smtp>;

interface MailStage {
  accountId: string;
  region: string;
  domain?: string | undefined;
  subdomain?: string | undefined;
  hostInRoute53: boolean | string;
  email?: string | undefined;
  mail?: MailInput;
}

export interface SesConfig {
  type: "ses";
  /** A domain, or an address. */
  identity: string;
  /** Whether it is the stage's own. */
  created: boolean;
  /** Of the stage's own domain identity. */
  mailFromDomain: string | undefined;
  fromAddress: string;
}

const isAddress = (identity: string) => identity.includes("@");

/** What holds once the defaults are in; nothing where the stage sends no mail. */
export function mailOf(stage: MailStage): SesConfig | RelayConfig | undefined {
  const config = stage.mail ?? { type: "ses" };
  if (config.type === "smtp") return config;
  const host = hostName(stage);
  const identity = config.type === "none" ? undefined : (config.existingIdentity ?? host ?? stage.email);
  if (config.type === "none" || !identity) return undefined;
  const created = config.existingIdentity === undefined;
  return {
    type: "ses",
    identity,
    created,
    mailFromDomain: created && host ? (config.mailFromDomain ?? `mail.${host}`) : undefined,
    fromAddress: config.fromAddress ?? (isAddress(identity) ? identity : `redcap@${identity}`),
  };
}

/** What is wrong between the fields: the field of `mail`, and the remedy. */
export function mailProblems(stage: MailStage): [field: string, message: string][] {
  const { mail: config } = stage;
  const found = mailOf(stage);
  if (config?.type === "smtp") {
    const [, , , region, account] = config.secretArn.split(":");
    return region === stage.region && account === stage.accountId
      ? []
      : [
          [
            "secretArn",
            `REDCap reads secrets of its own account and region only: ${stage.accountId}, ${stage.region}.`,
          ],
        ];
  }
  if (config?.type !== "ses") return [];
  if (found?.type !== "ses") return [["type", "SES sends from a domain or an address: add domain or email."]];
  const problems: [string, string][] = [];
  const { identity, mailFromDomain, fromAddress: from } = found;
  if (config.mailFromDomain && !mailFromDomain)
    problems.push(["mailFromDomain", "It belongs to an identity that the stage makes of its domain: remove it."]);
  if (mailFromDomain && !mailFromDomain.endsWith(`.${identity}`))
    problems.push(["mailFromDomain", `SES takes a domain below ${identity} only, such as mail.${identity}.`]);
  const [, fromDomain = ""] = from.split("@");
  if (isAddress(identity) ? from !== identity : fromDomain !== identity && !fromDomain.endsWith(`.${identity}`))
    problems.push(["fromAddress", `The identity ${identity} does not cover it: SES would refuse every message.`]);
  return problems;
}
