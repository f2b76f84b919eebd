// Policies as IAM reads them: statements in one form, whether from JSON or from a data source that is not read yet.
import { type Change, containsTrue } from "./change";
import type { ResourceChange } from "./plan";

export interface Statement {
  sid: string;
  effect: "Allow" | "Deny";
  actions: string[];
  /** With NotAction, NotResource or NotPrincipal, a statement means everything else. */
  inverted: boolean;
  resources: string[];
  /** `AWS:arn…`, `Service:…`, `Federated:…`; `*` is everybody. Empty in policies of an identity. */
  principals: string[];
  /** `operator key value,…`, sorted. */
  conditions: string[];
}

const list = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).map((entry) =>
    typeof entry === "string" ? entry : UNKNOWN,
  );

/** Stands for a value that is known only after the apply. */
export const UNKNOWN = "(known after the apply)";

/** `"AWS": "*"` is everybody, as `"*"` is; an account id is short for its root. */
function principal(type: string, identifier: string): string {
  if (identifier === "*" && (type === "*" || type === "AWS")) return "*";
  return `${type}:${/^\d{12}$/.test(identifier) ? `arn:aws:iam::${identifier}:root` : identifier}`;
}

function principals(value: unknown): string[] {
  if (typeof value === "string") return [principal("*", value)];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([type, identifiers]) => list(identifiers).map((id) => principal(type, id)));
}

function conditions(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .flatMap(([test, keys]) =>
      Object.entries((keys ?? {}) as object).map(([key, values]) => `${test} ${key} ${list(values).sort().join()}`),
    )
    .sort();
}

/** @returns undefined for a text that is no policy */
export function parsePolicy(text: string): Statement[] | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return undefined;
  }
  const found = (policy as { Statement?: unknown } | null)?.Statement;
  const statements = Array.isArray(found) ? found : found ? [found] : [];
  return (statements as Record<string, unknown>[]).map((one) => ({
    sid: String(one.Sid ?? ""),
    effect: one.Effect === "Deny" ? "Deny" : "Allow",
    actions: list(one.Action ?? one.NotAction),
    inverted: "NotAction" in one || "NotResource" in one || "NotPrincipal" in one,
    resources: list(one.Resource ?? one.NotResource),
    principals: principals(one.Principal ?? one.NotPrincipal),
    conditions: conditions(one.Condition),
  }));
}

type Block = Record<string, unknown>;
const blocks = (value: unknown): Block[] => (Array.isArray(value) ? (value as Block[]) : []);
const filled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Statements of a `data.aws_iam_policy_document` that is read while applying. */
function documentStatements(document: unknown): Statement[] {
  return blocks((document as Block | null)?.statement).map((one) => ({
    sid: String(one.sid ?? ""),
    effect: one.effect === "Deny" ? "Deny" : "Allow",
    actions: list(filled(one.actions) ? one.actions : one.not_actions),
    inverted: filled(one.not_actions) || filled(one.not_resources) || filled(one.not_principals),
    resources: list(filled(one.resources) ? one.resources : one.not_resources),
    principals: blocks(filled(one.principals) ? one.principals : one.not_principals).flatMap(({ type, identifiers }) =>
      list(identifiers).map((id) => principal(String(type), id)),
    ),
    conditions: blocks(one.condition)
      .map(({ test, variable, values }) => `${test} ${variable} ${list(values).sort().join()}`)
      .sort(),
  }));
}

/** @returns undefined where there is no policy, or nothing is known of it */
export function policyOf(change: Change, side: "before" | "after", attribute: string): Statement[] | undefined {
  const value = side === "before" ? change.before(attribute) : change.after(attribute);
  if (typeof value === "string" && value !== "") return parsePolicy(value);
  if (side === "before" || !change.isUnknown(attribute)) return undefined;
  const documents = documentsOf(change, attribute);
  return documents.length > 0 ? documents.flatMap((entry) => documentStatements(entry.change.after)) : undefined;
}

/** Values of a policy for a message: of a document that is read while applying, its own sensitive values are hidden, too. */
export function sayOf(change: Change, attribute: string, values: string[]): string {
  const hides = change.isUnknown(attribute) && documentsOf(change, attribute).some(isSensitive);
  return hides ? "(sensitive)" : change.say(attribute, values.join(", "));
}
const isSensitive = ({ change }: ResourceChange): boolean => containsTrue(change.after_sensitive);

const documentsOf = (change: Change, attribute: string): ResourceChange[] =>
  change.facts
    .references(change.entry.address, attribute)
    .flatMap((address) => change.facts.entry(address) ?? [])
    .filter(({ type }) => type === "aws_iam_policy_document");

/** IAM's wildcards: `*` and `?`; actions are compared without regard to case. */
export function matches(pattern: string, value: string): boolean {
  if (pattern === "*" || pattern === value) return true;
  if (!/[*?]/.test(pattern)) return pattern.toLowerCase() === value.toLowerCase();
  const stem = pattern.slice(0, -1);
  // By far the most common, and far cheaper than an expression.
  if (pattern.endsWith("*") && !/[*?]/.test(stem)) return value.toLowerCase().startsWith(stem.toLowerCase());
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "i").test(value);
}

export const coversAll = (patterns: string[], values: string[]): boolean =>
  values.every((value) => patterns.some((pattern) => matches(pattern, value)));
