import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { MANAGED_RULES, type StageConfig, stageNames, validate } from "../../../config";
import { EncryptionKeys } from "../../../stacks/app/encryption-keys";
import { WebAcl } from "../../../stacks/app/web-acl";
import { BaseStack } from "../../../stacks/base-stack";
import {
  all,
  type Block,
  blocks,
  byId,
  onAppRunner,
  one,
  ref,
  type StageInput,
  type SynthesizedStack,
  sampleInput,
  sampleStage,
  statements,
  synthesizeApp,
} from "../synth";
import { capacity, decide, OWN_ADDRESS, type Request } from "./web-acl-model";

const MAINTENANCE = "198.51.100.7";
const EVERYTHING: Partial<StageInput> = {
  allowedIps: ["198.51.100.0/24", "2001:db8::/32"],
  allowedCountries: ["GB", "JP"],
  maintenanceAddresses: [`${MAINTENANCE}/32`, "2001:db8:1::/48"],
};
const stack = synthesizeApp(EVERYTHING);
const rules = (app = stack) => blocks(one(app, "aws_wafv2_web_acl").rule);
const named = (name: string, app = stack) => rules(app).find((rule) => rule.name === name) as Block;

const withWaf = (waf: object, change: Partial<StageInput> = {}) =>
  synthesizeApp({ ...change, waf: { type: "create", ...waf } as never });

