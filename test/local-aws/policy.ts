// One evaluator of IAM resource policies (vault policies, key policies, role trust policies) for the local AWS.
//
// It is a model, not IAM: it decides what one policy document says about one request. Identity policies, permissions
// boundaries, service control policies and grants are not looked at. What it does not know (an operator, an element, a
// policy variable) it refuses with an error instead of guessing.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import { type ConditionBlock, conditionsHold, matchesWildcard } from "./policy-conditions";

/** Who asks, as far as resource policies tell principals apart. */
export type Principal =
  | { kind: "aws" /** ARN of a user, role or account root. */; arn: string }
  | { kind: "service" /** For example `backup.amazonaws.com`. */; service: string };

/** One request to be judged by a policy. */
export interface PolicyRequest {
  principal: Principal;
  /** For example `backup:CopyIntoBackupVault`. */
  action: string;
  /** ARN that is acted on; trust policies have no Resource element and ignore it. */
  resource: string;
  /** Condition keys, compared without regard to case. Several values make a key multivalued. */
  context?: Record<string, string | string[]>;
}

/** `implicitDeny`: no statement speaks of this request. */
export type Decision = "allow" | "deny" | "implicitDeny";

type OneOrMany = string | string[];

interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, OneOrMany>;
  Action?: OneOrMany;
  NotAction?: OneOrMany;
  Resource?: OneOrMany;
  NotResource?: OneOrMany;
  Condition?: ConditionBlock;
}

const KNOWN_ELEMENTS = new Set([
  "Sid",
  "Effect",
  "Principal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);

/**
 * Decides what `document` says about `request`: an explicit Deny wins over every Allow, and silence is `implicitDeny`.
 * Within the resource's own account an implicit denial may still be overruled by the caller's identity policy; across
 * accounts it may not.
 *
 * @throws Error if the document is no policy or uses something that this model does not know.
 */
export function evaluatePolicy(document: string, request: PolicyRequest): Decision {
  const applying = parseStatements(document).filter((statement) => applies(statement, request));
  if (applying.some((statement) => statement.Effect === "Deny")) return "deny";
  return applying.length > 0 ? "allow" : "implicitDeny";
}

/**
 * Reads the statements of a policy and checks that each can be judged.
 *
 * @throws Error as {@link evaluatePolicy}; services call this when a policy is put, so that a bad one is refused then.
 */
export function parseStatements(document: string): Statement[] {
  const parsed = JSON.parse(document) as { Statement?: Statement | Statement[] };
  if (parsed === null || typeof parsed !== "object" || parsed.Statement === undefined) {
    throw new Error("Policy has no Statement.");
  }
  const statements = toList(parsed.Statement);
  for (const statement of statements) {
    const unknown = Object.keys(statement).find((element) => !KNOWN_ELEMENTS.has(element));
    if (unknown) throw new Error(`The policy model does not know the element ${unknown}.`);
    if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
      throw new Error(`Policy statement has the effect ${String(statement.Effect)}.`);
    }
    if ((statement.Action === undefined) === (statement.NotAction === undefined)) {
      throw new Error("Policy statement needs either Action or NotAction.");
    }
  }
  return statements;
}

function applies(statement: Statement, request: PolicyRequest): boolean {
  return (
    matchesPrincipal(statement.Principal, request.principal) &&
    matchesAction(statement, request.action) &&
    matchesResource(statement, request.resource) &&
    conditionsHold(statement.Condition ?? {}, request.context ?? {})
  );
}

/** Naming an account (its id or its root) means every principal of that account. */
function matchesPrincipal(element: Statement["Principal"], principal: Principal): boolean {
  if (element === undefined) throw new Error("A resource policy's statement needs a Principal.");
  if (element === "*") return true;
  if (principal.kind === "service") return toList(element.Service).includes(principal.service);
  const account = principal.arn.split(":")[4];
  return toList(element.AWS).some(
    (named) =>
      named === "*" ||
      named === principal.arn ||
      named === account ||
      (/^arn:aws[^:]*:iam::\d{12}:root$/.test(named) && named.split(":")[4] === account),
  );
}

/** Action names are compared without regard to case. */
function matchesAction(statement: Statement, action: string): boolean {
  const named = (patterns: OneOrMany | undefined) =>
    toList(patterns).some((pattern) => matchesWildcard(pattern.toLowerCase(), action.toLowerCase()));
  return statement.NotAction === undefined ? named(statement.Action) : !named(statement.NotAction);
}

function matchesResource(statement: Statement, resource: string): boolean {
  if (statement.NotResource !== undefined) {
    return !toList(statement.NotResource).some((pattern) => matchesWildcard(pattern, resource));
  }
  if (statement.Resource === undefined) return true;
  return toList(statement.Resource).some((pattern) => matchesWildcard(pattern, resource));
}

function toList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
