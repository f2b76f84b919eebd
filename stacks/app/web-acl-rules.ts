// The rules of the web ACL, in the order in which AWS WAF asks them. The first that blocks or allows decides; who gets past
// all of them is let in.
//
// | priority | rule                | what it does                                                                        |
// |----------|---------------------|-------------------------------------------------------------------------------------|
// | 0        | rate-limit          | 429 for an address with too many requests (`waf.rateLimit`)                         |
// | 10       | cron-with-secret    | cron.php's caller, where there is one, past what follows; the image asks the secret |
// | 20       | cron                | 403 for cron.php                                                                    |
// | 30       | maintenance-pages   | 403 for install.php and upgrade.php, but for `maintenanceAddresses`                 |
// | 40       | allowed-addresses   | 403 for who is not in `allowedIps`, nor REDCap itself                               |
// | 50       | allowed-countries   | 403 for other countries than `allowedCountries`, where there are any                |
// | 60 to 90 | AWSManagedRules…    | AWS's own groups (config/managed-rules.ts), without what REDCap's requests trip over |
// | 100      | no-user-agent       | 403 without User-Agent, but for surveys and the API                                 |
import type { Wafv2WebAclRule } from "@cdktf/provider-aws/lib/wafv2-web-acl";
import {
  type CreatedWaf,
  MANAGED_RULE_GROUPS,
  MANAGED_RULES,
  type ManagedRule,
  type ManagedRuleGroup,
  type RuleAction,
} from "../../config";

/** A statement in Terraform's own names: the provider's class leaves it untyped and passes it on as it is. */
type Statement = Record<string, unknown>;

export interface WebAclRulesProps {
  waf: CreatedWaf;
  allowedCountries: string[];
  /** ARNs of the IP sets, one per family. */
  ipSets: { allowed: string[]; maintenance: string[]; itself: string[] };
  /** Whether something calls cron.php over HTTP; else nobody gets there. */
  cronOverHttp: boolean;
}

/**
 * What AWS's groups would block of what REDCap's users do every day. These rules count instead, so that the log still shows
 * them. All but two look into bodies, which on REDCap come from people who are logged in, fill in a survey or have a token;
 * REDCap itself escapes and binds what it gets. The same rules keep blocking in paths, query arguments, headers and cookies.
 */
const COUNTED: Partial<Record<ManagedRule, RuleAction>> = {
  // Forms, imports of data and files are larger than 8 KB.
  SizeRestrictions_BODY: "count",
  // Links that fill in a survey's answers have one argument per field.
  SizeRestrictions_QUERYSTRING: "count",
  // The rich-text editor posts HTML: field labels, survey texts, emails.
  CrossSiteScripting_BODY: "count",
  // Imported text and data dictionaries hold paths with `../`.
  GenericLFI_BODY: "count",
  // Settings and texts hold URLs, some with an address instead of a name.
  GenericRFI_BODY: "count",
  // Branching logic, calculations, report filters and dynamic SQL fields are, or look like, SQL; so does free text with
  // quotes and dashes.
  SQLi_BODY: "count",
  SQLiExtendedPatterns_BODY: "count",
  // `no-user-agent` decides, by the label that this rule leaves.
  NoUserAgent_HEADER: "count",
};

/**
 * A file of this name anywhere in a path, whatever follows: PHP also answers /install.php/x. The path is decoded once, as
 * Apache does it. It is not normalized: taking out `..` could only hide a name that is there.
 */
const named = (files: string): Statement => onPath(`(^|/)(${files})\\.php(/|$)`, ["URL_DECODE", "LOWERCASE"]);
const CRON = named("cron");
const MAINTENANCE = named("install|upgrade");

/**
 * Basic authentication as `cron`: base64 of `cron:` and anything. Only the image knows the secret's hash, so that the secret is
 * neither here nor in the state. To the letter, since whoever matches is asked nothing else.
 */
const CRON_CALL = and(
  bytes("EXACTLY", "/cron.php", { uri_path: {} }),
  bytes("STARTS_WITH", "Basic Y3Jvbj", { single_header: { name: "authorization" } }),
);

/**
 * REDCap's internal service check of surveys and MyCap's call of the API have no User-Agent, and both are written into
 * clients that nobody here can change. Normalized, so that /surveys/../ leads nowhere else.
 */
const WITHOUT_USER_AGENT = onPath("^/(surveys|api)(/|$)", ["URL_DECODE", "NORMALIZE_PATH"]);
/** Left by NoUserAgent_HEADER (AWS WAF developer guide, core rule set). */
const NO_USER_AGENT_LABEL = "awswaf:managed:aws:core-rule-set:NoUserAgent_Header";

