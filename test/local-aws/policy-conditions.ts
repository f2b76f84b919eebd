// Condition blocks of IAM policies: the operators this project's policies use, each as AWS documents it.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

/** Operator -> condition key -> one or several values. */
export type ConditionBlock = Record<string, Record<string, string | boolean | (string | boolean)[]>>;

type Comparison = (wanted: string, actual: string) => boolean;

const COMPARISONS: Record<string, Comparison> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringEqualsIgnoreCase: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  StringLike: matchesWildcard,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
};

/** Operators that hold when none of the values match, and when the key is absent. */
const NEGATED: Record<string, string> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

/**
 * Whether every operator and every key of the block holds (they are joined by AND; several values of one key by OR).
 *
 * @throws Error for an operator that is not known, or a multivalued key without ForAnyValue or ForAllValues.
 */
export function conditionsHold(block: ConditionBlock, context: Record<string, string | string[]>): boolean {
  const lowerCased = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(block).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      holds(operator, (Array.isArray(wanted) ? wanted : [wanted]).map(String), lowerCased.get(key.toLowerCase())),
    ),
  );
}

function holds(operator: string, wanted: string[], actual: string | string[] | undefined): boolean {
  const parts = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(operator);
  const quantifier = parts?.[1];
  const base = parts?.[2] ?? "";
  const ifExists = parts?.[3] !== undefined;

  if (base === "Null") {
    if (quantifier || ifExists) throw new Error(`The policy model does not know the condition operator ${operator}.`);
    return wanted.some((value) => value.toLowerCase() === String(actual === undefined));
  }
  const isNegated = Object.hasOwn(NEGATED, base);
  const comparisonName = NEGATED[base] ?? base;
  if (!Object.hasOwn(COMPARISONS, comparisonName)) {
    throw new Error(`The policy model does not know the condition operator ${operator}.`);
  }
  const compare = COMPARISONS[comparisonName] as Comparison;

  if (actual === undefined) {
    if (quantifier) return quantifier === "ForAllValues" || ifExists;
    return ifExists || isNegated;
  }
  const values = Array.isArray(actual) ? actual : [actual];
  if (Array.isArray(actual) && !quantifier) {
    throw new Error(`${operator} on a key with several values needs ForAnyValue or ForAllValues.`);
  }
  const one = (value: string) => wanted.some((pattern) => compare(pattern, value)) !== isNegated;
  return quantifier === "ForAllValues" ? values.every(one) : values.some(one);
}

/** Each of an ARN's six parts is matched by itself: a wildcard does not reach across a colon, except in the last. */
function matchesArn(pattern: string, value: string): boolean {
  const wanted = splitArn(pattern);
  const actual = splitArn(value);
  return wanted.length === actual.length && wanted.every((part, index) => matchesWildcard(part, actual[index] ?? ""));
}

function splitArn(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/** Matches IAM's wildcards: `*` any text, `?` one character. Case counts. */
export function matchesWildcard(pattern: string, value: string): boolean {
  if (pattern.includes("${")) throw new Error(`The policy model does not know the variable in ${pattern}.`);
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${expression}$`, "s").test(value);
}
