// AWS WAF as its developer guide describes it, as far as the web ACL uses it: which rule decides on a request. A model, for
// regressions: what AWS's managed rules match is said by the test.
import { posix } from "node:path";
import ipaddr from "ipaddr.js";
import { MANAGED_RULE_GROUPS, MANAGED_RULES } from "../../../config";
import { type Block, blocks, byId, one, type SynthesizedStack } from "../synth";

export interface Request {
  path: string;
  ip?: string;
  country?: string;
  /** Lower-case names. */
  headers?: Record<string, string>;
  /** Managed rules that the request matches. One without User-Agent matches NoUserAgent_HEADER by itself. */
  managed?: string[];
  /** Requests of the same address within the last 5 minutes. */
  rate?: number;
}

type Statement = Record<string, Block>;

/** Of the stage's NAT gateways, which are known only after deployment. */
export const OWN_ADDRESS = "203.0.113.200";
const BROWSER: Record<string, string> = { "user-agent": "Mozilla/5.0" };
/** The labels that rules of ours ask for. */
const LABELS: Record<string, string> = {
  NoUserAgent_HEADER: "awswaf:managed:aws:core-rule-set:NoUserAgent_Header",
};

/** AWS WAF developer guide, text transformations. Both decode once. */
const TRANSFORMATIONS: Record<string, (text: string) => string> = {
  NONE: (text) => text,
  LOWERCASE: (text) => text.toLowerCase(),
  URL_DECODE: (text) =>
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  NORMALIZE_PATH: posix.normalize,
};

/** @returns the rule that decides, or "allowed" where none does */
export function decide(stack: SynthesizedStack, asked: Request): string {
  const request = { ip: "198.51.100.9", country: "GB", headers: BROWSER, managed: [], rate: 1, ...asked };
  const managed = request.headers["user-agent"] ? request.managed : [...request.managed, "NoUserAgent_HEADER"];
  const labels: string[] = [];

  const transformed = (text: string, transformations: unknown) =>
    blocks(transformations)
      .sort((a, b) => Number(a.priority) - Number(b.priority))
      .reduce((result, { type }) => (TRANSFORMATIONS[String(type)] as (text: string) => string)(result), text);
  const field = ({ field_to_match, text_transformation }: Block): string | undefined => {
    const { uri_path, single_header } = field_to_match as Statement;
    const text = uri_path ? request.path.replace(/\?.*/, "") : request.headers[String(single_header?.name)];
    return text === undefined ? undefined : transformed(text, text_transformation);
  };
  const inIpSet = (reference: string): boolean => {
    const id = /aws_wafv2_ip_set\.([\w-]+)\./.exec(reference)?.[1] ?? "";
    const { addresses } = byId(stack, "aws_wafv2_ip_set")[id] as { addresses: string[] };
    return addresses.some((block) => {
      const [network, prefix] = ipaddr.parseCIDR(block.replace(/\$\{aws_eip\..*\}/, OWN_ADDRESS));
      const address = ipaddr.parse(request.ip);
      return address.kind() === network.kind() && address.match(network, prefix);
    });
  };
  const matches = (statement: Statement): boolean => {
    const [[kind, body]] = Object.entries(statement) as [[string, Block]];
    const inner = blocks(body.statement) as Statement[];
    switch (kind) {
      case "and_statement":
        return inner.every(matches);
      case "or_statement":
        return inner.some(matches);
      case "not_statement":
        return !inner.some(matches);
      case "regex_match_statement":
        return new RegExp(String(body.regex_string)).test(field(body) ?? "\n");
      case "byte_match_statement": {
        const wanted = String(body.search_string);
        return body.positional_constraint === "EXACTLY" ? field(body) === wanted : !!field(body)?.startsWith(wanted);
      }
      case "ip_set_reference_statement":
        return inIpSet(String(body.arn));
      case "geo_match_statement":
        return (body.country_codes as string[]).includes(request.country);
      case "label_match_statement":
        return labels.includes(String(body.key));
      case "rate_based_statement":
        return request.rate > Number(body.limit);
      default:
        throw new Error(`The model knows no ${kind}.`);
    }
  };

  const rules = blocks(one(stack, "aws_wafv2_web_acl").rule).sort((a, b) => Number(a.priority) - Number(b.priority));
  for (const rule of rules) {
    const statement = rule.statement as Statement;
    const group = statement.managed_rule_group_statement;
    if (!group) {
      if (matches(statement)) return Object.keys(rule.action as object)[0] === "allow" ? "allowed" : String(rule.name);
      continue;
    }
    for (const name of managed.filter((entry) => groupOf(entry) === group.name)) {
      const override = blocks(group.rule_action_override).find((entry) => entry.name === name);
      const [action = "block"] = Object.keys((override?.action_to_use ?? {}) as object);
      if (action !== "count") return name;
      if (LABELS[name]) labels.push(LABELS[name]);
    }
  }
  return "allowed";
}

const groupOf = (rule: string): string | undefined =>
  MANAGED_RULE_GROUPS.find((group) => (MANAGED_RULES[group].rules as readonly string[]).includes(rule));

/** Web ACL capacity units of each statement (AWS WAF developer guide, rule statements list): each transformation costs 10. */
export function capacity(stack: SynthesizedStack): number {
  const cost = (statement: Statement): number =>
    Object.entries(statement).reduce((sum, [kind, body]) => {
      const inner = blocks(body.statement).reduce((total, entry) => total + cost(entry as Statement), 0);
      const transformations = blocks(body.text_transformation).filter(({ type }) => type !== "NONE").length * 10;
      const own: Record<string, number> = {
        regex_match_statement: 3,
        byte_match_statement: 2,
        ip_set_reference_statement: 1,
        geo_match_statement: 1,
        label_match_statement: 1,
        rate_based_statement: 2,
        managed_rule_group_statement: MANAGED_RULES[body.name as keyof typeof MANAGED_RULES]?.capacity ?? 0,
      };
      return sum + inner + transformations + (own[kind] ?? 0);
    }, 0);
  return blocks(one(stack, "aws_wafv2_web_acl").rule).reduce((sum, rule) => sum + cost(rule.statement as Statement), 0);
}
