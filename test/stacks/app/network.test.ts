import { subnetBlock } from "../../../stacks/app/cidr";
import { all, blocks, byId, one, ref, type SynthesizedStack, statements, synthesizeApp } from "../synth";

const count = (stack: SynthesizedStack, ...types: string[]) => types.map((type) => all(stack, type).length);

describe("addresses", () => {
  test.each([
    ["10.0.0.0/16", 0, "10.0.0.0/20"],
    ["10.0.0.0/16", 1, "10.0.16.0/20"],
    ["10.0.0.0/16", 15, "10.0.240.0/20"],
    ["192.168.4.0/22", 9, "192.168.6.64/26"],
    ["172.31.0.0/20", 15, "172.31.15.0/24"],
    ["10.1.2.3/16", 8, "10.1.128.0/20"],
  ])("%s, block %i, is %s", (cidr, index, block) => {
    expect(subnetBlock(cidr, index)).toBe(block);
  });
});

describe("production: three zones, NAT in each", () => {
  const stack = synthesizeApp();

  test("has a public and a private subnet per zone, none of them overlapping", () => {
    expect(all(stack, "aws_subnet").map(({ cidr_block }) => cidr_block)).toEqual([
      "10.1.0.0/20",
      "10.1.16.0/20",
      "10.1.32.0/20",
      "10.1.128.0/20",
      "10.1.144.0/20",
      "10.1.160.0/20",
    ]);
    for (const subnet of all(stack, "aws_subnet"))
      expect(subnet.lifecycle).toEqual({ ignore_changes: ["availability_zone"] });
  });

  test("routes each zone through its own NAT gateway", () => {
    expect(count(stack, "aws_nat_gateway", "aws_eip", "aws_route_table", "aws_route")).toEqual([3, 3, 4, 4]);
    const gateways = all(stack, "aws_route").flatMap(({ nat_gateway_id }) => (nat_gateway_id ? [nat_gateway_id] : []));
    expect(new Set(gateways).size).toBe(3);
  });

  test("reaches S3 through a gateway endpoint, without a policy that NAT would not stand for", () => {
    const endpoint = one(stack, "aws_vpc_endpoint");
    expect(endpoint).toMatchObject({
      vpc_endpoint_type: "Gateway",
      service_name: "com.amazonaws.eu-west-2.s3",
      route_table_ids: Array(3).fill(expect.stringContaining("private")),
    });
    expect(endpoint.policy).toBeUndefined();
  });

  test("logs all traffic", () => {
    expect(one(stack, "aws_flow_log")).toMatchObject({ traffic_type: "ALL", log_destination_type: "cloud-watch-logs" });
  });

  test("empties the default security group", () => {
    const group = one(stack, "aws_default_security_group");
    expect([group.ingress, group.egress]).toEqual([undefined, undefined]);
  });
});

test("one NAT gateway serves every zone", () => {
  const stack = synthesizeApp({ network: { type: "create", zones: 3, nat: "one" } });
  expect(count(stack, "aws_nat_gateway", "aws_eip")).toEqual([1, 1]);
  const routes = all(stack, "aws_route").filter(({ nat_gateway_id }) => nat_gateway_id);
  expect(routes).toHaveLength(3);
  expect(new Set(routes.map(({ nat_gateway_id }) => nat_gateway_id)).size).toBe(1);
});

test("without NAT there are interface endpoints, open to the VPC only, and no other way out", () => {
  const stack = synthesizeApp({ network: { type: "create", cidr: "10.9.0.0/20", nat: "none" } });
  expect(count(stack, "aws_nat_gateway", "aws_eip", "aws_subnet")).toEqual([0, 0, 4]);
  const endpoints = all(stack, "aws_vpc_endpoint").filter(({ vpc_endpoint_type }) => vpc_endpoint_type === "Interface");
  expect(endpoints.map(({ service_name }) => String(service_name).replace("com.amazonaws.eu-west-2.", ""))).toEqual([
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    // Of the maintenance server.
    "ssm",
    "ssmmessages",
  ]);
  for (const endpoint of endpoints) expect(endpoint).toMatchObject({ private_dns_enabled: true });
  expect(one(stack, "aws_vpc_security_group_ingress_rule", "endpoints_")).toMatchObject({
    cidr_ipv4: "10.9.0.0/20",
    from_port: 443,
    to_port: 443,
  });
  // What runs in the private subnets waits for the endpoints.
  const waits = [one(stack, "aws_lambda_invocation", "database-users_"), one(stack, "aws_ecs_service")];
  for (const { depends_on } of waits)
    expect(blocks(depends_on).filter((address) => String(address).startsWith("aws_vpc_endpoint."))).toHaveLength(7);
  expect(statements(stack, "endpoints_s3-policy").map(({ resources }) => resources)).toEqual([
    [
      "arn:aws:s3:::redcap-prod-files-111111111111-eu-west-2",
      "arn:aws:s3:::redcap-prod-files-111111111111-eu-west-2/*",
    ],
    ["arn:aws:s3:::prod-eu-west-2-starport-layer-bucket/*"],
    ["arn:aws:s3:::al2023-repos-eu-west-2-de612dc2/*"],
  ]);
});

