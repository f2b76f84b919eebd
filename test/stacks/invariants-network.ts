// Invariants on the network: what is private, and what is reached from outside.
import { failing, type Invariant } from "./invariant";
import { type Block, blocks, byId, type SynthesizedStack } from "./synth";

/** Subnets that some route leads from to an internet gateway, by reference. */
function publicSubnets(stack: SynthesizedStack): Set<string> {
  const tables = Object.values(byId(stack, "aws_route"))
    .filter((route) => String(route.gateway_id).includes("aws_internet_gateway."))
    .map((route) => route.route_table_id);
  const associations = Object.values(byId(stack, "aws_route_table_association"));
  return new Set(associations.filter((a) => tables.includes(a.route_table_id)).map((a) => String(a.subnet_id)));
}

/** Functions that are in no VPC, by the beginning of their logical id, and why. */
const OUTSIDE_THE_VPC: Record<string, string> = {
  "image_first-image_function": "calls CodeBuild, which a stage without NAT does not reach from its VPC",
  "recovery-kit_function": "calls S3, perhaps of another region, which a stage without NAT does not reach from its VPC",
  "files-key_function": "calls IAM, which a stage without NAT does not reach from its VPC",
  mail_key_function: "calls IAM, which a stage without NAT does not reach from its VPC",
  "cron-password_function": "calls EventBridge, which a stage without NAT does not reach from its VPC",
  installation_function: "calls ECS, which a stage without NAT does not reach from its VPC",
};

/** Neither told of the database nor let at a network: then it may be outside. */
const isOutside = (id: string, block: Block): boolean =>
  Object.keys(OUTSIDE_THE_VPC).some((start) => id.startsWith(start)) && !/database|rds/i.test(JSON.stringify(block));

export const inPrivateSubnets: Invariant = (stack) => {
  const open = publicSubnets(stack);
  const allPrivate = (ids: unknown) => blocks(ids).length >= 2 && blocks(ids).every((id) => !open.has(String(id)));
  return [
    ...failing(stack, "aws_db_subnet_group", (block) => allPrivate(block.subnet_ids)),
    ...failing(stack, "aws_rds_cluster_instance", (block) => block.publicly_accessible === false),
    ...failing(
      stack,
      "aws_lambda_function",
      (block, id) => isOutside(id, block) || allPrivate(blocks(block.vpc_config)[0]?.subnet_ids),
    ),
    ...failing(stack, "aws_ecs_service", (block) => {
      const [network] = blocks(block.network_configuration);
      return network?.assign_public_ip === false && allPrivate(network.subnets);
    }),
    ...failing(stack, "aws_apprunner_vpc_connector", (block) => allPrivate(block.subnets)),
    ...failing(stack, "aws_apprunner_service", (block) =>
      JSON.stringify(block.network_configuration).includes("{aws_apprunner_vpc_connector."),
    ),
    ...failing(stack, "aws_scheduler_schedule", (block) => {
      const [target] = blocks(block.target);
      const [ecs] = blocks(target?.ecs_parameters);
      const [network] = blocks(ecs?.network_configuration);
      // A state machine is in no network, and functions are judged by themselves.
      if (!ecs) return /^\$\{aws_(sfn_state_machine|lambda_function)\./.test(String(target?.arn));
      return network?.assign_public_ip === false && allPrivate(network.subnets);
    }),
    ...failing(stack, "aws_launch_template", (block) => {
      const interfaces = blocks(block.network_interfaces);
      return interfaces.length === 1 && interfaces[0]?.associate_public_ip_address === "false";
    }),
    ...failing(stack, "aws_subnet", (block) => block.map_public_ip_on_launch === false),
  ];
};

/**
 * Only the load balancer is reached from outside, on its two ports; interface endpoints from the VPC. Between groups, the
 * stack's own groups are named.
 */
export const onlyLoadBalancerIsOpen: Invariant = (stack) => {
  const groupsOf = (type: string, attribute: string) =>
    Object.values(byId(stack, type)).flatMap((block) => (block[attribute] ?? []) as string[]);
  const balancers = groupsOf("aws_lb", "security_groups");
  const endpoints = groupsOf("aws_vpc_endpoint", "security_group_ids");
  const vpcBlocks = Object.values(byId(stack, "aws_vpc")).map(({ cidr_block }) => cidr_block);
  const onPort = ({ ip_protocol, from_port, to_port }: Block, ports: number[]) =>
    ip_protocol === "tcp" && from_port === to_port && ports.includes(Number(from_port));
  return [
    ...failing(stack, "aws_vpc_security_group_ingress_rule", (block) => {
      const { referenced_security_group_id: from, security_group_id: group } = block;
      if (from !== undefined) return String(from).startsWith("${aws_security_group.");
      if (balancers.includes(String(group))) return onPort(block, [80, 443]);
      return endpoints.includes(String(group)) && vpcBlocks.includes(block.cidr_ipv4) && onPort(block, [443]);
    }),
    ...failing(stack, "aws_security_group", (block) => block.ingress === undefined && block.egress === undefined),
  ];
};
