// Hosted zones with name servers of their own, where moto gives all the same; and records that are not overwritten.
import { createHash } from "node:crypto";
import type { MotoClient } from "../host/moto-client";
import { elements, type Parsed, parseXml } from "../host/xml";
import { type AwsRequest, type AwsResponse, escapeXml, type Service, xml } from "../service";

/** moto's (moto/route53/models.py). */
const MOTO_NAME_SERVERS = [
  "ns-2048.awsdns-64.com",
  "ns-2049.awsdns-65.net",
  "ns-2050.awsdns-66.org",
  "ns-2051.awsdns-67.co.uk",
];

/** Four, as Route 53 assigns them to a zone (Route 53 developer guide, SOA and NS records). */
export function nameServersOf(zoneId: string): string[] {
  const hash = createHash("sha256").update(zoneId).digest();
  return ["com", "net", "org", "co.uk"].map((domain, index) => {
    const number = hash.readUInt16BE(index * 2) % 2048;
    return `ns-${number}.awsdns-${String(number % 64).padStart(2, "0")}.${domain}`;
  });
}

export function route53(moto: MotoClient): Service {
  const shown = (answer: AwsResponse, zoneId: string): AwsResponse => {
    const servers = nameServersOf(zoneId);
    const body = MOTO_NAME_SERVERS.reduce(
      (text, server, index) => text.replaceAll(server, servers[index] ?? server),
      answer.body.toString(),
    );
    return { ...answer, body };
  };

  return async (request) => {
    const [, id, part] = /^\/2013-04-01\/hostedzone(?:\/(\w+))?(?:\/(\w+))?\/?$/.exec(request.path) ?? [];
    const isZones = request.path.startsWith("/2013-04-01/hostedzone") && (part === undefined || part === "rrset");
    if (request.service !== "route53" || !isZones) return undefined;
    if (id && part && request.method === "POST") return overwriting(moto, request, id);
    const answer = await moto.forward(request);
    const zoneId = id ?? /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(answer.body.toString())?.[1];
    return zoneId ? shown(answer, zoneId) : answer;
  };
}

/**
 * CREATE makes what does not exist; UPSERT would overwrite (Route 53 API reference, ChangeResourceRecordSets). moto refuses a
 * second CREATE only where it is the same to the letter.
 */
async function overwriting(moto: MotoClient, request: AwsRequest, zoneId: string): Promise<AwsResponse | undefined> {
  const { ChangeResourceRecordSetsRequest } = parseXml(request.body.toString());
  const changes = elements(((ChangeResourceRecordSetsRequest as Parsed).ChangeBatch as Parsed).Changes, "Change").map(
    ({ Action, ResourceRecordSet }) => ({ action: Action, ...nameAndType(ResourceRecordSet as Parsed) }),
  );
  const place = { account: request.account, region: request.region };
  const path = `/2013-04-01/hostedzone/${zoneId}/rrset?maxitems=300`;
  const { body } = await moto.rest(place, "route53", "GET", path);
  const answer = parseXml(body.toString()).ListResourceRecordSetsResponse as Parsed | undefined;
  const existing = elements(answer?.ResourceRecordSets, "ResourceRecordSet").map(nameAndType);
  const is = (one: RecordKey) => (other: RecordKey) => one.name === other.name && one.type === other.type;
  const taken = changes.find(
    (change) =>
      change.action === "CREATE" &&
      existing.some(is(change)) &&
      !changes.some((other) => other.action === "DELETE" && is(change)(other)),
  );
  if (!taken) return undefined;
  const message = `[Tried to create resource record set [name='${taken.name}', type='${taken.type}'] but it already exists]`;
  const error = `<Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>${escapeXml(message)}</Message>`;
  return xml(`<ErrorResponse><Error>${error}</Error><RequestId>local</RequestId></ErrorResponse>`, 400);
}

interface RecordKey {
  name: string;
  type: string;
}

const nameAndType = ({ Name, Type }: Parsed): RecordKey => ({
  name: String(Name).toLowerCase().replace(/\.$/, ""),
  type: String(Type),
});
