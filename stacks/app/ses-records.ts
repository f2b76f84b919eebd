// DNS records of REDCap's domain identity at SES. New names (DKIM, MAIL FROM) are made wherever there is a zone; SPF and DMARC
// speak for all mail of a name, and are made only where nobody but REDCap has that name.
import type { Sesv2EmailIdentity as EmailIdentity } from "@cdktf/provider-aws/lib/sesv2-email-identity";
import { propertyAccess, Token } from "cdktf";
import type { DnsRecord, Domain } from "./domain";

/** SES gives so many (SES developer guide, Easy DKIM). A list's length must be known before the list is. */
const DKIM_TOKENS = 3;
const SPF = "v=spf1 include:amazonses.com ~all";
/** What passes neither SPF nor DKIM in the name's own right is not REDCap's. */
const DMARC = "v=DMARC1; p=quarantine";

export interface SesRecordsProps {
  region: string;
  identity: EmailIdentity;
  mailFromDomain: string;
}

/** @returns SPF and DMARC of a zone that is not the stage's own: a person enters them where their names have none */
export function addSesRecords(domain: Domain, props: SesRecordsProps): DnsRecord[] {
  const { region, identity, mailFromDomain } = props;
  for (let index = 0; index < DKIM_TOKENS; index += 1) {
    const token = Token.asString(propertyAccess(identity.dkimSigningAttributes.tokens, [index]));
    domain.addRecord(`dkim-${index + 1}`, {
      name: `${token}._domainkey.${domain.hostName}`,
      type: "CNAME",
      values: [`${token}.dkim.amazonses.com`],
    });
  }
  // SES developer guide, using a custom MAIL FROM domain.
  domain.addRecord("mail-from-mx", {
    name: mailFromDomain,
    type: "MX",
    values: [`10 feedback-smtp.${region}.amazonses.com`],
  });
  domain.addRecord("mail-from-spf", { name: mailFromDomain, type: "TXT", values: [SPF] });

  const policies: DnsRecord[] = [
    { name: domain.hostName, type: "TXT", values: [SPF] },
    { name: `_dmarc.${domain.hostName}`, type: "TXT", values: [DMARC] },
  ];
  if (!domain.zone?.created) return policies;
  policies.forEach((record, index) => {
    domain.addRecord(["spf", "dmarc"][index] as string, record);
  });
  return [];
}