export function webAclRules({ waf, allowedCountries, ipSets, cronOverHttp }: WebAclRulesProps): Wafv2WebAclRule[] {
  const excluded = waf.excludedGroups.map(({ group }) => group);
  const groups = MANAGED_RULE_GROUPS.map((group, index) => ({ group, priority: 60 + 10 * index }));
  // Then nobody leaves the label, or somebody decided otherwise.
  const unlabelled =
    excluded.includes("AWSManagedRulesCommonRuleSet") || waf.overrides.NoUserAgent_HEADER !== undefined;
  return [
    block(0, "rate-limit", rateBased(waf.rateLimit), 429),
    ...(cronOverHttp ? [rule(10, "cron-with-secret", CRON_CALL, { allow: {} })] : []),
    block(20, "cron", CRON),
    block(30, "maintenance-pages", and(MAINTENANCE, not(or(...fromIpSets(ipSets.maintenance))))),
    block(40, "allowed-addresses", not(or(...fromIpSets([...ipSets.allowed, ...ipSets.itself])))),
    ...(allowedCountries.length > 0
      ? [block(50, "allowed-countries", not(or(fromCountries(allowedCountries), ...fromIpSets(ipSets.itself))))]
      : []),
    ...groups
      .filter(({ group }) => !excluded.includes(group))
      .map(({ group, priority }) => managed(priority, group, { ...COUNTED, ...waf.overrides })),
    ...(unlabelled ? [] : [block(100, "no-user-agent", and(label(NO_USER_AGENT_LABEL), not(WITHOUT_USER_AGENT)))]),
  ];
}

/** The metric's name is the rule's: CloudWatch tells the web ACL by a dimension of its own. */
const common = (priority: number, name: string) => ({
  name,
  priority,
  visibilityConfig: visibility(name),
});

/** Metrics, and no samples: logs have what samples have, and are redacted and encrypted with the stage's key. */
export const visibility = (metricName: string) => ({
  metricName,
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: false,
});

function rule(
  priority: number,
  name: string,
  statement: Statement,
  action: Wafv2WebAclRule["action"],
): Wafv2WebAclRule {
  return { ...common(priority, name), action, statement };
}

function block(priority: number, name: string, statement: Statement, responseCode?: number): Wafv2WebAclRule {
  return rule(priority, name, statement, { block: responseCode ? { customResponse: { responseCode } } : {} });
}

/** AWS's default version of a group, so that its updates arrive by themselves. */
function managed(
  priority: number,
  name: ManagedRuleGroup,
  actions: Partial<Record<ManagedRule, RuleAction>>,
): Wafv2WebAclRule {
  const overrides = MANAGED_RULES[name].rules.flatMap((rule) => {
    const action = actions[rule];
    return action ? [{ name: rule, action_to_use: { [action]: {} } }] : [];
  });
  return {
    ...common(priority, name),
    overrideAction: { none: {} },
    statement: { managed_rule_group_statement: { vendor_name: "AWS", name, rule_action_override: overrides } },
  };
}

function and(...statements: Statement[]): Statement {
  return { and_statement: { statement: statements } };
}
function or(...statements: Statement[]): Statement {
  return { or_statement: { statement: statements } };
}
function not(statement: Statement): Statement {
  return { not_statement: { statement } };
}
const fromIpSets = (arns: string[]): Statement[] => arns.map((arn) => ({ ip_set_reference_statement: { arn } }));
const fromCountries = (codes: string[]): Statement => ({ geo_match_statement: { country_codes: codes } });
const label = (key: string): Statement => ({ label_match_statement: { scope: "LABEL", key } });
const rateBased = (limit: number): Statement => ({
  rate_based_statement: { limit, evaluation_window_sec: 300, aggregate_key_type: "IP" },
});

function onPath(pattern: string, transformations: string[]): Statement {
  return {
    regex_match_statement: {
      regex_string: pattern,
      field_to_match: { uri_path: {} },
      text_transformation: transformations.map((type, priority) => ({ type, priority })),
    },
  };
}

function bytes(constraint: "EXACTLY" | "STARTS_WITH", text: string, field: Statement): Statement {
  return {
    byte_match_statement: {
      positional_constraint: constraint,
      search_string: text,
      field_to_match: field,
      text_transformation: [{ type: "NONE", priority: 0 }],
    },
  };
}
