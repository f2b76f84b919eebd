// What a finding must know of the rest of the plan, looked up once, so that a review stays linear in its changes.
import type { PlanFacts } from "./change";
import { isDelete, isReplacement, type ResourceChange, type TerraformPlan } from "./plan";

/** What a rule or route lets through, and for whom. */
const RULE = [
  "type",
  "security_group_id",
  "cidr_ipv4",
  "cidr_ipv6",
  "cidr_blocks",
  "from_port",
  "to_port",
  "ip_protocol",
  "protocol",
  "route_table_id",
  "destination_cidr_block",
] as const;

function ruleKey(type: string, side: unknown): string | undefined {
  if (!/^aws_(vpc_security_group_(in|e)gress_rule|security_group_rule|route)$/.test(type)) return undefined;
  const values = (side ?? {}) as Record<string, unknown>;
  const owner = values.security_group_id ?? values.route_table_id;
  return owner === undefined ? undefined : JSON.stringify([type, ...RULE.map((name) => values[name] ?? null)]);
}

/** Nested blocks, too: what an attribute refers to may stand deep in it. */
function referencesOf(expression: unknown): string[] {
  if (typeof expression !== "object" || expression === null) return [];
  const { references } = expression as { references?: unknown };
  if (Array.isArray(references)) return references.filter((one) => typeof one === "string");
  return Object.values(expression).flatMap(referencesOf);
}

/** The provider's allowed_account_ids, where they are constants. */
function accounts(plan: TerraformPlan): Set<string> {
  const providers = Object.values((plan.configuration?.provider_config ?? {}) as Record<string, unknown>);
  const ids = providers.map(
    (one) => (one as { expressions?: { allowed_account_ids?: { constant_value?: unknown } } }).expressions,
  );
  const values = ids.flatMap((expressions) => expressions?.allowed_account_ids?.constant_value ?? []);
  return new Set(values.filter((id): id is string => typeof id === "string"));
}

/** Without the key of an instance, as the configuration knows it. */
const configured = (address: string): string => address.replace(/\[[^\]]*\]$/, "");

export function planFacts(plan: TerraformPlan): PlanFacts {
  const changes = plan.resource_changes ?? [];
  const entries = new Map<string, ResourceChange>();
  const created = new Set<string>();
  const takenAway = new Set<string | undefined>();
  for (const entry of changes) {
    entries.set(entry.address, entry);
    const { actions, after, before } = entry.change;
    const name = (after as { name?: unknown } | null | undefined)?.name;
    if (actions.includes("create") && !isReplacement(entry)) created.add(`${entry.type} ${name}`);
    if (isDelete(entry) && !isReplacement(entry)) takenAway.add(ruleKey(entry.type, before));
  }
  takenAway.delete(undefined);
  const expressions = new Map(
    (plan.configuration?.root_module?.resources ?? []).map((one) => [one.address, one.expressions ?? {}]),
  );
  const gone = new Set((plan.resource_drift ?? []).filter(isDelete).map(({ address }) => address));
  return {
    isCreated: (type, name) => created.has(`${type} ${name}`),
    entry: (address) => entries.get(address),
    references: (address, attribute) => referencesOf(expressions.get(configured(address))?.[attribute]),
    ownAccounts: accounts(plan),
    isGone: (address) => gone.has(address),
    isTakenAway: ({ type, change }) => takenAway.has(ruleKey(type, change.after) ?? "-"),
  };
}
