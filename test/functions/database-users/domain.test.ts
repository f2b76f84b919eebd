import { handler } from "../../../functions/database-users";
import { requireDomain } from "../../../functions/database-users/domain";

const DOMAIN = "cluster-abc123.eu-west-2.rds.amazonaws.com";

test.each([
  ["redcap-prod.cluster-abc123.eu-west-2.rds.amazonaws.com", DOMAIN],
  ["redcap-prod-restored-20260101.cluster-abc123.eu-west-2.rds.amazonaws.com", DOMAIN],
  ["REDCAP-PROD.cluster-ABC123.eu-west-2.rds.amazonaws.com", DOMAIN],
  ["127.0.0.1", "0.0.1"],
])("%s is in %s", (host, domain) => {
  expect(() => requireDomain(host, domain)).not.toThrow();
});

test.each([
  "redcap-prod.cluster-other.eu-west-2.rds.amazonaws.com",
  "thief.example.org",
  `redcap-prod.${DOMAIN}.example.org`,
  `a.b.${DOMAIN}`,
  DOMAIN,
  "10.0.0.1",
])("%s is refused", (host) => {
  expect(() => requireDomain(host, DOMAIN)).toThrow(/no password is sent there/);
});

test("the function refuses before it reads a secret", async () => {
  process.env.DATABASE_DOMAIN = DOMAIN;
  const masterSecretArn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-1";
  const cluster = { identifier: "redcap-prod", host: "thief.example.org", port: 3_306, masterSecretArn };
  await expect(handler({ action: "ensure", cluster })).rejects.toThrow(/thief\.example\.org/);
  delete process.env.DATABASE_DOMAIN;
});
