// A VPC that is brought along. Its owner sees to routes, endpoints and flow logs; the plan stops where the private subnets
// are of another VPC, in one zone, or open to the internet.
import { DataAwsRouteTable } from "@cdktf/provider-aws/lib/data-aws-route-table";
import { DataAwsRouteTables } from "@cdktf/provider-aws/lib/data-aws-route-tables";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc";
import { Fn, type ITerraformDependable, Op, propertyAccess, TerraformLocal, Token } from "cdktf";
import { Construct } from "constructs";
import type { NetworkConfig } from "../../config";
import type { Network } from "./network";

export class ExistingNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly cidrs: string;
  readonly privateSubnetIds: string[];
  readonly publicSubnetIds: string[];
  readonly ways: ITerraformDependable[] = [];

  constructor(scope: Construct, id: string, config: Extract<NetworkConfig, { type: "existing" }>) {
    super(scope, id);
    this.vpcId = config.vpcId;
    this.privateSubnetIds = config.privateSubnetIds;
    this.publicSubnetIds = config.publicSubnetIds;

    const subnets = config.privateSubnetIds.map(
      (subnetId, index) =>
        new DataAwsSubnet(this, `private-${index + 1}`, {
          id: subnetId,
          lifecycle: {
            postcondition: [
              {
                condition: `\${self.vpc_id == "${config.vpcId}"}`,
                errorMessage: `network.privateSubnetIds: ${subnetId} is not in ${config.vpcId}.`,
              },
            ],
          },
        }),
    );
    const zones = Fn.distinct(subnets.map(({ availabilityZone }) => availabilityZone));
    const vpc = new DataAwsVpc(this, "vpc", {
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
    // The load balancer may be in a block that was added to the VPC later.
    const blocks = Token.asList(propertyAccess(vpc.cidrBlockAssociations, ["*", "cidr_block"]));
    this.cidrs = new TerraformLocal(this, "cidrs", Fn.join(" ", blocks)).asString;
    this.refusePublicRoutes(config);
  }

  /** A subnet without a route table of its own has the VPC's main one. */
  private refusePublicRoutes({ vpcId, privateSubnetIds }: Extract<NetworkConfig, { type: "existing" }>): void {
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
