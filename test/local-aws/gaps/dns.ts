// The world's DNS, as far as the local AWS needs it: what registrars and DNS providers elsewhere say, and the public hosted
// zones of all accounts that a delegation leads to.
import type { MotoClient } from "../host/moto-client";
import { elements, type Parsed, parseXml } from "../host/xml";
import { nameServersOf } from "./route53";

export interface DnsEntry {
  name: string;
  /** NS leads to a hosted zone. */
  type: string;
  values: string[];
}

/** Route 53 is one for all regions; requests to it are signed for this one. */
const ROUTE_53_REGION = "us-east-1";
const API = "/2013-04-01/hostedzone";

const bare = (name: string) => name.toLowerCase().replace(/\.$/, "");
const isWithin = (name: string, parent: string) => name === parent || name.endsWith(`.${parent}`);

interface Zone {
  account: string;
  id: string;
  name: string;
}

export class Dns {
  private readonly elsewhere: DnsEntry[] = [];

  constructor(
    private readonly moto: MotoClient,
    private readonly accounts: string[],
  ) {}

  /** What a person enters at a registrar or a DNS provider; an entry of the same name and type goes. */
  enter(entry: DnsEntry): void {
    const same = this.elsewhere.findIndex(({ name, type }) => name === bare(entry.name) && type === entry.type);
    const kept = { ...entry, name: bare(entry.name), values: entry.values.map(bare) };
    this.elsewhere.splice(same === -1 ? this.elsewhere.length : same, same === -1 ? 0 : 1, kept);
  }

  /** Values of a record as somebody anywhere finds them; none where no delegation leads to it. */
  async resolve(wanted: string, type: string): Promise<string[]> {
    const name = bare(wanted);
    let records = this.elsewhere;
    let zones: Zone[] | undefined;
    let zone: Zone | undefined;
    for (;;) {
      const found = records.find((record) => record.name === name && record.type === type);
      const [cut] = records
        .filter((record) => record.type === "NS" && record.name !== zone?.name && isWithin(name, record.name))
        .sort((a, b) => b.name.length - a.name.length);
      if (!cut || (found && !zone)) return found?.values ?? [];
      zones ??= await this.zones();
      zone = zones.find(({ id, name: own }) => {
        const servers = nameServersOf(id);
        return own === cut.name && cut.values.every((server) => servers.includes(server));
      });
      if (!zone) return [];
      records = await this.recordsOf(zone);
    }
  }

  private async zones(): Promise<Zone[]> {
    const ofAccount = async (account: string) => {
      const { ListHostedZonesResponse } = await this.ask(account, API);
      return elements((ListHostedZonesResponse as Parsed).HostedZones, "HostedZone")
        .filter(({ Config }) => (Config as Parsed).PrivateZone !== "true")
        .map(({ Id, Name }) => ({ account, id: String(Id).replace(/.*\//, ""), name: bare(String(Name)) }));
    };
    return (await Promise.all(this.accounts.map(ofAccount))).flat();
  }

  private async recordsOf({ account, id }: Zone): Promise<DnsEntry[]> {
    const { ListResourceRecordSetsResponse } = await this.ask(account, `${API}/${id}/rrset?maxitems=300`);
    return elements((ListResourceRecordSetsResponse as Parsed).ResourceRecordSets, "ResourceRecordSet").map(
      ({ Name, Type, ResourceRecords }) => ({
        name: bare(String(Name)),
        type: String(Type),
        values: elements(ResourceRecords, "ResourceRecord").map(({ Value }) => bare(String(Value))),
      }),
    );
  }

  private async ask(account: string, path: string): Promise<Parsed> {
    const { body } = await this.moto.rest({ account, region: ROUTE_53_REGION }, "route53", "GET", path);
    return parseXml(body.toString());
  }
}
