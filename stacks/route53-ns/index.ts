// Name-server records for the apps' zones, in the account that hosts the parent domain.
import { DataAwsRoute53Zone } from "@cdktf/provider-aws/lib/data-aws-route53-zone";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import type { Construct } from "constructs";
import type { Route53NsConfig } from "../../config";
import { BaseStack } from "../base-stack";

/** Seconds; short enough to mend a wrong delegation within the hour. */
const NAME_SERVER_TTL = 3_600;

export interface Route53NsStackProps {
  route53Ns: Route53NsConfig;
}

export class Route53NsStack extends BaseStack {
  constructor(scope: Construct, id: string, { route53Ns }: Route53NsStackProps) {
    super(scope, id, route53Ns);
    // Not a private zone of the same name, which the world does not ask; two public ones are refused.
    const zone = new DataAwsRoute53Zone(this, "parent", { name: route53Ns.domain, privateZone: false });
    for (const app of route53Ns.apps) {
      new Route53Record(this, `delegation-${app.name}`, {
        zoneId: zone.zoneId,
        name: `${app.name}.${route53Ns.domain}`,
        type: "NS",
        ttl: NAME_SERVER_TTL,
        records: app.nsRecords,
      });
    }
  }
}
