// Where people find REDCap: its domain, and who hosts the domain's zone.
import { z } from "zod";
import { email } from "./common";

/** A DNS name of two labels or more, lower-case, without a trailing dot (RFC 1035, 2.3.1). */
const domainName = z
  .string()
  .regex(
    /^(?=.{4,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "Write a domain such as example.org: lower-case, without a dot at the end.",
  );

/** Fields of a stage. */
export const domainFields = {
  domain: domainName.optional().describe("Domain of REDCap, or the one above `subdomain`."),
  subdomain: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      "Write one label such as redcap; what stands above it belongs into domain.",
    )
    .optional()
    .describe("Label below `domain` where REDCap is, such as redcap for redcap.example.org."),
  hostInRoute53: z
    .union([z.boolean(), domainName], "Use true, false, or the name of a hosted zone in the stage's account.")
    .default(true)
    .describe(
      "Who hosts REDCap's DNS records: true makes a hosted zone of REDCap's own name; the name of a hosted zone that the stage's account has uses that one; false means another DNS provider or account, where a person enters the records that the stack puts out. Without `domain` it means nothing.",
    ),
  email: email
    .optional()
    .describe(
      "Administrators' mailbox: alarms and news of deployments. Without `domain` also the address that REDCap sends from.",
    ),
  bounceNotificationEmail: email
    .optional()
    .describe("Mailbox that is told of mail that bounced or was complained about. Default: `email`."),
};