describe("an existing VPC", () => {
  const existing = {
    type: "existing",
    vpcId: "vpc-0123456789abcdef0",
    privateSubnetIds: ["subnet-0a", "subnet-0b"],
    publicSubnetIds: ["subnet-0c", "subnet-0d"],
  } as const;
  const bring = (internal: boolean) => {
    const service = { ...synthesizedService, internal };
    return synthesizeApp({ network: { ...existing, ...mutable(existing) }, service });
  };
  const synthesizedService = {
    type: "fargate" as const,
    image: "public.ecr.aws/example/redcap:17.4.4",
    certificateArn: "arn:aws:acm:eu-west-2:111111111111:certificate/00000000-0000-4000-8000-000000000001",
  };
  const mutable = ({ privateSubnetIds, publicSubnetIds }: typeof existing) => ({
    privateSubnetIds: [...privateSubnetIds],
    publicSubnetIds: [...publicSubnetIds],
  });

  test("is used as it is: nothing of a network is created", () => {
    const stack = bring(false);
    expect(
      Object.keys(stack.resource).filter((type) => /vpc$|subnet$|route(_|$)|gateway|flow_log|endpoint/.test(type)),
    ).toEqual([]);
    expect(stack.data.aws_availability_zones).toBeUndefined();
    expect(one(stack, "aws_db_subnet_group").subnet_ids).toEqual(existing.privateSubnetIds);
    expect(blocks(one(stack, "aws_ecs_service").network_configuration)[0]?.subnets).toEqual(existing.privateSubnetIds);
    expect(one(stack, "aws_lb")).toMatchObject({ internal: false, subnets: existing.publicSubnetIds });
    for (const group of Object.values(byId(stack, "aws_security_group"))) expect(group.vpc_id).toBe(existing.vpcId);
  });

  test("stops the plan where subnets are elsewhere, or private ones in one zone or public", () => {
    const { data } = bring(false);
    const conditions = (type: string, kind: "precondition" | "postcondition") =>
      Object.values(data[type] ?? {}).flatMap(({ lifecycle }) =>
        blocks((lifecycle as Record<string, unknown>)[kind]).map(({ condition }) => condition),
      );
    expect(Object.values(data.aws_subnet ?? {}).map(({ id }) => id)).toEqual([
      ...existing.privateSubnetIds,
      ...existing.publicSubnetIds,
    ]);
    expect(conditions("aws_subnet", "postcondition")).toEqual(Array(4).fill(ref(`self.vpc_id == "${existing.vpcId}"`)));
    expect(conditions("aws_vpc", "precondition")).toEqual([
      expect.stringMatching(/length\(distinct\(\[data\.aws_subnet\.\S+, data\.aws_subnet\.\S+\]\)\) >= 2/),
    ]);
    expect(Object.values(data.aws_route_tables ?? {}).map(({ filter }) => blocks(filter)[0])).toEqual(
      expect.arrayContaining(existing.privateSubnetIds.map((id) => ({ name: "association.subnet-id", values: [id] }))),
    );
    const noInternetGateway =
      'alltrue([for route in self.routes : !startswith(coalesce(route.gateway_id, "none"), "igw-")])';
    expect(conditions("aws_route_table", "postcondition")).toEqual(Array(2).fill(ref(noInternetGateway)));
  });

  test("takes an internal load balancer into its private subnets, and asks for no others", () => {
    const stack = bring(true);
    expect(Object.values(stack.data.aws_subnet ?? {}).map(({ id }) => id)).toEqual(existing.privateSubnetIds);
    expect(one(stack, "aws_lb")).toMatchObject({ internal: true, subnets: existing.privateSubnetIds });
  });
});
