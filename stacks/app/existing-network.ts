// A VPC that is brought along. Its owner sees to routes, endpoints and flow logs; the plan stops where subnets are of another
// VPC, or the private ones in one zone or open to the internet.
import { DataAwsRouteTable } from "@cdktf/provider-aws/lib/data-aws-route-table";
import { DataAwsRouteTables } from "@cdktf/provider-aws/lib/data-aws-route-tables";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc";
import type { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Fn, type ITerraformDependable, Op, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import type { NetworkConfig } from "../../config";
import type { Network } from "./network";

type ExistingConfig = Extract<NetworkConfig, { type: "existing" }>;

export interface ExistingNetworkProps {
  config: ExistingConfig;
  /** Whether the load balancer is. */
  internal: boolean;
}

export class ExistingNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly privateSubnetIds: string[];
  readonly loadBalancerSubnetIds: string[];
  readonly loadBalancerCidrs: string;
  /** Its owner knows them; `allowedIps` is the place for them. */
  readonly ownAddresses: string[] = [];
  readonly ways: ITerraformDependable[] = [];
  readonly natGateways: NatGateway[] = [];

  constructor(scope: Construct, id: string, { config, internal }: ExistingNetworkProps) {
    super(scope, id);
    this.vpcId = config.vpcId;
    this.privateSubnetIds = config.privateSubnetIds;
    this.loadBalancerSubnetIds = internal ? config.privateSubnetIds : config.publicSubnetIds;

    const privateSubnets = this.subnets(config, "private");
    const balanced = internal ? privateSubnets : this.subnets(config, "public");
    // A subnet has an IPv4 block, an IPv6 block, or both; what it has not is empty.
    const blocks = Fn.compact(balanced.flatMap(({ cidrBlock, ipv6CidrBlock }) => [cidrBlock, ipv6CidrBlock]));
    this.loadBalancerCidrs = new TerraformLocal(this, "load-balancer-cidrs", Fn.join(" ", blocks)).asString;
    const zones = Fn.distinct(privateSubnets.map(({ availabilityZone }) => availabilityZone));
    new DataAwsVpc(this, "vpc", {
      id: config.vpcId,
      lifecycle: {
        precondition: [
          {
            condition: Op.gte(Fn.lengthOf(zones), 2),
            errorMessage: "network.privateSubnetIds: Aurora needs subnets in at least two availability zones.",
          },
        ],
      },
    });
    this.refusePublicRoutes(config);
  }

  private subnets(config: ExistingConfig, tier: "private" | "public"): DataAwsSubnet[] {
    return config[`${tier}SubnetIds`].map(
      (subnetId, index) =>
        new DataAwsSubnet(this, `${tier}-${index + 1}`, {
          id: subnetId,
          lifecycle: {
            postcondition: [
              {
                condition: `\${self.vpc_id == "${config.vpcId}"}`,
                errorMessage: `network.${tier}SubnetIds: ${subnetId} is not in ${config.vpcId}.`,
              },
            ],
          },
        }),
    );
  }

  /** A subnet without a route table of its own has the VPC's main one. */
  private refusePublicRoutes({ vpcId, privateSubnetIds }: ExistingConfig): void {
    const tables = (id: string, name: string, value: string) =>
      new DataAwsRouteTables(this, id, { vpcId, filter: [{ name, values: [value] }] }).ids;
    const main = tables("main-routes", "association.main", "true");
    privateSubnetIds.forEach((subnetId, index) => {
      const own = tables(`own-routes-${index + 1}`, "association.subnet-id", subnetId);
      new DataAwsRouteTable(this, `routes-${index + 1}`, {
        routeTableId: Fn.element(Fn.concat([own, main]), 0),
        lifecycle: {
          postcondition: [
            {
              condition: `\${alltrue([for route in self.routes : !startswith(coalesce(route.gateway_id, "none"), "igw-")])}`,
              errorMessage: `network.privateSubnetIds: ${subnetId} has a route to an internet gateway, so it is public.`,
            },
          ],
        },
      });
    });
  }
}
