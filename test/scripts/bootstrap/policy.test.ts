// Bootstrap's statements in a resource policy, beside those of others.
import { type Statement, samePolicy, withStatements } from "../../../scripts/bootstrap/policy";

const tls: Statement = { Sid: "OnlyOverTls", Effect: "Deny", Principal: "*", Action: "s3:*", Resource: ["a", "a/*"] };
const others = { Sid: "Theirs", Effect: "Allow", Principal: { AWS: "x" }, Action: "s3:GetObject", Resource: "a/*" };

test("own statements replace their older form and leave those of others", () => {
  const older = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...tls, Resource: "a" }, others] });
  expect(JSON.parse(withStatements(older, [tls]))).toEqual({ Version: "2012-10-17", Statement: [others, tls] });
  expect(JSON.parse(withStatements(undefined, [tls]))).toEqual({ Version: "2012-10-17", Statement: [tls] });
});

test("a policy is the same in another order and with lists of one, and not with another effect", () => {
  const wanted = withStatements(undefined, [tls, { ...tls, Sid: "Second", Action: ["s3:GetObject"] }]);
  const returned = JSON.stringify({
    Statement: [
      { ...tls, Sid: "Second", Action: "s3:GetObject" },
      { Resource: ["a/*", "a"], Action: ["s3:*"], Principal: "*", Effect: "Deny", Sid: "OnlyOverTls" },
    ],
    Version: "2012-10-17",
  });
  expect(samePolicy(returned, wanted)).toBe(true);
  expect(samePolicy(returned.replace("Deny", "Allow"), wanted)).toBe(false);
  expect(samePolicy(undefined, wanted)).toBe(false);
});
