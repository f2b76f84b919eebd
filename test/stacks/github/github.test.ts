// What GitHub's workflows may do in each account.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DeploymentInput, PROJECT_ROOT, validate } from "../../../config";
import { evaluatePolicy } from "../../local-aws/policy";
import { all, one, policyJson, type SynthesizedStack, sampleInput, statements, synthesize } from "../synth";

const GITHUB = { repository: "example/redcap" };

function stacks(change: Partial<DeploymentInput> = {}): SynthesizedStack[] {
  return synthesize(validate({ ...sampleInput(), github: GITHUB, ...change })).filter(({ name }) =>
    name.startsWith("github-"),
  );
}
const found = stacks();
const stackOf = (accountId: string): SynthesizedStack => {
  const stack = found.find(({ name }) => name === `github-${accountId}`);
  if (!stack) throw new Error(`There is no stack github-${accountId}.`);
  return stack;
};
const app = stackOf("111111111111");
const roleNames = (stack: SynthesizedStack) =>
  all(stack, "aws_iam_role")
    .map(({ name }) => name)
    .sort();

test("one stack per account, with roles to plan and one to deploy each environment", () => {
  expect(found.map(({ name }) => name)).toEqual(["github-111111111111", "github-222222222222", "github-333333333333"]);
  expect(roleNames(app)).toEqual([
    "redcap-github-deploy-dev",
    "redcap-github-deploy-prod",
    "redcap-github-plan",
    "redcap-github-ready",
  ]);
  expect(roleNames(stackOf("222222222222"))).toEqual([
    "redcap-github-deploy-backup-account",
    "redcap-github-plan",
    "redcap-github-ready",
  ]);
  expect(roleNames(stackOf("333333333333"))).toEqual([
    "redcap-github-deploy-route53-ns",
    "redcap-github-plan",
    "redcap-github-ready",
  ]);
});

test("no repository, no stack", () => {
  expect(stacks({ github: undefined })).toEqual([]);
});

test("the provider is made once per account, unless it is there", () => {
  expect(one(app, "aws_iam_openid_connect_provider")).toMatchObject({
    url: "https://token.actions.githubusercontent.com",
    client_id_list: ["sts.amazonaws.com"],
  });
  const [existing] = stacks({ github: { ...GITHUB, existingProviders: ["111111111111"] } });
  expect(all(existing as SynthesizedStack, "aws_iam_openid_connect_provider")).toEqual([]);
  expect(statements(existing as SynthesizedStack, "plan_trust")[0]?.principals).toEqual([
    {
      type: "Federated",
      identifiers: ["arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"],
    },
  ]);
});

test.each([
  ["plan_trust", ["repo:example/redcap:pull_request"]],
  ["ready_trust", ["repo:example/redcap:ref:refs/heads/main"]],
  ["deploy-dev_trust", ["repo:example/redcap:environment:dev"]],
  ["deploy-prod_trust", ["repo:example/redcap:environment:prod"]],
])("%s names each subject exactly", (id, subjects) => {
  expect(statements(app, id)).toMatchObject([
    {
      actions: ["sts:AssumeRoleWithWebIdentity"],
      condition: [
        { test: "StringEquals", variable: "token.actions.githubusercontent.com:aud", values: ["sts.amazonaws.com"] },
        { test: "StringEquals", variable: "token.actions.githubusercontent.com:sub", values: subjects },
      ],
    },
  ]);
});

/** What an inline policy says of a request; `implicitDeny` leaves it to the managed one. */
function decide(idStart: string, action: string, resource: string, context = {}) {
  const principal = { kind: "aws", arn: "arn:aws:sts::111111111111:assumed-role/x/y" } as const;
  const withPrincipals = statements(app, idStart).map((statement) => ({
    ...statement,
    principals: [{ type: "*", identifiers: ["*"] }],
  }));
  return evaluatePolicy(policyJson(withPrincipals, {}), { principal, action, resource, context });
}

const STATE = "arn:aws:s3:::redcap-tfstate-111111111111-eu-west-2";
const FILES = "arn:aws:s3:::redcap-prod-files-111111111111-eu-west-2";
const LOCK = "arn:aws:dynamodb:eu-west-2:111111111111:table/redcap-tfstate-lock";

