// Hosted zones that exist before a deployment, made by whoever owns the domain. For tests.
import type { LocalAws } from ".";
import { elements, type Parsed, parseXml } from "./host/xml";

export interface HostedZone {
  id: string;
  nameServers: string[];
  /** `TYPE name values` of each record, sorted. */
  records(): Promise<string[]>;
  /** @returns Route 53's answer */
  change(action: "CREATE" | "UPSERT", name: string, type: string, values: string[]): Promise<Answer>;
}

interface Answer {
  status: number;
  text: string;
}

/** A request whose signature has only the scope that the local AWS reads. */
export async function signed(aws: LocalAws, account: string, service: string, path: string, init: RequestInit = {}) {
  const scope = `${aws.credentials(account).accessKeyId}/20260101/us-east-1/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const answer = await fetch(aws.endpoint + path, { ...init, headers: { ...init.headers, authorization } });
  return { status: answer.status, text: await answer.text() };
}

const API = "/2013-04-01/hostedzone";

/** @param vpcId makes it a private one */
export async function makeZone(aws: LocalAws, account: string, name: string, vpcId?: string): Promise<HostedZone> {
  const vpc = vpcId ? `<VPC><VPCRegion>eu-west-2</VPCRegion><VPCId>${vpcId}</VPCId></VPC>` : "";
  const config = `<HostedZoneConfig><PrivateZone>${Boolean(vpcId)}</PrivateZone></HostedZoneConfig>`;
  const reference = `<CallerReference>${name} ${vpcId}</CallerReference>`;
  const body = `<CreateHostedZoneRequest><Name>${name}</Name>${vpc}${reference}${config}</CreateHostedZoneRequest>`;
  const { text } = await signed(aws, account, "route53", API, { method: "POST", body });
  const { HostedZone, DelegationSet } = parseXml(text).CreateHostedZoneResponse as Record<string, Parsed>;
  const id = String(HostedZone?.Id).replace("/hostedzone/", "");
  const servers = elements(DelegationSet?.NameServers, "NameServer") as unknown as string[];
  return {
    id,
    nameServers: servers,
    records: async () => {
      const { text } = await signed(aws, account, "route53", `${API}/${id}/rrset?maxitems=300`);
      const listed = parseXml(text).ListResourceRecordSetsResponse as Parsed;
      return elements(listed.ResourceRecordSets, "ResourceRecordSet")
        .map(({ Name, Type, ResourceRecords, AliasTarget }) => {
          const values = elements(ResourceRecords, "ResourceRecord").map(({ Value }) => String(Value));
          return [Type, Name, ...(AliasTarget ? [(AliasTarget as Parsed).DNSName] : values)].join(" ");
        })
        .sort();
    },
    change: (action, recordName, type, values) => {
      const records = values.map((value) => `<ResourceRecord><Value>${value}</Value></ResourceRecord>`).join("");
      const set = `<Name>${recordName}</Name><Type>${type}</Type><TTL>300</TTL><ResourceRecords>${records}</ResourceRecords>`;
      const change = `<Change><Action>${action}</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change>`;
      const body = `<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>${change}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
      return signed(aws, account, "route53", `${API}/${id}/rrset/`, { method: "POST", body });
    },
  };
}
