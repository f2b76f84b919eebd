// Whether an event fits a pattern: exact values, `prefix`, `numeric`, `anything-but` an ending (EventBridge user guide, event pattern operators).

interface Condition {
  prefix?: string;
  numeric?: [string, number];
  "anything-but"?: { suffix: string };
}
type Pattern = { [field: string]: Pattern | unknown[] };

/** @throws Error for an operator that is not known here */
export const matches = (pattern: Pattern, event: unknown): boolean =>
  Object.entries(pattern).every(([field, wanted]) => {
    const value = (event as Record<string, unknown> | undefined)?.[field];
    if (!Array.isArray(wanted)) return matches(wanted, value);
    return wanted.some((condition) => [value].flat().some((found) => holds(condition, found)));
  });

function holds(condition: unknown, value: unknown): boolean {
  if (typeof condition !== "object" || condition === null) return condition === value;
  const { prefix, numeric, "anything-but": but, ...unknown } = condition as Condition;
  if (Object.keys(unknown).length > 0) throw new Error(`Not known: ${JSON.stringify(unknown)}`);
  if (prefix !== undefined) return typeof value === "string" && value.startsWith(prefix);
  if (but !== undefined) return typeof value === "string" && !value.endsWith(but.suffix);
  if (numeric?.[0] !== ">=") throw new Error(`Not known: ${JSON.stringify(numeric)}`);
  return typeof value === "number" && value >= numeric[1];
}
