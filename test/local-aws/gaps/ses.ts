// SES v2: an identity's MAIL FROM domain, DKIM tokens and tags, which moto lacks, and the form of a configuration set's sending option.
import { createHash } from "node:crypto";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Moto, type Service } from "../service";

interface MailFrom {
  MailFromDomain?: string;
  BehaviorOnMxFailure?: string;
}

interface Tag {
  Key: string;
  Value: string;
}

interface Dkim {
  NextSigningKeyLength?: string;
  LastKeyGenerationTimestamp?: string;
}

/** Path of an identity's ARN. */
const IDENTITY = /:identity\/([^/]+)$/;
const DKIM_TOKENS = 3;

/**
 * Easy DKIM: the CNAME records to make, for domains. Here they are found at once.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DkimAttributes.html
 */
function dkimOf(identity: string, { LastKeyGenerationTimestamp, ...attributes }: Dkim = {}): object {
  if (identity.includes("@")) return attributes;
  const token = (number: number) => createHash("sha256").update(`${identity} ${number}`).digest("hex").slice(0, 32);
  return {
    ...attributes,
    Tokens: Array.from({ length: DKIM_TOKENS }, (_, index) => token(index)),
    CurrentSigningKeyLength: attributes.NextSigningKeyLength,
    // Where SES has seconds, moto has a text.
    ...(LastKeyGenerationTimestamp && { LastKeyGenerationTimestamp: Date.parse(LastKeyGenerationTimestamp) / 1000 }),
  };
}

function withDkim(identity: string, answer: AwsResponse, more: object = {}): AwsResponse {
  const found = JSON.parse(answer.body.toString()) as { DkimAttributes?: Dkim };
  return json({ ...found, DkimAttributes: dkimOf(identity, found.DkimAttributes), ...more });
}

export function ses(moto: Moto): Service {
  const mailFrom = new Map<string, MailFrom>();
  const tagsOf = new Map<string, Tag[]>();

  /** Tags of identities: moto takes them and shows them nowhere else. */
  function tags({ method, query, body }: AwsRequest, arn: string): AwsResponse {
    const existing = tagsOf.get(arn) ?? [];
    if (method === "GET") return json({ Tags: existing });
    const added = method === "POST" ? (JSON.parse(body.toString()) as { Tags: Tag[] }).Tags : [];
    const replaced = method === "POST" ? added.map(({ Key }) => Key) : query.getAll("TagKeys");
    tagsOf.set(arn, [...existing.filter(({ Key }) => !replaced.includes(Key)), ...added]);
    return json({});
  }

  return async (request) => {
    if (request.service !== "ses") return undefined;
    if (request.path === "/v2/email/identities" && request.method === "POST") {
      const { EmailIdentity, Tags = [] } = jsonBody<{ EmailIdentity: string; Tags?: Tag[] }>(request);
      const answer = await moto(request);
      const arn = `arn:aws:ses:${request.region}:${request.account}:identity/${EmailIdentity}`;
      if (answer.status >= 400) return answer;
      tagsOf.set(arn, Tags);
      return withDkim(EmailIdentity, answer);
    }
    if (request.path === "/v2/email/tags") {
      const arn = request.query.get("ResourceArn") ?? jsonBody<{ ResourceArn?: string }>(request).ResourceArn ?? "";
      return IDENTITY.test(arn) ? tags(request, arn) : undefined;
    }
    const [, encoded, rest] = /^\/v2\/email\/identities\/([^/]+)(\/mail-from)?$/.exec(request.path) ?? [];
    const identity = decodeURIComponent(encoded ?? "");
    const key = [request.account, request.region, identity].join("/");
    if (rest && request.method === "PUT") {
      const wanted = jsonBody<MailFrom>(request);
      // https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
      if (wanted.MailFromDomain && !wanted.MailFromDomain.endsWith(`.${identity.split("@").at(-1)}`))
        throw new AwsError("BadRequestException", `${wanted.MailFromDomain} is not a subdomain of ${identity}.`);
      mailFrom.set(key, wanted);
      return json({});
    }
    if (identity && request.method === "DELETE") {
      mailFrom.delete(key);
      return undefined;
    }
    if (identity && request.method === "GET") {
      const answer = await moto(request);
      if (answer.status >= 400) return answer;
      const domain = mailFrom.get(key);
      const attributes = { BehaviorOnMxFailure: "USE_DEFAULT_VALUE", ...domain, MailFromDomainStatus: "SUCCESS" };
      return withDkim(identity, answer, domain?.MailFromDomain ? { MailFromAttributes: attributes } : {});
    }
    if (request.method === "GET" && /^\/v2\/email\/configuration-sets\/[^/]+$/.test(request.path)) {
      const answer = await moto(request);
      if (answer.status >= 400) return answer;
      const set = JSON.parse(answer.body.toString()) as { SendingOptions?: { SendingEnabled?: unknown } };
      const enabled = set.SendingOptions?.SendingEnabled;
      // moto gives the options that were sent, or none, where SES says whether sending is on, which it is by default;
      // and options that nobody set, without members.
      const sent =
        typeof enabled === "object" ? (enabled as { SendingEnabled?: boolean } | null)?.SendingEnabled : enabled;
      const options = Object.entries(set).filter(([, value]) => JSON.stringify(value) !== "{}");
      return json({ ...Object.fromEntries(options), SendingOptions: { SendingEnabled: sent ?? true } });
    }
    return undefined;
  };
}
