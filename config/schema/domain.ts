// Where people find REDCap: its domain, and who hosts the domain's zone.
import { z } from "zod";
import { email } from "./common";

/** A DNS name of two labels or more, lower-case, without a trailing dot (RFC 1035, 2.3.1). */
export const domainName = z
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
      "Who hosts REDCap's DNS records. True makes a hosted zone of REDCap's own name, whose name servers a person enters above it. The name of a hosted zone that the stage's account has: this zone if it is REDCap's name, else a new one below it, delegated from it. False means another DNS provider or account, where a person enters the records that the stack puts out. Without `domain` it means nothing.",
    ),
  delegated: z
    .boolean()
    .optional()
    .describe(
      "Whether the world's DNS has what the first deployment put out for a person to enter: name servers, or the records of `hostInRoute53: false`. Until then no certificate can be issued, and REDCap waits for it. Default: true where `hostInRoute53` names a zone, else false.",
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

interface DomainConfig {
  domain?: string | undefined;
  subdomain?: string | undefined;
  hostInRoute53: boolean | string;
  delegated?: boolean | undefined;
}

/** DNS name of a stage's REDCap, such as redcap.example.org; none where the stage has no domain. */
export const hostName = ({ domain, subdomain }: DomainConfig): string | undefined =>
  domain && subdomain ? `${subdomain}.${domain}` : domain;

/** Whether whoever asks for REDCap's name is led to what the stage, or a person for it, wrote. */
export const isDelegated = ({ hostInRoute53, delegated }: DomainConfig): boolean =>
  delegated ?? typeof hostInRoute53 === "string";

/** What is wrong between the fields: the field, and the remedy. */
export function domainProblems(stage: DomainConfig): [field: keyof DomainConfig, message: string][] {
  const { domain, subdomain, hostInRoute53, delegated } = stage;
  const host = hostName(stage);
  const problems: [keyof DomainConfig, string][] = [];
  if (subdomain && !domain)
    problems.push(["subdomain", `There is no domain that "${subdomain}" would be below: add domain.`]);
  if (delegated !== undefined && !domain)
    problems.push(["delegated", "There is no domain to delegate: add domain, or remove delegated."]);
  if (host && typeof hostInRoute53 === "string" && host !== hostInRoute53 && !host.endsWith(`.${hostInRoute53}`))
    problems.push(["hostInRoute53", `${host} is not in this zone: write a zone of that name or of one above it.`]);
  return problems;
}
