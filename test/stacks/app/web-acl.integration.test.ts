// The web ACL with real Terraform and the real provider: what is deployed is what is planned next, changes are made in place,
// and nothing stays behind.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lb } from "@cdktf/provider-aws/lib/lb";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { App } from "cdktf";
import { type StageConfig, stageNames, validate } from "../../../config";
import { countChanges, parsePlan, type TerraformPlan } from "../../../scripts/gate/plan";
import { ensureProviders } from "../../../scripts/providers/index";
import { execute } from "../../../scripts/terraform/process";
import { EncryptionKeys } from "../../../stacks/app/encryption-keys";
import { WebAcl } from "../../../stacks/app/web-acl";
import { BaseStack } from "../../../stacks/base-stack";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { type StageInput, sampleInput, sampleStage } from "../synth";

jest.setTimeout(600_000);

const EVERYTHING: Partial<StageInput> = {
  allowedIps: ["198.51.100.0/24", "0.0.0.0/0", "2001:db8::/32"],
  allowedCountries: ["GB", "JP"],
  maintenanceAddresses: ["198.51.100.7/32", "2001:db8:1::/48"],
  waf: {
    type: "create",
    rateLimit: 5_000,
    overrides: { GenericRFI_QUERYARGUMENTS: "count" },
    excludedGroups: [{ group: "AWSManagedRulesAmazonIpReputationList", reason: "Tested without this group." }],
    logRetention: 60,
  },
};

let aws: LocalAws;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const { accountId, region } = sampleStage("dev");
  aws = await startLocalAws({ accounts: [{ id: accountId, profile: "redcap" }], region });
  env = { ...process.env, ...aws.environment(), ...(await ensureProviders()), TF_IN_AUTOMATION: "1" };
  folder = mkdtempSync(join(tmpdir(), "web-acl-"));
});
afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The smallest stack with a web ACL and a load balancer behind it. */
class EdgeStack extends BaseStack {
  constructor(app: App, stage: StageConfig) {
    super(app, stageNames(stage).appStack, stage);
    const keys = new EncryptionKeys(this, "keys", { stage });
    const webAcl = new WebAcl(this, "web-acl", { stage, keys, ownAddresses: ["203.0.113.5"] });
    const vpc = new Vpc(this, "vpc", { cidrBlock: "10.0.0.0/16" });
    const subnets = ["a", "b"].map(
      (zone, index) =>
        new Subnet(this, zone, {
          vpcId: vpc.id,
          cidrBlock: `10.0.${index}.0/24`,
          availabilityZone: `${stage.region}${zone}`,
        }).id,
    );
    const balancer = new Lb(this, "balancer", { name: "redcap", subnets });
    webAcl.associate(balancer, balancer.arn);
  }
}

const terraform = async (...args: string[]) => {
  const cwd = join(folder, "stacks", "app-dev");
  const { code, stdout, stderr } = await execute("terraform", args, { cwd, env });
  if (code !== 0) throw new Error(`terraform ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout;
};

/** A call of AWS WAF with a signature that has only the scope, which is all that the local AWS reads. */
async function call(operation: string, input: object): Promise<{ Summary: { ARN: string } }> {
  const { accountId, region } = sampleStage("dev");
  const scope = `${aws.credentials(accountId).accessKeyId}/20260101/${region}/wafv2/aws4_request`;
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `AWSWAF_20190729.${operation}`,
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
  };
  const answer = await fetch(aws.endpoint, { method: "POST", headers, body: JSON.stringify(input) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as { Summary: { ARN: string } };
}

/** Synthesizes the stage with changes and plans it. */
async function plan(change: Partial<StageInput>): Promise<TerraformPlan> {
  const [stage] = validate({ ...sampleInput(), stages: [{ ...sampleStage("dev"), ...change }] }).stages;
  const app = new App({ outdir: folder });
  new EdgeStack(app, stage as StageConfig);
  app.synth();
  const state = JSON.stringify({ terraform: { backend: { local: { path: join(folder, "state.tfstate") } } } });
  writeFileSync(join(folder, "stacks", "app-dev", "backend_override.tf.json"), state);
  if (!existsSync(join(folder, "stacks", "app-dev", ".terraform")))
    await terraform("init", "-input=false", "-no-color");
  await terraform("plan", "-input=false", "-no-color", "-out=plan");
  return parsePlan(await terraform("show", "-json", "plan"));
}

/** @returns what was changed, by address, and how */
async function deploy(change: Partial<StageInput>): Promise<Record<string, string>> {
  const planned = await plan(change);
  await terraform("apply", "-input=false", "-no-color", "plan");
  expect(countChanges(await plan(change))).toBe(0);
  return Object.fromEntries(
    (planned.resource_changes ?? [])
      .filter(({ change: { actions } }) => actions.some((action) => !["no-op", "read"].includes(action)))
      .map(({ address, change: { actions } }) => [address.replace(/_[0-9A-F]{8}$/, ""), actions.join()]),
  );
}

test("a web ACL with everything is deployed, and nothing is left to change", async () => {
  const changed = await deploy(EVERYTHING);
  expect(new Set(Object.values(changed))).toEqual(new Set(["create"]));
});

test("addresses, countries and overrides change in place; nothing else does", async () => {
  const changed = await deploy({
    ...EVERYTHING,
    allowedIps: ["198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"],
    allowedCountries: ["GB"],
    waf: { type: "create" },
  });
  expect(changed).toEqual({
    "aws_cloudwatch_log_group.web-acl_logs": "update",
    // Its document names the group, and is read again when the group changes.
    "aws_cloudwatch_log_resource_policy.web-acl_logs-policy": "update",
    "aws_wafv2_ip_set.web-acl_allowed-v4": "update",
    "aws_wafv2_web_acl.web-acl": "update",
  });
});

test("a web ACL of one's own takes the place of ours, and ours that of none", async () => {
  const arns = async () => {
    const output = JSON.parse(await terraform("show", "-json")) as {
      values: { root_module: { resources: { type: string; values: { arn?: string; web_acl_arn?: string } }[] } };
    };
    const { resources } = output.values.root_module;
    return resources
      .filter(({ type }) => type === "aws_wafv2_web_acl_association")
      .map(({ values }) => values.web_acl_arn);
  };
  const none = await deploy({ waf: { type: "none", reason: "Another product stands in front." } });
  expect(await arns()).toEqual([]);
  expect(new Set(Object.values(none))).toEqual(new Set(["delete"]));
  expect(Object.keys(none)).toEqual(expect.not.arrayContaining([expect.stringMatching(/log_group|kms|aws_lb/)]));

  const visibility = { MetricName: "x", CloudWatchMetricsEnabled: true, SampledRequestsEnabled: false };
  const acl = { Name: "organization", Scope: "REGIONAL", DefaultAction: { Allow: {} }, VisibilityConfig: visibility };
  const { Summary } = await call("CreateWebACL", acl);
  const webAclArn = Summary.ARN;
  expect(await deploy({ waf: { type: "existing", webAclArn } })).toEqual({
    "aws_wafv2_web_acl_association.balancer_web-acl": "create",
  });
  expect(await arns()).toEqual([webAclArn]);

  const created = await deploy({});
  expect(created["aws_wafv2_web_acl_association.balancer_web-acl"]).toBe("delete,create");
  expect(Object.keys(created)).not.toContain("aws_cloudwatch_log_group.web-acl_logs");
  expect(await arns()).toEqual([expect.stringContaining("webacl/redcap-dev/")]);
});
