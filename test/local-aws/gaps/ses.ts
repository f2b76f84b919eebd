// SES v2: the MAIL FROM domain of an identity, which moto lacks, and the form of a configuration set's sending option.
import { json, jsonBody, type Moto, type Service } from "../service";

interface MailFrom {
  MailFromDomain?: string;
  BehaviorOnMxFailure?: string;
}

export function ses(moto: Moto): Service {
  const mailFrom = new Map<string, MailFrom>();

  return async (request) => {
    if (request.service !== "ses") return undefined;
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
      // moto gives the options that were sent, or none, where the service says whether sending is on: it is by default.
      const on =
        typeof enabled === "object"
          ? ((enabled as { SendingEnabled?: boolean } | null)?.SendingEnabled ?? true)
          : enabled;
      return json({ ...set, SendingOptions: { SendingEnabled: on } });
    }
    return undefined;
  };
}
