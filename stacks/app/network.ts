// The stage's VPC: public subnets for the load balancer, private ones for service and database, NAT as configured.
import { DataAwsAvailabilityZones } from "@cdktf/provider-aws/lib/data-aws-availability-zones";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { type ITerraformDependable, propertyAccess, Token } from "cdktf";
import { Construct } from "constructs";
import { type NetworkConfig, type StageConfig, stageNames } from "../../config";
import { subnetBlock } from "./cidr";

/** Where service and database are put, created here or brought along. */
export interface Network {
  vpcId: string;
  privateSubnetIds: string[];
  /** Of the load balancer: the public ones, or the private ones where it is internal. */
  loadBalancerSubnetIds: string[];
  /** Their blocks, with spaces between: its nodes have no other addresses. */
  loadBalancerCidrs: string;
  /** IPv4 addresses by which the private subnets reach the internet, as far as they are the stage's own. */
  ownAddresses: string[];
  /** What to depend on before something in a private subnet reaches AWS's APIs. */
  ways: ITerraformDependable[];
  /** Of SES's SMTP endpoint in the VPC; without one, SES is somewhere on the internet. */
  smtpEndpoint?: SecurityGroup;
  /** Those of the stage's own. */
  natGateways: NatGateway[];
}

export interface CreatedNetworkProps {
  stage: StageConfig;
  config: Extract<NetworkConfig, { type: "create" }>;
  /** Whether the load balancer is. */
  internal: boolean;
}

/** Blocks of the public subnets start here; a VPC's block is cut in sixteen. */
const FIRST_PUBLIC_BLOCK = 8;

export class CreatedNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly cidr: string;
  readonly privateSubnets: Subnet[];
  readonly privateSubnetIds: string[];
  readonly loadBalancerSubnetIds: string[];
  readonly loadBalancerCidrs: string;
  readonly ownAddresses: string[] = [];
  /** One per zone. */
  readonly privateRouteTableIds: string[];
  readonly ways: ITerraformDependable[] = [];
  smtpEndpoint?: SecurityGroup;
  readonly natGateways: NatGateway[];

  constructor(scope: Construct, id: string, { stage, config, internal }: CreatedNetworkProps) {
    super(scope, id);
    const { prefix } = stageNames(stage);
    const vpc = new Vpc(this, "vpc", {
      cidrBlock: config.cidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: prefix },
    });
    this.vpcId = vpc.id;
    this.cidr = config.cidr;
    // AWS's default group lets its members talk to each other; without rules nobody uses it by accident.
    new DefaultSecurityGroup(this, "default-security-group", { vpcId: vpc.id, tags: { Name: `${prefix}-unused` } });

    const zones = new DataAwsAvailabilityZones(this, "zones", {
      state: "available",
      // Local and wavelength zones have neither Aurora nor NAT gateways.
      filter: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
    });
    const subnets = (tier: "private" | "public", firstBlock: number) =>
      Array.from({ length: config.zones }, (_, index) => {
        const cidr = subnetBlock(config.cidr, firstBlock + index);
        const subnet = new Subnet(this, `${tier}-${index + 1}`, {
          vpcId: vpc.id,
          cidrBlock: cidr,
          availabilityZone: Token.asString(propertyAccess(zones.names, [index])),
          mapPublicIpOnLaunch: false,
          tags: { Name: `${prefix}-${tier}-${index + 1}` },
          // The list grows when AWS opens a zone; a subnet must not move for that.
          lifecycle: { ignoreChanges: ["availability_zone"] },
        });
        return { subnet, id: subnet.id, cidr };
      });
    const privateSubnets = subnets("private", 0);
    const publicSubnets = subnets("public", FIRST_PUBLIC_BLOCK);
    const balanced = internal ? privateSubnets : publicSubnets;
    this.privateSubnets = privateSubnets.map(({ subnet }) => subnet);
    this.privateSubnetIds = privateSubnets.map(({ id }) => id);
    this.loadBalancerSubnetIds = balanced.map(({ id }) => id);
    this.loadBalancerCidrs = balanced.map(({ cidr }) => cidr).join(" ");

    const internet = new InternetGateway(this, "internet-gateway", { vpcId: vpc.id, tags: { Name: prefix } });
    const publicTable = new RouteTable(this, "public-routes", { vpcId: vpc.id, tags: { Name: `${prefix}-public` } });
    const toInternet = new Route(this, "to-internet", {
      routeTableId: publicTable.id,
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: internet.id,
    });
    publicSubnets.forEach(({ id: subnetId }, index) => {
      new RouteTableAssociation(this, `public-${index + 1}-routes`, { subnetId, routeTableId: publicTable.id });
    });

    this.natGateways = publicSubnets
      .slice(0, { none: 0, one: 1, "per-zone": config.zones }[config.nat])
      .map(({ id: subnetId }, index) => {
        const name = `${prefix}-nat-${index + 1}`;
        const address = new Eip(this, `nat-${index + 1}-address`, { domain: "vpc", tags: { Name: name } });
        this.ownAddresses.push(address.publicIp);
        return new NatGateway(this, `nat-${index + 1}`, {
          subnetId,
          allocationId: address.id,
          tags: { Name: name },
          dependsOn: [toInternet],
        });
      });
    this.privateRouteTableIds = this.privateSubnetIds.map((subnetId, index) => {
      const name = `private-${index + 1}`;
      const table = new RouteTable(this, `${name}-routes`, { vpcId: vpc.id, tags: { Name: `${prefix}-${name}` } });
      this.ways.push(new RouteTableAssociation(this, `${name}-association`, { subnetId, routeTableId: table.id }));
      const nat = this.natGateways[index] ?? this.natGateways[0];
      if (nat) {
        this.ways.push(
          new Route(this, `${name}-to-nat`, {
            routeTableId: table.id,
            destinationCidrBlock: "0.0.0.0/0",
            natGatewayId: nat.id,
          }),
        );
      }
      return table.id;
    });
  }
}
