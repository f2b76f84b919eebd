// Resource policies as bootstrap keeps them: its own statements, known by their Sid, beside those of others.
import { isDeepStrictEqual } from "node:util";

export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal: "*" | Record<string, string>;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string>>;
}

interface Policy {
  Version: string;
  Statement: { Sid?: string }[];
}

/** The policy with these statements in it; other people's statements stay. */
export function withStatements(current: string | undefined, own: Statement[]): string {
  const policy: Policy = current ? JSON.parse(current) : { Version: "2012-10-17", Statement: [] };
  const others = policy.Statement.filter((statement) => !own.some(({ Sid }) => Sid === statement.Sid));
  return JSON.stringify({ ...policy, Statement: [...others, ...own] });
}

/** Whether two policies say the same, whatever their order of keys and statements. */
export function samePolicy(left: string | undefined, right: string): boolean {
  return left !== undefined && isDeepStrictEqual(canonical(JSON.parse(left)), canonical(JSON.parse(right)));
}

/** AWS gives a list of one back as its only element, and lists in any order. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const entries = value.map(canonical);
    return entries.length === 1
      ? entries[0]
      : entries.sort((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right)));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([key, entry]) => [key, canonical(entry)]),
  );
}
