// One change of a plan, as the findings see it: what an attribute was, what it becomes, and whether it may be shown.
import type { ResourceChange } from "./plan";

export type Path = readonly (string | number)[];
type Side = "before" | "after";

export interface PlanFacts {
  /** Managed changes by `type` and, within it, the name in AWS that others refer to. */
  isCreated: (type: string, name: unknown) => boolean;
  /** Entries by address: data sources that are read while applying, too. */
  entry: (address: string) => ResourceChange | undefined;
  /** Addresses that an attribute of the configuration refers to. */
  references: (address: string, attribute: string) => readonly string[];
  /** Account ids that the provider is allowed to work in; empty where the configuration does not say. */
  ownAccounts: ReadonlySet<string>;
  /** Whether the refresh found that it was deleted outside Terraform. */
  isGone: (address: string) => boolean;
  /** Whether the plan takes away a rule that lets through exactly the same: the rule only gets another address. */
  isTakenAway: (rule: ResourceChange) => boolean;
}

/** Values in messages are cut here, in characters. */
const SHOWN_AT_MOST = 100;

const child = (value: unknown, key: string | number): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;

const at = (value: unknown, path: Path): unknown => path.reduce(child, value);

/** Sensitivity and ignorance are inherited: `true` high up covers everything below. */
const marked = (marks: unknown, path: Path): boolean => {
  let here = marks;
  for (const key of path) {
    if (here === true) return true;
    here = child(here, key);
  }
  return containsTrue(here);
};

export function containsTrue(value: unknown): boolean {
  if (value === true) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsTrue);
}

/** A value of the plan in a message: one line between backquotes, which it cannot leave. */
export function quote(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll("`", "'").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
  return `\`${line.length > SHOWN_AT_MOST ? `${line.slice(0, SHOWN_AT_MOST)}…` : line}\``;
}

export class Change {
  constructor(
    readonly entry: ResourceChange,
    readonly facts: PlanFacts,
  ) {}

  get type(): string {
    return this.entry.type;
  }
  get actions(): ReadonlySet<string> {
    return new Set(this.entry.change.actions);
  }
  get isCreate(): boolean {
    return this.actions.has("create") && !this.actions.has("delete");
  }
  get isDelete(): boolean {
    return this.actions.has("delete") && !this.actions.has("create");
  }
  get isReplace(): boolean {
    return this.actions.has("create") && this.actions.has("delete");
  }

  before(...path: Path): unknown {
    return at(this.entry.change.before, path);
  }
  after(...path: Path): unknown {
    return at(this.entry.change.after, path);
  }
  /** Blocks of a side, e.g. the rules of a backup plan. */
  blocks(side: Side, ...path: Path): Record<string, unknown>[] {
    const value = at(this.entry.change[side], path);
    return Array.isArray(value) ? value.filter((block) => typeof block === "object" && block !== null) : [];
  }
  /** Whether the value is known only after the apply. */
  isUnknown(...path: Path): boolean {
    return marked(this.entry.change.after_unknown, path);
  }
  isSensitive(side: Side, ...path: Path): boolean {
    return marked(side === "before" ? this.entry.change.before_sensitive : this.entry.change.after_sensitive, path);
  }

  /** A value for a message: never a sensitive one. */
  show(side: Side, ...path: Path): string {
    if (this.isSensitive("before", ...path) || this.isSensitive("after", ...path)) return "(sensitive)";
    if (side === "after" && this.isUnknown(...path)) return "(known after the apply)";
    return quote(side === "before" ? this.before(...path) : this.after(...path));
  }
  /** Something made from the values of an attribute, for a message: unless any of them is sensitive. */
  say(attribute: string, value: unknown): string {
    const hidden = this.isSensitive("before", attribute) || this.isSensitive("after", attribute);
    return hidden ? "(sensitive)" : quote(value);
  }
  /** `attribute from … to …` */
  fromTo(...path: Path): string {
    return `${pathText(path)} from ${this.show("before", ...path)} to ${this.show("after", ...path)}`;
  }
}

/** Keys of maps can be anything: what is no plain name is quoted. */
export const pathText = (path: Path): string =>
  path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return `${index > 0 ? "." : ""}${/^[\w-]+$/.test(part) ? part : quote(part)}`;
    })
    .join("");

/** Top-level attributes whose value changes or is not known yet. Names only. */
export function changedAttributes({ change }: ResourceChange): string[] {
  const values = (side: unknown) => (typeof side === "object" && side !== null ? side : {}) as Record<string, unknown>;
  const [before, after, unknown] = [change.before, change.after, change.after_unknown].map(values) as [
    Record<string, unknown>,
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  return [...new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(unknown)])]
    .filter((name) => containsTrue(unknown[name]) || JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .sort();
}
