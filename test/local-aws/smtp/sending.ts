// Whether SES takes a message: who it is from, who it is for, and what the user's own policies say.
//
// https://docs.aws.amazon.com/ses/latest/dg/verify-addresses-and-domains.html
// https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
import type { MotoClient, Place } from "../host/moto-client";
import { elements } from "../host/xml";
import { evaluatePolicy } from "../policy";

export interface Sending {
  place: Place;
  user: string;
  /** Of the message's From header. */
  from: string;
  recipients: string[];
  configurationSet: string | undefined;
}

/** Mailboxes that everybody may write to. */
const SIMULATOR = "simulator.amazonses.com";

/** @returns SES's refusal, if it refuses */
export async function refusalOf(moto: MotoClient, sending: Sending, inSandbox: boolean): Promise<string | undefined> {
  const { place, user, from, recipients, configurationSet } = sending;
  const identities = (addresses: string[]) =>
    Promise.all(addresses.map(async (address) => [address, await identityOf(moto, place, address)] as const));
  const others = recipients.filter((address) => !address.endsWith(`@${SIMULATOR}`));
  const checked = await identities([from, ...(inSandbox ? others : [])]);
  const failed = checked.filter(([, identity]) => identity === undefined).map(([address]) => address);
  if (failed.length > 0)
    return `Message rejected: Email address is not verified. The following identities failed the check in region ${place.region.toUpperCase()}: ${failed.join(", ")}`;

  const arn = (resource: string) => `arn:aws:ses:${place.region}:${place.account}:${resource}`;
  const set = configurationSet ?? (await defaultSet(moto, place, checked[0]?.[1] ?? ""));
  // In the sandbox the right is asked for at the recipients' identities, too.
  const resources = [
    ...checked.map(([, identity]) => arn(`identity/${identity}`)),
    ...(set ? [arn(`configuration-set/${set}`)] : []),
  ];
  const policies = await policiesOf(moto, place, user);
  const caller = `arn:aws:iam::${place.account}:user/${user}`;
  const denied = resources.find((resource) => {
    const request = {
      principal: { kind: "aws", arn: caller } as const,
      action: "ses:SendRawEmail",
      resource,
      context: { "ses:FromAddress": from, "ses:Recipients": recipients },
    };
    const decisions = policies.map((policy) => evaluatePolicy(policy, request));
    return decisions.includes("deny") || !decisions.includes("allow");
  });
  return (
    denied &&
    `Access denied: User \`${caller}' is not authorized to perform \`ses:SendRawEmail' on resource \`${denied}'`
  );
}

/** The identity that covers an address: its own, its domain's, or that of a domain above. */
async function identityOf(moto: MotoClient, place: Place, address: string): Promise<string | undefined> {
  const labels = (address.split("@")[1] ?? "").split(".");
  const candidates = [address, ...labels.map((_, index) => labels.slice(index).join("."))];
  for (const candidate of candidates) {
    const answer = await getIdentity(moto, place, candidate);
    if (answer.status === 200) return candidate;
  }
  return undefined;
}

const getIdentity = (moto: MotoClient, place: Place, identity: string) =>
  moto.rest(place, "ses", "GET", `/v2/email/identities/${encodeURIComponent(identity)}`);

async function defaultSet(moto: MotoClient, place: Place, identity: string): Promise<string | undefined> {
  const answer = await getIdentity(moto, place, identity);
  return (JSON.parse(answer.body.toString()) as { ConfigurationSetName?: string }).ConfigurationSetName;
}

/** A user's own policies; the evaluator wants to be told whom they are for. */
async function policiesOf(moto: MotoClient, place: Place, UserName: string): Promise<string[]> {
  const iam = (Action: string, more = {}) =>
    moto.query(place, "iam", { Action, Version: "2010-05-08", UserName, ...more });
  const { PolicyNames } = await iam("ListUserPolicies");
  const names = elements(PolicyNames, "member").map(String);
  return Promise.all(
    names.map(async (PolicyName) => {
      const { PolicyDocument } = await iam("GetUserPolicy", { PolicyName });
      const document = JSON.parse(decodeURIComponent(String(PolicyDocument))) as { Statement: object | object[] };
      const Statement = [document.Statement].flat().map((statement) => ({ ...statement, Principal: "*" }));
      return JSON.stringify({ ...document, Statement });
    }),
  );
}
