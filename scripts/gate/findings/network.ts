// What a plan opens to the Internet, and what stands between the Internet and REDCap and goes.
import type { Change } from "../change";
import { type Detected, type Detector, danger } from "../finding";
import { openedRules } from "./security-group";

/** Attribute that makes something reachable, and the value that does. */
const EXPOSED: Record<string, readonly [path: (string | number)[], open: unknown][]> = {
  aws_lb: [[["internal"], false]],
  aws_rds_cluster_instance: [[["publicly_accessible"], true]],
  aws_db_instance: [[["publicly_accessible"], true]],
  aws_subnet: [[["map_public_ip_on_launch"], true]],
  aws_instance: [[["associate_public_ip_address"], true]],
  aws_lambda_function_url: [[["authorization_type"], "NONE"]],
  aws_apprunner_service: [[["network_configuration", 0, "ingress_configuration", 0, "is_publicly_accessible"], true]],
};

/** Nothing of the project's databases, and no function, is for the Internet, not even a new one. */
const NEVER_EXPOSED = new Set(["aws_rds_cluster_instance", "aws_db_instance", "aws_lambda_function_url"]);

const exposed: Detector = (change) => {
  if (change.isDelete || (change.isCreate && !NEVER_EXPOSED.has(change.type))) return undefined;
  return (EXPOSED[change.type] ?? []).flatMap(([path, open]): Detected[] =>
    change.after(...path) === open && change.before(...path) !== open
      ? [danger("expose", `${change.fromTo(...path)}: reachable from the Internet`)]
      : [],
  );
};

/** A subnet becomes public by a route to an Internet gateway. */
const publicRoute: Detector = (change) => {
  if (change.type !== "aws_route" || change.isDelete || change.isUnknown("route_table_id")) return undefined;
  const isGateway = (value: unknown) => typeof value === "string" && value.startsWith("igw-");
  const toGateway =
    isGateway(change.after("gateway_id")) ||
    (change.isUnknown("gateway_id") &&
      change.facts
        .references(change.entry.address, "gateway_id")
        .some((one) => one.startsWith("aws_internet_gateway.")));
  if (!toGateway || isGateway(change.before("gateway_id")) || change.facts.isTakenAway(change.entry)) return undefined;
  const isIpv4 = Boolean(change.after("destination_cidr_block"));
  const to = change.show("after", isIpv4 ? "destination_cidr_block" : "destination_ipv6_cidr_block");
  return danger("expose", `routes ${to} of an existing route table to an Internet gateway`);
};

/** Whether an optional block is there: Terraform shows it as a list with one entry. */
const has = (value: unknown, block: string): boolean =>
  typeof value === "object" && value !== null && Array.isArray((value as Record<string, unknown>)[block])
    ? ((value as Record<string, unknown[]>)[block]?.length ?? 0) > 0
    : false;
const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

/** Of a rule: the action, or what becomes of a managed group's own actions. */
const blocks = (rule: Record<string, unknown>): boolean =>
  has(first(rule.action), "block") ||
  has(first(rule.action), "captcha") ||
  has(first(rule.action), "challenge") ||
  has(first(rule.override_action), "none");

const webAcl: Detector = (change) => {
  if (change.type !== "aws_wafv2_web_acl" || change.isCreate || change.isDelete) return undefined;
  const found: Detected[] = [];
  if (has(first(change.before("default_action")), "block") && has(first(change.after("default_action")), "allow"))
    found.push(danger("weaken-web-acl", "lets requests through that no rule matches; it blocked them"));
  const after = new Map(change.blocks("after", "rule").map((rule) => [rule.name, rule]));
  for (const rule of change.blocks("before", "rule").filter(blocks)) {
    const now = after.get(rule.name);
    if (!now) found.push(danger("weaken-web-acl", `rule ${change.say("rule", rule.name)} goes; it blocked requests`));
    else if (!blocks(now))
      found.push(danger("weaken-web-acl", `rule ${change.say("rule", rule.name)} blocks no longer`));
  }
  return found;
};

/** What filters or records traffic, and may be replaced, but not go. */
const FILTERS: Record<string, string> = {
  aws_wafv2_web_acl: "the web ACL goes",
  aws_wafv2_web_acl_association: "the web ACL no longer stands before the service",
  aws_flow_log: "traffic of the network is no longer recorded",
  aws_wafv2_web_acl_logging_configuration: "what the web ACL blocks is no longer recorded",
};

const filterRemoved: Detector = (change: Change) => {
  const what = FILTERS[change.type];
  return what && change.isDelete ? danger("remove-filter", what) : undefined;
};

export const network: Detector[] = [openedRules, exposed, publicRoute, webAcl, filterRemoved];
