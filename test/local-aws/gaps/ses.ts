// SES v2: the MAIL FROM domain and the tags of an identity, which moto lacks, and the form of a configuration set's sending option.
import { type AwsRequest, type AwsResponse, json, jsonBody, type Moto, type Service } from "../service";

interface MailFrom {
  MailFromDomain?: string;
  BehaviorOnMxFailure?: string;
}

interface Tag {
  Key: string;
  Value: string;
}

/** Path of an identity's ARN. */
const IDENTITY = /:identity\/([^/]+)$/;

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
      if (answer.status < 400) tagsOf.set(arn, Tags);
      return answer;
    }
    if (request.path === "/v2/email/tags") {
      const arn = request.query.get("ResourceArn") ?? jsonBody<{ ResourceArn?: string }>(request).ResourceArn ?? "";
      return IDENTITY.test(arn) ? tags(request, arn) : undefined;
    }
    const [, identity, rest] = /^\/v2\/email\/identities\/([^/]+)(\/mail-from)?$/.exec(request.path) ?? [];
    const key = [request.account, request.region, decodeURIComponent(identity ?? "")].join("/");
    if (rest && request.method === "PUT") {
      mailFrom.set(key, jsonBody<MailFrom>(request));
      return json({});
    }
    if (identity && request.method === "GET") {
      const answer = await moto(request);
      const domain = mailFrom.get(key);
      if (answer.status >= 400 || !domain?.MailFromDomain) return answer;
      const attributes = { BehaviorOnMxFailure: "USE_DEFAULT_VALUE", ...domain, MailFromDomainStatus: "SUCCESS" };
      return json({ ...(JSON.parse(answer.body.toString()) as object), MailFromAttributes: attributes });
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
