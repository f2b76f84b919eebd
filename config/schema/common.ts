// Field types that several parts of the configuration share: account ids, regions, address blocks, retention.
import ipaddr from "ipaddr.js";
import { z } from "zod";

export const accountId = z
  .string()
  .regex(/^\d{12}$/, "Write the AWS account id as 12 digits in quotes.")
  .describe("AWS account id, 12 digits.");

export const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "Write an AWS region such as eu-west-2.")
  .describe("AWS region.");

export const profile = z
  .string()
  .min(1)
  .optional()
  .describe(
    "Profile of ~/.aws/config whose credentials reach the account. Credentials in the environment win over it.",
  );

export const email = z.email("Write an email address such as redcap-admins@example.org.");

/** CloudWatch Logs accepts these numbers of days and no others (PutRetentionPolicy, AWS API reference). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

export const logRetentionDays = z
  .literal([...RETENTION_DAYS], `CloudWatch Logs accepts ${RETENTION_DAYS.join(", ")} days.`)
  .describe("Days that CloudWatch Logs keeps a log group's events.");

/** True for the network address of an IPv4 or IPv6 block, such as `10.0.0.0/16` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  if (!/\/(0|[1-9]\d{0,2})$/.test(text) || !ipaddr.isValidCIDR(text)) return false;
  const [address] = ipaddr.parseCIDR(text);
  const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(text).toString() === address.toString();
}

export const cidr = z
  .string()
  .refine(isCidr, "Write a CIDR block by its network address, such as 198.51.100.0/24 or 2001:db8::/32.");

export const tags = z.record(
  z
    .string()
    .min(1)
    .max(128, "AWS tag keys have at most 128 characters.")
    .regex(/^(?!aws:|redcap:)/, "Tag keys that begin with aws: or redcap: are taken."),
  z.string().max(256, "AWS tag values have at most 256 characters."),
);

export const positive = z.number().int().positive();

export const iam = z
  .strictObject({
    rolePath: z
      .string()
      .regex(/^\/([\w+=,.@-]+\/)*$/, "Start and end the path with a slash, such as /redcap/.")
      .default("/")
      .describe("Path of every role, and of the user for REDCap's files."),
    permissionsBoundaryArn: z
      .string()
      .regex(/^arn:[\w-]+:iam::\w+:policy\/.+$/, "Write the ARN of an IAM policy.")
      .optional()
      .describe("Permissions boundary of every role, and of the user for REDCap's files."),
  })
  .prefault({})
  .describe("What an organization asks of every role and user.");

export type IamConfig = z.infer<typeof iam>;