test("the ids of owner and repository are part of the subject, where they are written", () => {
  const [stack] = stacks({ github: { repository: "example@1/redcap@2" } });
  const [statement] = statements(stack as SynthesizedStack, "plan_trust");
  expect(statement?.condition?.[1]?.values).toEqual(["repo:example@1/redcap@2:pull_request"]);
});

const PLAN = `${STATE}/plans/abc/app-prod.tfplan`;
const KEY = "arn:aws:kms:eu-west-2:111111111111:key/x";
const PARAMETER = "arn:aws:ssm:eu-west-2:111111111111:parameter";

test.each<[string, string, string, string]>([
  ["implicitDeny", "reads state", "s3:GetObject", `${STATE}/app-prod.tfstate`],
  ["implicitDeny", "never writes state", "s3:PutObject", `${STATE}/app-prod.tfstate`],
  ["implicitDeny", "never takes a lock", "s3:PutObject", `${STATE}/app-prod.tfstate.tflock`],
  ["implicitDeny", "nor somebody else's away", "dynamodb:DeleteItem", LOCK],
  ["implicitDeny", "never forges what waits for approval", "s3:PutObject", PLAN],
  ["deny", "nor reads it", "s3:GetObject", PLAN],
  ["deny", "reads no patient's file", "s3:GetObject", `${FILES}/2026/x.pdf`],
  ["deny", "reads no old version of one", "s3:GetObjectVersion", `${FILES}/2026/x.pdf`],
  [
    "deny",
    "reads no secret",
    "secretsmanager:GetSecretValue",
    "arn:aws:secretsmanager:eu-west-2:111111111111:secret:x",
  ],
  ["deny", "reads no log", "logs:FilterLogEvents", "arn:aws:logs:eu-west-2:111111111111:log-group:x:*"],
  ["deny", "reads no log by stream", "logs:GetLogEvents", "arn:aws:logs:eu-west-2:111111111111:log-group:x:*"],
  ["deny", "reads no database log", "rds:DownloadDBLogFilePortion", "arn:aws:rds:eu-west-2:111111111111:db:x"],
  ["deny", "reads no other table", "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-2:111111111111:table/x"],
  ["deny", "reads no other parameter", "ssm:GetParameter", `${PARAMETER}/x`],
  ["implicitDeny", "reads the kit's parameter", "ssm:GetParameter", `${PARAMETER}/redcap-prod/recovery-kit`],
  ["deny", "pulls no image", "ecr:BatchGetImage", "arn:aws:ecr:eu-west-2:111111111111:repository/redcap-prod"],
])("a plan: %s, %s", (decision, _, action, resource) => {
  expect(decide("plan-policy", action, resource)).toBe(decision);
});

test("a plan reads with the state's key, and with no other; main alone keeps plans, and encrypts with it", () => {
  const by = (policy: string, action: string, alias: string) =>
    decide(policy, action, KEY, { "kms:ResourceAliases": [alias] });
  expect([
    by("plan-policy", "kms:Decrypt", "alias/redcap-tfstate"),
    by("plan-policy", "kms:Decrypt", "alias/redcap-prod-files"),
    by("plan-policy", "kms:GenerateDataKey", "alias/redcap-tfstate"),
    by("keep-plans-policy", "kms:GenerateDataKey", "alias/redcap-tfstate"),
    decide("keep-plans-policy", "s3:PutObject", PLAN),
    decide("keep-plans-policy", "s3:PutObject", `${STATE}/app-prod.tfstate`),
  ]).toEqual(["allow", "implicitDeny", "implicitDeny", "allow", "allow", "implicitDeny"]);
  expect(all(app, "aws_iam_role_policy").filter(({ name }) => name === "keep-plans")).toHaveLength(1);
});

