// Who may reach REDCap and what AWS WAF does: defaults, and what is refused with which remedy.
import { ConfigurationError, MANAGED_RULES, validate } from "../../config";
import { COUNTRIES } from "../../config/schema/countries";
import sample from "../../stages.sample";

/** The sample's prod stage with changes: its configuration, or what is wrong with it. */
function prod(change: object): string {
  const [, stage] = structuredClone(sample).stages;
  try {
    validate({ ...sample, stages: [{ ...stage, ...change }] });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "accepted";
}

const webAclArn = "arn:aws:wafv2:eu-west-2:111111111111:regional/webacl/organization/0a1b";
const none = { type: "none", reason: "Another product stands in front." };
const fargate = (sample.stages[1] as { service: object }).service;
const everyone = ["0.0.0.0/0", "::/0"];

test("by default there is a web ACL, no country is held back, and nobody may install", () => {
  const [stage] = validate({ ...sample, stages: sample.stages.slice(1) }).stages;
  expect(stage).toMatchObject({
    allowedCountries: [],
    maintenanceAddresses: [],
    waf: { type: "create", rateLimit: 20_000, overrides: {}, excludedGroups: [] },
  });
});

test.each<[string, object]>([
  ["countries", { allowedCountries: ["GB", "JP", "XK"] }],
  ["maintenance from a part of what is allowed", { maintenanceAddresses: ["198.51.100.7/32", "2001:db8:1::/48"] }],
  ["an override", { waf: { type: "create", overrides: { SQLi_COOKIE: "count" } } }],
  ["a web ACL of one's own", { waf: { type: "existing", webAclArn } }],
  ["no web ACL", { waf: none }],
])("accepted: %s", (_, change) => {
  expect(prod(change)).toBe("accepted");
});

test.each<[string, object, string]>([
  [
    "country that is none",
    { allowedCountries: ["GB", "UK"] },
    'allowedCountries[1]: "UK" is not accepted. Write a country\'s two',
  ],
  ["country written twice", { allowedCountries: ["GB", "GB"] }, "A country is written twice"],
  ["more than AWS WAF takes", { allowedCountries: [...COUNTRIES].slice(0, 51) }, "50 countries at most"],
  ["countries without a web ACL", { allowedCountries: ["GB"], waf: none }, "Only a web ACL tells countries apart"],
  ["countries with one's own", { allowedCountries: ["GB"], waf: { type: "existing", webAclArn } }, "your own ACL"],
  [
    "countries of private addresses",
    { allowedCountries: ["GB"], service: { ...fargate, internal: true } },
    "a private address, of no country",
  ],
  ["maintenance for everyone", { allowedIps: everyone, maintenanceAddresses: ["0.0.0.0/0"] }, "ask for no password"],
  ["maintenance from where nobody may come", { maintenanceAddresses: ["203.0.113.0/24"] }, "maintenanceAddresses[0]: "],
  ["maintenance from a wider block", { maintenanceAddresses: ["198.51.0.0/16"] }, "allowedIps does not let it in"],
  ["no web ACL without a reason", { waf: { type: "none" } }, "waf.reason: missing"],
  ["a reason of a word", { waf: { type: "none", reason: "no" } }, "Say in a sentence why"],
  [
    "another account's web ACL",
    { waf: { type: "existing", webAclArn: webAclArn.replace("111111111111", "333333333333") } },
    "A web ACL protects what is in its own account and region only: 111111111111, eu-west-2.",
  ],
  [
    "a web ACL of CloudFront",
    { waf: { type: "existing", webAclArn: webAclArn.replace("regional", "global") } },
    "regional web ACL",
  ],
  [
    "misspelt rule",
    { waf: { type: "create", overrides: { CrossSiteScripting_Body: "count" } } },
    'Did you mean "CrossSiteScripting_BODY"?',
  ],
  [
    "allowing",
    { waf: { type: "create", overrides: { SQLi_COOKIE: "allow" } } },
    "would lead past every rule that comes later",
  ],
  [
    "overrides of a group that is left out",
    {
      waf: {
        type: "create",
        excludedGroups: [{ group: "AWSManagedRulesSQLiRuleSet", reason: "Tested without this group." }],
        overrides: { SQLi_COOKIE: "count" },
      },
    },
    "Its group AWSManagedRulesSQLiRuleSet is in excludedGroups",
  ],
  [
    "group left out without a reason",
    { waf: { type: "create", excludedGroups: [{ group: "AWSManagedRulesSQLiRuleSet" }] } },
    "reason: missing",
  ],
  ["rate limit below AWS's", { waf: { type: "create", rateLimit: 9 } }, "waf.rateLimit"],
  [
    "App Runner without a web ACL of ours, but with addresses",
    { service: { type: "app-runner", image: "redcap:1" }, waf: none },
    "App Runner has no security group",
  ],
])("refused: %s", (_, change, message) => {
  expect(prod(change)).toContain(message);
});

test("every country is one for others, too", () => {
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  expect(COUNTRIES.size).toBe(250);
  expect([...COUNTRIES].filter((code) => names.of(code) === undefined)).toEqual([]);
});

test("no managed rule is in two groups", () => {
  const rules = Object.values(MANAGED_RULES).flatMap((group) => [...group.rules]);
  expect(new Set(rules).size).toBe(rules.length);
});
