// SES v2: event destinations of configuration sets, which moto lacks. SES tries a topic out when a destination is made, and
// refuses one that does not take its message.
// https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html
import type { MotoClient, Place } from "../host/moto-client";
import { elements, type Parsed } from "../host/xml";
import { evaluatePolicy } from "../policy";
import { AwsError, json, jsonBody, type Service } from "../service";

interface EventDestination extends Parsed {
  SnsDestination?: { TopicArn: string };
}

const PATH = /^\/v2\/email\/configuration-sets\/([^/]+)(?:\/event-destinations(?:\/([^/]+))?)?$/;

export function sesEvents(moto: MotoClient): Service {
  /** By set, then by name. */
  const destinations = new Map<string, Map<string, EventDestination>>();

  return async (request) => {
    const [, set = "", name] = request.service === "ses" ? (PATH.exec(request.path) ?? []) : [];
    if (!set) return undefined;
    const key = [request.account, request.region, set].join("/");
    if (!request.path.includes("/event-destinations")) {
      if (request.method === "DELETE") destinations.delete(key);
      return undefined;
    }
    const ofSet = destinations.get(key) ?? new Map<string, EventDestination>();
    destinations.set(key, ofSet);
    const found = await moto.rest(request, "ses", "GET", `/v2/email/configuration-sets/${set}`);
    if (found.status >= 400) return found;
    if (request.method === "GET")
      return json({ EventDestinations: [...ofSet].map(([Name, destination]) => ({ Name, ...destination })) });
    if (request.method === "DELETE") {
      ofSet.delete(decodeURIComponent(name ?? ""));
      return json({});
    }
    const { EventDestinationName, EventDestination } = jsonBody<{
      EventDestinationName?: string;
      EventDestination: EventDestination;
    }>(request);
    if (EventDestination.SnsDestination) await tryOut(moto, request, EventDestination.SnsDestination.TopicArn, set);
    ofSet.set(EventDestinationName ?? decodeURIComponent(name ?? ""), EventDestination);
    return json({});
  };
}

async function tryOut(moto: MotoClient, { account, region }: Place, topicArn: string, set: string): Promise<void> {
  const place = { account, region };
  const topic = await moto.query(place, "sns", {
    Action: "GetTopicAttributes",
    Version: "2010-03-31",
    TopicArn: topicArn,
  });
  const attributes = new Map(elements(topic.Attributes, "entry").map(({ key, value }) => [String(key), String(value)]));
  const context = {
    "aws:SourceAccount": account,
    "aws:SourceArn": `arn:aws:ses:${region}:${account}:configuration-set/${set}`,
    "aws:SecureTransport": "true",
  };
  const principal = { kind: "service", service: "ses.amazonaws.com" } as const;
  const lets = (policy: string, action: string, resource: string) =>
    evaluatePolicy(policy, { principal, action, resource, context }) === "allow";
  const refuse = (what: string) =>
    new AwsError("BadRequestException", `${what} does not let SES publish to ${topicArn}.`);
  if (!lets(attributes.get("Policy") ?? "", "sns:Publish", topicArn)) throw refuse("The topic's policy");
  const KeyId = attributes.get("KmsMasterKeyId");
  if (!KeyId) return;
  const { Policy } = await moto.json(place, "kms", "TrentService.GetKeyPolicy", { KeyId, PolicyName: "default" });
  for (const action of ["kms:GenerateDataKey", "kms:Decrypt"])
    if (!lets(String(Policy), action, KeyId)) throw refuse("The key's policy");
}