describe("which rule decides", () => {
  test.each<[string, Request]>([
    ["allowed", { path: "/redcap_v17.4.4/index.php?pid=1" }],
    ["allowed", { path: "/", ip: "2001:db8::5" }],
    ["rate-limit", { path: "/", rate: 20_001 }],
    ["allowed", { path: "/", rate: 20_000 }],
    ["allowed-addresses", { path: "/", ip: "203.0.113.9" }],
    ["allowed-addresses", { path: "/", ip: "2001:db9::5" }],
    ["allowed-countries", { path: "/", country: "US" }],
    ["allowed-countries", { path: "/", country: "" }],
    ["allowed", { path: "/", country: "JP" }],
    // REDCap's own checks come from the stage's NAT gateways, in the region's country.
    ["allowed", { path: "/surveys/", ip: OWN_ADDRESS, country: "US", headers: {} }],
    // Installation, upgrade and cron, however they are written.
    ...[
      "/install.php",
      "/install.php?auto=1",
      "/install.php/x",
      "//install.php",
      "/./install.php",
      "/%69nstall.php",
      "/INSTALL%2ePHP",
      "/install.php/x%2f..%2f..",
      "/install.php/../index.php",
      "/upgrade.php",
      "/redcap_v17.4.4/upgrade.php",
      "/redcap_v17.4.4/../upgrade.php",
    ].map((path): [string, Request] => ["maintenance-pages", { path }]),
    ["allowed", { path: "/install.php", ip: MAINTENANCE }],
    ["allowed", { path: "/upgrade.php?auto=1", ip: "2001:db8:1::9" }],
    ...["/cron.php", "/cron.php?secret=x", "//CRON.php/", "/%63ron.php"].map((path): [string, Request] => [
      "cron",
      { path },
    ]),
    // Cron is a task: no header opens it.
    ["cron", { path: "/cron.php", ip: MAINTENANCE, headers: { authorization: "Basic Y3JvbjpzZWNyZXQ=" } }],
    ["allowed", { path: "/redcap_v17.4.4/ControlCenter/cron_jobs.php" }],
    ["allowed", { path: "/redcap_v17.4.4/install.php5" }],
    ["allowed", { path: "/my-install.php" }],
    // Without User-Agent: surveys and the API only, and nothing behind them.
    ["allowed", { path: "/surveys/?s=ABC", headers: {} }],
    ["allowed", { path: "/surveys", headers: {} }],
    ["allowed", { path: "/api/", headers: {} }],
    ["no-user-agent", { path: "/", headers: {} }],
    ["no-user-agent", { path: "/surveys/../redcap_v17.4.4/index.php", headers: {} }],
    ["no-user-agent", { path: "/surveys/%2e%2e/redcap_v17.4.4/index.php", headers: {} }],
    ["no-user-agent", { path: "/surveysX", headers: {} }],
    ["no-user-agent", { path: "/redcap_v17.4.4/api/", headers: {} }],
    // What REDCap's users send every day, and what nobody of them sends.
    ["allowed", { path: "/", managed: ["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "SQLi_BODY"] }],
    ["allowed", { path: "/", managed: ["SQLiExtendedPatterns_BODY", "GenericLFI_BODY", "GenericRFI_BODY"] }],
    ["allowed", { path: "/surveys/?s=ABC", managed: ["SizeRestrictions_QUERYSTRING"] }],
    ["CrossSiteScripting_QUERYARGUMENTS", { path: "/", managed: ["CrossSiteScripting_QUERYARGUMENTS"] }],
    ["SQLi_QUERYARGUMENTS", { path: "/", managed: ["SQLi_QUERYARGUMENTS"] }],
    ["Log4JRCE_BODY", { path: "/api/", managed: ["Log4JRCE_BODY"] }],
    ["AWSManagedIPReputationList", { path: "/", managed: ["AWSManagedIPReputationList"] }],
    ["EC2MetaDataSSRF_BODY", { path: "/", managed: ["SQLi_BODY", "EC2MetaDataSSRF_BODY"] }],
  ])("%s: %j", (rule, request) => {
    expect(decide(stack, request)).toBe(rule);
  });

  test("nobody gets in where no address is allowed, and everybody where all are", () => {
    const closed = synthesizeApp({ allowedIps: [] });
    const open = synthesizeApp({ allowedIps: ["0.0.0.0/0", "::/0"] });
    for (const ip of ["9.9.9.9", "203.0.113.9", "2001:db8::1", "fd00::1"]) {
      expect(decide(closed, { path: "/", ip })).toBe("allowed-addresses");
      expect(decide(open, { path: "/", ip, country: "US" })).toBe("allowed");
    }
  });

  test("an override decides over AWS's action and over ours", () => {
    const overrides = { GenericRFI_QUERYARGUMENTS: "count", CrossSiteScripting_BODY: "block" };
    const app = withWaf({ overrides });
    expect(decide(app, { path: "/", managed: ["GenericRFI_QUERYARGUMENTS"] })).toBe("allowed");
    expect(decide(app, { path: "/", managed: ["CrossSiteScripting_BODY"] })).toBe("CrossSiteScripting_BODY");
    expect(decide(app, { path: "/", managed: ["GenericLFI_BODY"] })).toBe("allowed");
  });

  test.each(["count", "block"])("without User-Agent, an override decides alone: %s", (action) => {
    const app = withWaf({ overrides: { NoUserAgent_HEADER: action } });
    const decided = action === "count" ? "allowed" : "NoUserAgent_HEADER";
    for (const path of ["/", "/surveys/"]) expect(decide(app, { path, headers: {} })).toBe(decided);
  });

  test("an excluded group is gone, with what asks for its labels", () => {
    const reason = "Another product looks for these.";
    const app = withWaf({ excludedGroups: [{ group: "AWSManagedRulesCommonRuleSet", reason }] });
    expect(named("AWSManagedRulesCommonRuleSet", app)).toBeUndefined();
    expect(named("no-user-agent", app)).toBeUndefined();
    expect(named("AWSManagedRulesSQLiRuleSet", app)).toBeDefined();
  });
});

describe("where something calls cron.php over HTTP", () => {
  const app = (() => {
    const outdir = mkdtempSync(join(tmpdir(), "web-acl-"));
    try {
      const app = new App({ outdir });
      const [valid] = validate({ ...sampleInput(), stages: [{ ...sampleStage("prod"), ...EVERYTHING }] }).stages;
      const stage = valid as StageConfig;
      const stack = new BaseStack(app, "edge", stage);
      new WebAcl(stack, "web-acl", {
        stage,
        keys: new EncryptionKeys(stack, "keys", { stage }),
        ownAddresses: [],
        cronOverHttp: true,
      });
      app.synth();
      return JSON.parse(readFileSync(join(outdir, "stacks", "edge", "cdk.tf.json"), "utf8")) as SynthesizedStack;
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  })();
  const from = { ip: "203.0.113.9", country: "US" };
  const basic = (user: string) => ({ "user-agent": "x", authorization: `Basic ${btoa(user)}` });

  test.each<[string, Request]>([
    // The image asks for the secret itself.
    ["allowed", { ...from, path: "/cron.php", headers: basic("cron:secret") }],
    ["allowed", { ...from, path: "/cron.php", headers: basic("cron:\u00ff") }],
    ["rate-limit", { ...from, path: "/cron.php", headers: basic("cron:secret"), rate: 20_001 }],
    ["cron", { ...from, path: "/cron.php", headers: basic("admin:secret") }],
    ["cron", { ...from, path: "/cron.php", headers: basic("crony:secret") }],
    ["cron", { ...from, path: "/cron.php" }],
    ["cron", { ...from, path: "/cron.php", headers: { authorization: "Bearer Y3JvbjpzZWNyZXQ=" } }],
    ["cron", { ...from, path: "//cron.php", headers: basic("cron:secret") }],
    // With the header, nothing else is open.
    ["cron", { ...from, path: "/cron.php/../index.php", headers: basic("cron:secret") }],
    ["allowed-addresses", { ...from, path: "/index.php", headers: basic("cron:secret") }],
    ["maintenance-pages", { ...from, path: "/install.php", headers: basic("cron:secret") }],
  ])("%s: %j", (rule, request) => {
    expect(decide(app, request)).toBe(rule);
  });
});

describe("the web ACL", () => {
  test("has each rule at its place, with a metric and without samples", () => {
    expect(rules().map(({ priority, name }) => [priority, name])).toEqual([
      [0, "rate-limit"],
      [20, "cron"],
      [30, "maintenance-pages"],
      [40, "allowed-addresses"],
      [50, "allowed-countries"],
      [60, "AWSManagedRulesAmazonIpReputationList"],
      [70, "AWSManagedRulesKnownBadInputsRuleSet"],
      [80, "AWSManagedRulesCommonRuleSet"],
      [90, "AWSManagedRulesSQLiRuleSet"],
      [100, "no-user-agent"],
    ]);
    for (const rule of rules())
      expect(rule.visibility_config).toEqual({
        metric_name: rule.name,
        cloudwatch_metrics_enabled: true,
        sampled_requests_enabled: false,
      });
    expect(named("allowed-countries", synthesizeApp())).toBeUndefined();
  });

  test("counts by address over 5 minutes, and says 429", () => {
    const limit = (app: typeof stack) => (named("rate-limit", app).statement as Block).rate_based_statement;
    expect(limit(stack)).toEqual({ limit: 20_000, evaluation_window_sec: 300, aggregate_key_type: "IP" });
    expect(limit(withWaf({ rateLimit: 500 }))).toMatchObject({ limit: 500 });
    expect(named("rate-limit").action).toEqual({ block: { custom_response: { response_code: 429 } } });
  });

  test("overrides only rules that AWS's groups have", () => {
    for (const { name, statement } of rules().filter((rule) => rule.override_action)) {
      const group = (statement as Record<string, Block>).managed_rule_group_statement as Block;
      expect(group).toMatchObject({ vendor_name: "AWS", name });
      const known = MANAGED_RULES[name as keyof typeof MANAGED_RULES].rules as readonly string[];
      for (const { name: rule } of blocks(group.rule_action_override)) expect(known).toContain(rule);
    }
  });

  test("stays within the capacity that costs nothing extra (AWS WAF pricing: 1,500 units)", () => {
    const used = capacity(stack);
    expect(used).toBeGreaterThan(1_125);
    expect(used).toBeLessThanOrEqual(1_500);
  });

  test("protects the load balancer", () => {
    expect(all(stack, "aws_wafv2_web_acl_association")).toMatchObject([
      {
        resource_arn: ref(`aws_lb.${Object.keys(byId(stack, "aws_lb"))[0]}.arn`),
        web_acl_arn: ref(`aws_wafv2_web_acl.${Object.keys(byId(stack, "aws_wafv2_web_acl"))[0]}.arn`),
      },
    ]);
  });

  test("protects an App Runner service, which no other list of addresses does, and tells it who may install", () => {
    const app = synthesizeApp({ ...EVERYTHING, ...onAppRunner() });
    const service = ref(`aws_apprunner_service.${Object.keys(byId(app, "aws_apprunner_service"))[0]}.arn`);
    expect(all(app, "aws_wafv2_web_acl_association")).toMatchObject([{ resource_arn: service }]);
    expect(decide(app, { path: "/", ip: "203.0.113.9" })).toBe("allowed-addresses");
    expect(JSON.stringify(one(app, "aws_apprunner_service"))).toContain(
      `"MAINTENANCE_ADDRESSES":"${MAINTENANCE}/32 2001:db8:1::/48"`,
    );
  });

  test("has one IP set per purpose and family, never with /0, which AWS WAF refuses", () => {
    const sets = (app: typeof stack) =>
      Object.fromEntries(all(app, "aws_wafv2_ip_set").map(({ name, addresses }) => [name, addresses]));
    expect(sets(stack)).toMatchObject({
      "redcap-prod-allowed-v4": ["198.51.100.0/24"],
      "redcap-prod-allowed-v6": ["2001:db8::/32"],
      "redcap-prod-maintenance-v4": [`${MAINTENANCE}/32`],
      "redcap-prod-maintenance-v6": ["2001:db8:1::/48"],
      "redcap-prod-itself-v6": [],
    });
    expect(sets(synthesizeApp({ allowedIps: ["0.0.0.0/0", "::/0"] }))).toMatchObject({
      "redcap-prod-allowed-v4": ["0.0.0.0/1", "128.0.0.0/1"],
      "redcap-prod-allowed-v6": ["::/1", "8000::/1"],
    });
  });
});

describe("its log", () => {
  const SECRET = ["authorization", "cookie", "referer"];

  test("keeps blocks and counts, for the stage, encrypted with its key", () => {
    const logs = one(stack, "aws_cloudwatch_log_group", "web-acl_");
    expect(logs).toMatchObject({
      name: "aws-waf-logs-redcap-prod",
      retention_in_days: 365,
      kms_key_id: ref("aws_kms_key.logs.arn"),
    });
    const [filter] = blocks((one(stack, "aws_wafv2_web_acl_logging_configuration").logging_filter as Block).filter);
    expect(one(stack, "aws_wafv2_web_acl_logging_configuration").logging_filter).toMatchObject({
      default_behavior: "DROP",
    });
    expect(filter).toMatchObject({ behavior: "KEEP", requirement: "MEETS_ANY" });
    const kept = blocks(filter?.condition).map(({ action_condition }) => (action_condition as Block).action);
    expect(kept).toEqual(expect.arrayContaining(["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"]));
    expect(kept).not.toContain("ALLOW");
    expect(one(withWaf({ logRetention: 30 }), "aws_cloudwatch_log_group", "web-acl_")).toMatchObject({
      retention_in_days: 30,
    });
  });

  test("shows neither queries, bodies nor sessions", () => {
    expect(one(stack, "aws_wafv2_web_acl_logging_configuration").redacted_fields).toEqual([
      { query_string: {} },
      ...SECRET.map((name) => ({ single_header: { name } })),
    ]);
    expect((one(stack, "aws_wafv2_web_acl").data_protection_config as Block).data_protection).toEqual([
      { action: "SUBSTITUTION", field: { field_type: "QUERY_STRING" } },
      { action: "SUBSTITUTION", field: { field_type: "BODY" } },
      { action: "SUBSTITUTION", field: { field_type: "SINGLE_HEADER", field_keys: SECRET } },
    ]);
  });

  test("is delivered by AWS's log delivery alone, into this group, for this account", () => {
    const group = Object.keys(byId(stack, "aws_cloudwatch_log_group")).find((id) => id.startsWith("web-acl_"));
    expect(statements(stack, "web-acl_deliver-logs")).toEqual([
      {
        principals: [{ type: "Service", identifiers: ["delivery.logs.amazonaws.com"] }],
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [`${ref(`aws_cloudwatch_log_group.${group}.arn`)}:*`],
        condition: [
          { test: "StringEquals", variable: "aws:SourceAccount", values: ["111111111111"] },
          { test: "ArnLike", variable: "aws:SourceArn", values: ["arn:aws:logs:eu-west-2:111111111111:*"] },
        ],
      },
    ]);
  });
});

describe("without a web ACL of ours", () => {
  const webAclArn = "arn:aws:wafv2:eu-west-2:111111111111:regional/webacl/organization/0a1b";
  const reason = "Another product stands in front of it.";

  test("one's own is associated, and nothing else is made", () => {
    const app = synthesizeApp({ waf: { type: "existing", webAclArn } });
    expect(all(app, "aws_wafv2_web_acl_association")).toMatchObject([{ web_acl_arn: webAclArn }]);
    expect(Object.keys(app.resource).filter((type) => type.startsWith("aws_wafv2"))).toHaveLength(1);
  });

  test("none has none", () => {
    const app = synthesizeApp({ waf: { type: "none", reason } });
    expect(Object.keys(app.resource).filter((type) => type.startsWith("aws_wafv2"))).toEqual([]);
  });

  test("turning it off and on, or another one, changes nothing else", () => {
    // Its alarm and its graph come and go with it, and the recovery kit keeps the configuration.
    const monitoring = { enabled: false, reason: "No concern of the test." } as const;
    const backup = { enabled: false, optOutReason: "No concern of the test." } as const;
    const rest = (waf: StageInput["waf"]) => {
      const { resource } = synthesizeApp({ waf, monitoring, backup });
      const edge = /^aws_wafv2|^aws_cloudwatch_log_resource_policy$/;
      return Object.fromEntries(Object.entries(resource).filter(([type]) => !edge.test(type)));
    };
    const created = rest({ type: "create" });
    expect(rest({ type: "none", reason })).toEqual(created);
    expect(rest({ type: "existing", webAclArn })).toEqual(created);
  });
});

test("two stages of an account have nothing of the same name", () => {
  const [dev, prod] = validate(sampleInput()).stages.map((stage) => stageNames(stage));
  expect([dev?.webAcl, dev?.webAclLogs]).not.toEqual(expect.arrayContaining([prod?.webAcl, prod?.webAclLogs]));
});
