// Plans that open something to the Internet, or take away what stands before it.
import { configuration, create, destroy, plan, replace, update } from "../plans";
import { type Case, dangersOf, testDangers } from "./dangers";

const IN = "aws_vpc_security_group_ingress_rule.web";
const rule = (cidr_ipv4: string, from_port = 443, to_port = from_port) => ({
  security_group_id: "sg-1",
  cidr_ipv4,
  from_port,
  to_port,
  ip_protocol: "tcp",
});
const block = (...cidr_blocks: string[]) => ({ cidr_blocks, from_port: 22, to_port: 22, protocol: "tcp" });
const acl = (...rules: Record<string, unknown>[]) => ({ default_action: [{ allow: [], block: [{}] }], rule: rules });
const blocking = (name: string) => ({ name, action: [{ block: [{}], count: [] }], override_action: [] });
const counting = (name: string) => ({ name, action: [{ block: [], count: [{}] }], override_action: [] });
const ACL = "aws_wafv2_web_acl.acl";

const CASES: Case[] = [
  ["an existing group opens a port to all", [create(IN, rule("0.0.0.0/0"))], `open-ingress ${IN}`],
  [
    "a new group opens the database to all",
    [
      create(
        IN,
        { ...rule("0.0.0.0/0", 3306), security_group_id: undefined },
        { unknown: { security_group_id: true } },
      ),
    ],
    `open-ingress ${IN}`,
  ],
  ["half of the Internet is the Internet", [create(IN, rule("128.0.0.0/1"))], `open-ingress ${IN}`],
  [
    "IPv6 is not forgotten",
    [create(IN, { security_group_id: "sg-1", cidr_ipv6: "::/0", ip_protocol: "-1" })],
    `open-ingress ${IN}`,
  ],
  ["a rule gets more addresses", [update(IN, rule("10.0.0.0/24"), rule("10.0.0.0/16"))], `open-ingress ${IN}`],
  [
    "a rule gets more ports",
    [update(IN, rule("10.0.0.0/24", 443), rule("10.0.0.0/24", 0, 65535))],
    `open-ingress ${IN}`,
  ],
  [
    "a group's own block opens SSH",
    [
      update(
        "aws_security_group.app",
        { ingress: [block("10.0.0.0/8")] },
        { ingress: [block("10.0.0.0/8", "0.0.0.0/0")] },
      ),
    ],
    "open-ingress aws_security_group.app",
  ],
  [
    "a rule of the old kind opens to all",
    [create("aws_security_group_rule.app", { type: "ingress", security_group_id: "sg-1", ...block("0.0.0.0/0") })],
    "open-ingress aws_security_group_rule.app",
  ],
  [
    "the database may call everywhere",
    [create("aws_vpc_security_group_egress_rule.out", { ...rule("0.0.0.0/0"), ip_protocol: "-1" })],
    "open-egress aws_vpc_security_group_egress_rule.out",
  ],
  [
    "an instance of the database becomes public",
    [update("aws_rds_cluster_instance.writer", { publicly_accessible: false }, { publicly_accessible: true })],
    "expose aws_rds_cluster_instance.writer",
  ],
  [
    "a load balancer faces the Internet",
    [replace("aws_lb.lb", { internal: true }, { internal: false })],
    "expose aws_lb.lb",
  ],
  [
    "a subnet gives public addresses",
    [update("aws_subnet.private", { map_public_ip_on_launch: false }, { map_public_ip_on_launch: true })],
    "expose aws_subnet.private",
  ],
  [
    "a function has a URL without authentication",
    [create("aws_lambda_function_url.url", { authorization_type: "NONE" })],
    "expose aws_lambda_function_url.url",
  ],
  [
    "a private service of App Runner becomes public",
    [
      update(
        "aws_apprunner_service.service",
        { network_configuration: [{ ingress_configuration: [{ is_publicly_accessible: false }] }] },
        { network_configuration: [{ ingress_configuration: [{ is_publicly_accessible: true }] }] },
      ),
    ],
    "expose aws_apprunner_service.service",
  ],
  [
    "a private subnet gets a route to the Internet",
    [create("aws_route.out", { route_table_id: "rtb-1", gateway_id: "igw-1", destination_cidr_block: "0.0.0.0/0" })],
    "expose aws_route.out",
  ],
  [
    "the same by a new gateway",
    plan(
      [
        create(
          "aws_route.out",
          { route_table_id: "rtb-1", destination_cidr_block: "0.0.0.0/0" },
          { unknown: { gateway_id: true } },
        ),
      ],
      {
        configuration: configuration({
          "aws_route.out": { gateway_id: ["aws_internet_gateway.new.id", "aws_internet_gateway.new"] },
        }),
      },
    ),
    "expose aws_route.out",
  ],
  [
    "the web ACL's default lets through",
    [update(ACL, acl(), { ...acl(), default_action: [{ allow: [{}], block: [] }] })],
    `weaken-web-acl ${ACL}`,
  ],
  [
    "a rule of the web ACL goes",
    [update(ACL, acl(blocking("cron"), blocking("rate")), acl(blocking("rate")))],
    `weaken-web-acl ${ACL}`,
  ],
  [
    "a rule of the web ACL only counts",
    [update(ACL, acl(blocking("cron")), acl(counting("cron")))],
    `weaken-web-acl ${ACL}`,
  ],
  [
    "no web ACL stands before the service",
    [destroy("aws_wafv2_web_acl_association.acl")],
    "remove-filter aws_wafv2_web_acl_association.acl",
  ],
  ["traffic is not recorded any more", [destroy("aws_flow_log.vpc")], "remove-filter aws_flow_log.vpc"],
];
testDangers(CASES);

const newGroup = { unknown: { security_group_id: true } };
const { security_group_id: _, ...ofNewGroup } = rule("0.0.0.0/0");

test.each([
  ["a new load balancer for all", [create(IN, ofNewGroup, newGroup)]],
  [
    "a rule that only gets another address in Terraform",
    [destroy("aws_vpc_security_group_ingress_rule.old", rule("0.0.0.0/0")), create(IN, rule("0.0.0.0/0"))],
  ],
  ["a rule that is replaced by a narrower one", [replace(IN, rule("10.0.0.0/8"), rule("10.1.0.0/16"))]],
  ["private addresses", [create(IN, rule("10.0.0.0/8"))]],
  ["a range of one hospital", [create(IN, rule("198.51.100.0/24"))]],
  [
    "another security group",
    [
      create(IN, {
        security_group_id: "sg-1",
        referenced_security_group_id: "sg-2",
        from_port: 3306,
        to_port: 3306,
        ip_protocol: "tcp",
      }),
    ],
  ],
  [
    "the addresses of a replaced group's rule, which are not known yet",
    [replace(IN, rule("0.0.0.0/0"), ofNewGroup, newGroup)],
  ],
  ["a new public subnet", [create("aws_subnet.public", { map_public_ip_on_launch: true })]],
])("passes: %s", (_name, changes) => {
  expect(dangersOf(changes)).toEqual([]);
});
