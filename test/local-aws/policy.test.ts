// The policy model decides as IAM's documentation says, and refuses what it does not know.

import { evaluatePolicy, type PolicyRequest } from "./policy";

const VAULT = "arn:aws:backup:eu-west-2:222222222222:backup-vault:destination";
const ROLE = "arn:aws:iam::111111111111:role/redcap/backup";
const REQUEST: PolicyRequest = {
  principal: { kind: "aws", arn: ROLE },
  action: "backup:CopyIntoBackupVault",
  resource: VAULT,
  context: { "aws:PrincipalOrgID": "o-example", "aws:PrincipalArn": ROLE },
};

interface TestStatement {
  [element: string]: unknown;
}

/** What a policy of these statements says; each is an Allow of everything but for what it changes. */
function decide(statements: TestStatement[], request: Partial<PolicyRequest> = {}) {
  const allowAll = { Effect: "Allow", Principal: "*", Resource: "*" };
  const complete = statements.map((one) => ({ ...allowAll, ...("NotAction" in one ? {} : { Action: "*" }), ...one }));
  const document = JSON.stringify({ Version: "2012-10-17", Statement: complete });
  return evaluatePolicy(document, { ...REQUEST, ...request });
}

describe("decision", () => {
  test("silence is an implicit denial", () => {
    expect(decide([])).toBe("implicitDeny");
    expect(decide([{ Action: "backup:DeleteRecoveryPoint" }])).toBe("implicitDeny");
  });

  test("an explicit Deny wins over every Allow, in either order", () => {
    const deny = { Effect: "Deny", Action: "backup:*" };
    expect(decide([{}, deny])).toBe("deny");
    expect(decide([deny, {}])).toBe("deny");
  });

  test("one statement need not be in a list", () => {
    const Statement = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };
    expect(evaluatePolicy(JSON.stringify({ Statement }), REQUEST)).toBe("allow");
  });
});

describe("principal", () => {
  test.each([
    ["everyone", "*", "allow"],
    ["everyone, as AWS", { AWS: "*" }, "allow"],
    ["the account's id", { AWS: "111111111111" }, "allow"],
    ["the account's root", { AWS: ["arn:aws:iam::333333333333:root", "arn:aws:iam::111111111111:root"] }, "allow"],
    ["the role itself", { AWS: ROLE }, "allow"],
    ["another account", { AWS: "arn:aws:iam::333333333333:root" }, "implicitDeny"],
    ["another role", { AWS: `${ROLE}-other` }, "implicitDeny"],
    ["a service", { Service: "backup.amazonaws.com" }, "implicitDeny"],
  ])("%s", (_name, Principal, expected) => {
    expect(decide([{ Principal }])).toBe(expected);
  });

  test("a service is matched by its name, not by an account's statement", () => {
    const principal = { kind: "service", service: "backup.amazonaws.com" } as const;
    expect(decide([{ Principal: { Service: ["rds.amazonaws.com", "backup.amazonaws.com"] } }], { principal })).toBe(
      "allow",
    );
    expect(decide([{ Principal: { AWS: "*" } }], { principal })).toBe("implicitDeny");
  });
});

describe("action and resource", () => {
  test.each([
    [{ Action: "backup:Copy*" }, "allow"],
    [{ Action: "BACKUP:copyintobackupvaul?" }, "allow"],
    [{ Action: "backup:Copy" }, "implicitDeny"],
    [{ NotAction: "backup:Delete*" }, "allow"],
    [{ NotAction: ["backup:Delete*", "backup:Copy*"] }, "implicitDeny"],
    [{ Resource: VAULT }, "allow"],
    [{ Resource: "arn:aws:backup:*:222222222222:backup-vault:*" }, "allow"],
    [{ Resource: VAULT.toUpperCase() }, "implicitDeny"],
    [{ Resource: "arn.aws.backup*" }, "implicitDeny"],
    [{ Resource: undefined, NotResource: "arn:aws:s3:::*" }, "allow"],
    [{ Resource: undefined, NotResource: VAULT }, "implicitDeny"],
  ])("%j", (statement, expected) => {
    expect(decide([statement])).toBe(expected);
  });
});