test.each<[string, string, string]>([
  ["deny", "rds:DeleteDBCluster", "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod"],
  ["deny", "s3:DeleteBucket", FILES],
  ["deny", "s3:DeleteObjectVersion", `${FILES}/2026/x.pdf`],
  ["deny", "secretsmanager:DeleteSecret", "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/salt-x"],
  ["deny", "backup:DeleteRecoveryPoint", "arn:aws:backup:eu-west-2:111111111111:recovery-point:x"],
  ["deny", "kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-2:111111111111:key/x"],
  ["deny", "organizations:LeaveOrganization", "*"],
  ["deny", "iam:PutRolePolicy", "arn:aws:iam::111111111111:role/redcap-github-deploy-prod"],
  ["deny", "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111111111111:role/path/redcap-github-plan"],
  [
    "deny",
    "iam:AddClientIDToOpenIDConnectProvider",
    "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
  ],
  // What the gate lets through: a changed lock, another zip, no cron over HTTP any more.
  ["implicitDeny", "backup:DeleteBackupVaultLockConfiguration", "arn:aws:backup:eu-west-2:111111111111:backup-vault:x"],
  ["implicitDeny", "s3:DeleteObjectVersion", "arn:aws:s3:::redcap-prod-build-111111111111-eu-west-2/redcap.zip"],
  [
    "implicitDeny",
    "secretsmanager:DeleteSecret",
    "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/cron-AbCdEf",
  ],
  ["implicitDeny", "iam:GetRole", "arn:aws:iam::111111111111:role/redcap-github-plan"],
  ["implicitDeny", "iam:PutRolePolicy", "arn:aws:iam::111111111111:role/redcap-prod-backup"],
  ["implicitDeny", "rds:ModifyDBCluster", "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod"],
])("a deployment: %s %s", (decision, action, resource) => {
  expect(decide("deploy-policy-prod", action, resource)).toBe(decision);
});

test("who deploys the parent domain's records is no administrator, and writes state and its lock", () => {
  const dns = stackOf("333333333333");
  const attached = all(dns, "aws_iam_role_policy_attachment").map(({ policy_arn }) => policy_arn);
  expect([...new Set(attached)].sort()).toEqual([
    "arn:aws:iam::aws:policy/AmazonRoute53FullAccess",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
  ]);
  const bucket = "arn:aws:s3:::redcap-tfstate-333333333333-eu-west-2";
  const written = statements(dns, "records-policy").filter(({ actions }) => actions?.includes("s3:PutObject"));
  expect(written.flatMap(({ resources }) => resources)).toEqual([
    `${bucket}/route53-ns.tfstate`,
    `${bucket}/route53-ns.tfstate.tflock`,
  ]);
});

test("a session is long enough for a database, and asked for as long by the workflow", () => {
  const workflow = readFileSync(join(PROJECT_ROOT, ".github/workflows/deploy.yml"), "utf8");
  const asked = Number(/role-duration-seconds: (\d+)/.exec(workflow)?.[1]);
  expect(asked).toBeGreaterThan(3_600);
  expect(one(app, "aws_iam_role", "deploy-prod")).toMatchObject({ max_session_duration: asked });
});

test("a stage with the name of another environment is refused", () => {
  const input = sampleInput();
  const stages = input.stages.map((stage) => (stage.name === "dev" ? { ...stage, name: "route53-ns" } : stage));
  expect(() => validate({ ...input, stages, github: GITHUB })).toThrow(/environment "route53-ns"/);
});

test("an account that is nobody's is refused, and so is a backup account that GitHub would lock itself out of", () => {
  const input = sampleInput();
  const github = (change: object) => () => validate({ ...input, github: { ...GITHUB, ...change } });
  expect(github({ existingProviders: ["999999999999"] })).toThrow(/existingProviders\[0\].*remove it/);
  expect(github({ repository: "https://github.com/a/b" })).toThrow(/github\.repository.*owner\/name/);
  const administratorArns = ["arn:aws:iam::222222222222:role/admin"];
  const backupDestination = { ...input.backupDestination, administratorArns } as typeof input.backupDestination;
  expect(() => validate({ ...input, backupDestination, github: GITHUB })).toThrow(
    /administratorArns.*redcap-github-deploy-backup-account.*add it/,
  );
  administratorArns.push("arn:aws:iam::222222222222:role/other/redcap-github-deploy-backup-account");
  administratorArns.push("arn:aws:iam::222222222222:role/aws-reserved/*");
  expect(() => validate({ ...input, backupDestination, github: GITHUB })).toThrow(/administratorArns/);
  administratorArns.push("arn:aws:iam::222222222222:role/redcap-github-*");
  expect(() => validate({ ...input, backupDestination, github: GITHUB })).not.toThrow();
});
