// REDCap's name in the world's DNS: the hosted zone, made or found, and the records in it. Where there is no zone, the
// records are put out for a person to enter.
import { DataAwsRoute53Zone } from "@cdktf/provider-aws/lib/data-aws-route53-zone";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { Route53Zone } from "@cdktf/provider-aws/lib/route53-zone";
import { Construct } from "constructs";
import { isDelegated, type StageConfig } from "../../config";
import { keep } from "../stateful";

/** Seconds; short enough to mend a mistake soon. */
const RECORD_TTL = 300;
const NAME_SERVER_TTL = 3_600;

export interface DnsRecord {
  /** The whole name, without a dot at the end. */
  name: string;
  type: "CNAME" | "MX" | "TXT";
  values: string[];
}

export interface AliasTarget {
  dnsName: string;
  /** Of that name. */
  zoneId: string;
}

export interface DomainProps {
  stage: StageConfig;
  hostName: string;
}

export class Domain extends Construct {
  readonly hostName: string;
  /** None with `hostInRoute53: false`. */
  readonly zone?: {
    id: string;
    name: string;
    /** By this stack: nobody else has records in it. */
    created: boolean;
  };
  /** Whether the world's DNS leads here; until then nothing can be validated by a record. */
  readonly delegated: boolean;
  /** What a person enters above the zone; none where the stack does it, or uses a zone that has its delegation. */
  readonly nameServers?: string[];
  /** What a person enters elsewhere; empty where there is a zone. */
  readonly recordsToEnter: { name: string; type: string; values: string[] }[] = [];
  /** Record above the zone, where the stack itself makes it. */
  readonly delegation?: Route53Record;

  constructor(scope: Construct, id: string, { stage, hostName }: DomainProps) {
    super(scope, id);
    const { hostInRoute53 } = stage;
    this.hostName = hostName;
    this.delegated = isDelegated(stage);
    if (hostInRoute53 === false) return;
    if (hostInRoute53 === hostName) {
      this.zone = { id: this.existingZone(hostInRoute53).zoneId, name: hostName, created: false };
      return;
    }
    const zone = keep(
      new Route53Zone(this, "zone", { name: hostName, comment: `REDCap ${stage.name}`, forceDestroy: false }),
      "zone",
      stage.protect.enabled,
    );
    this.zone = { id: zone.zoneId, name: hostName, created: true };
    if (hostInRoute53 === true) {
      this.nameServers = zone.nameServers;
      return;
    }
    this.delegation = new Route53Record(this, "delegation", {
      zoneId: this.existingZone(hostInRoute53).zoneId,
      name: hostName,
      type: "NS",
      ttl: NAME_SERVER_TTL,
      records: zone.nameServers,
    });
  }

  /**
   * Makes a record in the zone, or puts it out for a person to enter. A name and type that the zone has already is
   * refused by Route 53 and stays as it is: it is somebody else's.
   */
  addRecord(id: string, { name, type, values }: DnsRecord): Route53Record | undefined {
    if (this.zone)
      return new Route53Record(this, id, { zoneId: this.zone.id, name, type, ttl: RECORD_TTL, records: values });
    this.recordsToEnter.push({ name, type, values });
    return undefined;
  }

  /** Leads REDCap's name to what serves it. Elsewhere ALIAS (or ANAME) is what a zone's own name takes for a CNAME. */
  leadTo({ dnsName, zoneId }: AliasTarget): void {
    if (!this.zone) {
      this.recordsToEnter.push({ name: this.hostName, type: "CNAME or ALIAS", values: [dnsName] });
      return;
    }
    new Route53Record(this, "address", {
      zoneId: this.zone.id,
      name: this.hostName,
      type: "A",
      alias: { name: dnsName, zoneId, evaluateTargetHealth: false },
    });
  }

  /** The public one: a private zone of this name is not asked by the world. Two of them are refused. */
  private existingZone(name: string): DataAwsRoute53Zone {
    return new DataAwsRoute53Zone(this, "existing-zone", { name, privateZone: false });
  }
}