describe("conditions", () => {
  const condition = (operator: string, key: string, value: unknown) => ({
    Condition: { [operator]: { [key]: value } },
  });

  test.each([
    ["StringEquals", "aws:PrincipalOrgID", ["o-other", "o-example"], "allow"],
    ["StringEquals", "AWS:principalorgid", "o-example", "allow"],
    ["StringEquals", "aws:PrincipalOrgID", "o-EXAMPLE", "implicitDeny"],
    ["StringEquals", "aws:Absent", "x", "implicitDeny"],
    ["StringEqualsIfExists", "aws:Absent", "x", "allow"],
    ["StringEqualsIfExists", "aws:PrincipalOrgID", "o-other", "implicitDeny"],
    ["StringNotEquals", "aws:PrincipalOrgID", "o-example", "implicitDeny"],
    ["StringNotEquals", "aws:PrincipalOrgID", ["a", "b"], "allow"],
    ["StringNotEquals", "aws:Absent", "x", "allow"],
    ["StringLike", "aws:PrincipalOrgID", "o-*", "allow"],
    ["StringNotLike", "aws:PrincipalOrgID", "o-*", "implicitDeny"],
    ["ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/redcap/*", "allow"],
    ["ArnEquals", "aws:PrincipalArn", ROLE, "allow"],
    ["ArnLike", "aws:PrincipalArn", "arn:aws:*/redcap/backup", "implicitDeny"],
    ["ArnNotLike", "aws:PrincipalArn", ROLE, "implicitDeny"],
    ["Null", "aws:Absent", "true", "allow"],
    ["Null", "aws:PrincipalOrgID", true, "implicitDeny"],
    ["Null", "aws:PrincipalOrgID", false, "allow"],
  ])("%s of %s on %j", (operator, key, value, expected) => {
    expect(decide([condition(operator, key, value)])).toBe(expected);
  });

  test("Bool takes both JSON's booleans and strings", () => {
    const context = { "kms:GrantIsForAWSResource": "true" };
    expect(decide([condition("Bool", "kms:GrantIsForAWSResource", true)], { context })).toBe("allow");
    expect(decide([condition("Bool", "kms:GrantIsForAWSResource", "false")], { context })).toBe("implicitDeny");
  });

  test("several operators and keys must all hold", () => {
    const Condition = {
      StringEquals: { "aws:PrincipalOrgID": "o-example" },
      ArnEquals: { "aws:PrincipalArn": `${ROLE}-other` },
    };
    expect(decide([{ Condition }])).toBe("implicitDeny");
  });

  test("multivalued keys", () => {
    const context = { "aws:PrincipalOrgPaths": ["o-example/r-1/ou-1/", "o-example/r-1/ou-2/"] };
    const on = (operator: string, value: string) =>
      decide([condition(operator, "aws:PrincipalOrgPaths", value)], { context });
    expect(on("ForAnyValue:StringLike", "*/ou-2/")).toBe("allow");
    expect(on("ForAnyValue:StringLike", "*/ou-3/")).toBe("implicitDeny");
    expect(on("ForAllValues:StringLike", "o-example/*")).toBe("allow");
    expect(on("ForAllValues:StringLike", "*/ou-2/")).toBe("implicitDeny");
    expect(decide([condition("ForAllValues:StringLike", "aws:Absent", "x")])).toBe("allow");
    expect(decide([condition("ForAnyValue:StringLike", "aws:Absent", "x")])).toBe("implicitDeny");
  });
});

describe("what the model does not know it refuses", () => {
  test.each([
    [{ Condition: { DateGreaterThan: { "aws:CurrentTime": "2026-01-01" } } }, "operator DateGreaterThan"],
    [{ Condition: { constructor: { "aws:PrincipalOrgID": "x" } } }, "operator constructor"],
    [{ Condition: { StringLike: { "aws:PrincipalOrgID": `${"$"}{aws:username}` } } }, "variable"],
    [{ Principal: undefined, NotPrincipal: "*" }, "element NotPrincipal"],
    [{ Principal: undefined }, "needs a Principal"],
    [{ Effect: "Maybe" }, "effect Maybe"],
    [{ Action: undefined }, "either Action or NotAction"],
  ])("%j", (statement, message) => {
    expect(() => decide([statement])).toThrow(message);
  });

  test("several values without ForAnyValue", () => {
    const Condition = { StringEquals: { "aws:PrincipalOrgPaths": "x" } };
    expect(() => decide([{ Condition }], { context: { "aws:PrincipalOrgPaths": ["x"] } })).toThrow("ForAnyValue");
  });

  test("no statement, no JSON", () => {
    expect(() => evaluatePolicy("{}", REQUEST)).toThrow("no Statement");
    expect(() => evaluatePolicy("no JSON", REQUEST)).toThrow(SyntaxError);
  });
});
