// Invariants over every resource of every stack of every sample stage, and proof that each can fail.
import { type DeploymentInput, stageNames, validate } from "../../config";
import type { StackUnderTest } from "./invariant";
import { INVARIANTS } from "./invariants";
import { all, type Block, blocks, onAppRunner, one, ref, sampleInput, synthesize } from "./synth";

function stacksOf(input: DeploymentInput): StackUnderTest[] {
  const config = validate(input);
  const unprotected = config.stages
    .filter((stage) => !stage.protect.enabled)
    .map((stage) => stageNames(stage).appStack);
  return synthesize(config).map((stack) => ({ ...stack, protect: !unprotected.includes(stack.name) }));
}

const stacks = stacksOf({ ...sampleInput(), github: { repository: "example/redcap" } });
const { stages, ...others } = sampleInput();
/** One of them with cron over HTTP. */
const onAppRunnerToo = stacksOf({
  ...others,
  stages: stages.map((stage) => ({
    ...stage,
    ...onAppRunner({ cron: { via: stage.name === "prod" ? "http" : "task" } }),
  })),
});

test("the sample, with roles for GitHub, has every kind of stack", () => {
  expect(stacks.map(({ name }) => name).sort()).toEqual([
    "app-dev",
    "app-prod",
    "backup-destination",
    "backup-source-prod",
    "github-111111111111",
    "github-222222222222",
    "github-333333333333",
    "route53-ns",
  ]);
});

describe.each(stacks)("$name", (stack) => {
  test.each(Object.entries(INVARIANTS))("%s", (_, invariant) => {
    expect(invariant(stack)).toEqual([]);
  });
});

describe.each(onAppRunnerToo.filter(({ name }) => name.startsWith("app-")))("$name on App Runner", (stack) => {
  test.each(Object.entries(INVARIANTS))("%s", (_, invariant) => {
    expect(invariant(stack)).toEqual([]);
  });
});

test("no tag of the configuration takes the place of a stack's own", () => {
  const tagged = validate(sampleInput());
  for (const target of [...tagged.stages, tagged.backupDestination, tagged.route53Ns])
    Object.assign(target as object, { tags: { "redcap:stack": "other", "redcap:stage": "other", team: "x" } });
  for (const stack of synthesize(tagged))
    expect(blocks(stack.provider.aws?.[0]?.default_tags)[0]?.tags).toMatchObject({
      "redcap:stack": stack.name,
      team: "x",
    });
});

/** Attributes of the first resource of a type. */
const first = (stack: StackUnderTest, type: string): Block => all(stack, type)[0] as Block;

/** Statements of the policy documents whose logical id starts so. */
const document = (stack: StackUnderTest, idStart: string): Block => {
  const found = Object.entries(stack.data.aws_iam_policy_document ?? {}).find(([id]) => id.startsWith(idStart));
  return found?.[1] as Block;
};

const firstStatement = (stack: StackUnderTest, idStart: string): Block =>
  blocks(document(stack, idStart).statement)[0] as Block;

const ingressRules = (stack: StackUnderTest, from: "group" | "outside"): Block[] =>
  all(stack, "aws_vpc_security_group_ingress_rule").filter(
    (rule) => (rule.referenced_security_group_id !== undefined) === (from === "group"),
  );

/** A way to break each invariant in the production app stack. */
const BREAKS: Record<string, ((stack: StackUnderTest) => void)[]> = {
  "is encrypted at rest with a customer-managed key": [
    (stack) => delete first(stack, "aws_rds_cluster").kms_key_id,
    (stack) => delete first(stack, "aws_cloudwatch_log_group").kms_key_id,
    (stack) => Object.assign(first(stack, "aws_kms_key"), { enable_key_rotation: false }),
    (stack) => delete first(stack, "aws_launch_template").block_device_mappings,
  ],
  "encrypts buckets": [
    (stack) => delete stack.resource.aws_s3_bucket_server_side_encryption_configuration,
    // The load balancer cannot write to a bucket with a KMS key, and says so by silence.
    (stack) => {
      for (const { rule } of all(stack, "aws_s3_bucket_server_side_encryption_configuration"))
        for (const entry of blocks(rule)) entry.apply_server_side_encryption_by_default = { sse_algorithm: "aws:kms" };
    },
  ],
  "has TLS-only buckets": [
    (stack) => document(stack, "files_policy").statement && delete document(stack, "files_policy").statement,
    (stack) => delete stack.resource.aws_s3_bucket_policy,
  ],
  "has versioned, private buckets": [
    (stack) => delete stack.resource.aws_s3_bucket_versioning,
    (stack) => Object.assign(first(stack, "aws_s3_bucket_public_access_block"), { block_public_policy: false }),
  ],
  "encrypts in transit": [
    (stack) => delete first(stack, "aws_rds_cluster_parameter_group").parameter,
    (stack) => {
      for (const listener of all(stack, "aws_lb_listener")) listener.protocol = "HTTP";
    },
  ],
  "allows no `*` principal": [
    (stack) => {
      for (const statement of blocks(document(stack, "files_policy").statement)) delete statement.effect;
    },
    // Every account is everybody.
    (stack) => {
      const [statement] = blocks(document(stack, "keys_database").statement) as Block[];
      Object.assign(statement as Block, { principals: [{ type: "AWS", identifiers: ["arn:aws:iam::*:root"] }] });
    },
  ],
  "names what roles may do": [
    (stack) => Object.assign(firstStatement(stack, "tasks_roles_use-files"), { resources: ["*"] }),
    (stack) => Object.assign(firstStatement(stack, "tasks_roles_use-files"), { actions: ["s3:*"] }),
    (stack) => Object.assign(firstStatement(stack, "tasks_roles_use-files"), { actions: ["*"] }),
    (stack) => Object.assign(firstStatement(stack, "files-key_use-files"), { resources: ["*"] }),
    // On the list with other actions only.
    (stack) =>
      Object.assign(firstStatement(stack, "tasks_roles_use-files"), {
        actions: ["ecr:GetAuthorizationToken", "ecr:PutImage"],
        resources: ["*"],
      }),
  ],
  "writes policies as documents": [(stack) => Object.assign(first(stack, "aws_iam_role_policy"), { policy: "{}" })],
  "keeps stateful resources at a fixed address": [
    (stack) => delete first(stack, "aws_s3_bucket").lifecycle,
    (stack) => Object.assign(stack.resource, { aws_kms_key: { keys_database_0123ABCD: first(stack, "aws_kms_key") } }),
  ],
  "is protected from deletion": [
    (stack) => Object.assign(first(stack, "aws_rds_cluster"), { deletion_protection: false }),
    (stack) => Object.assign(first(stack, "aws_rds_cluster"), { final_snapshot_identifier: "redcap-prod-final" }),
    (stack) => Object.assign(first(stack, "aws_lb"), { enable_deletion_protection: false }),
    (stack) => Object.assign(first(stack, "aws_kms_key"), { deletion_window_in_days: 7 }),
  ],
  "puts service, cron, functions and database into private subnets": [
    (stack) => Object.assign(first(stack, "aws_db_subnet_group"), { subnet_ids: first(stack, "aws_lb").subnets }),
    (stack) => {
      const [network] = blocks(first(stack, "aws_ecs_service").network_configuration);
      Object.assign(network as Block, { subnets: first(stack, "aws_lb").subnets });
    },
    (stack) => {
      const [target] = blocks(one(stack, "aws_scheduler_schedule", "cron_").target);
      const [ecs] = blocks(target?.ecs_parameters);
      const [network] = blocks(ecs?.network_configuration);
      Object.assign(network as Block, { subnets: first(stack, "aws_lb").subnets });
    },
    (stack) => delete one(stack, "aws_lambda_function", "database-users_").vpc_config,
    (stack) => Object.assign(one(stack, "aws_scheduler_schedule", "maintenance_").target as Block, { arn: "arn:x" }),
    (stack) => delete first(stack, "aws_launch_template").network_interfaces,
    (stack) => Object.assign(one(stack, "aws_lambda_function", "files-key_").environment as Block, { DATABASE: "x" }),
  ],
  "opens only the load balancer": [
    (stack) => delete ingressRules(stack, "group")[0]?.referenced_security_group_id,
    (stack) => Object.assign(ingressRules(stack, "group")[0] as Block, { referenced_security_group_id: "sg-0123" }),
    (stack) => Object.assign(ingressRules(stack, "outside")[0] as Block, { from_port: 22, to_port: 22 }),
    (stack) => Object.assign(ingressRules(stack, "outside")[0] as Block, { from_port: 0 }),
    (stack) => Object.assign(ingressRules(stack, "outside")[0] as Block, { ip_protocol: "-1" }),
  ],
  "lets logs expire": [(stack) => delete first(stack, "aws_cloudwatch_log_group").retention_in_days],
  "overwrites no DNS record": [(stack) => Object.assign(first(stack, "aws_route53_record"), { allow_overwrite: true })],
  "is bound to its account and tagged": [
    (stack) => delete stack.provider.aws?.[0]?.allowed_account_ids,
    (stack) => delete stack.provider.aws?.[0]?.default_tags,
  ],
  "keeps secrets out of the state": [
    (stack) => Object.assign(first(stack, "aws_rds_cluster"), { master_password: "x" }),
    (stack) => Object.assign(stack.resource, { random_password: { admin: {} } }),
    (stack) => Object.assign(stack.resource, { aws_iam_access_key: { files: {} } }),
  ],
};

/** A resource or document that breaks each invariant in a stack that has, or has not, anything of its kind. */
const PLANTS: Record<string, object> = {
  "is encrypted at rest with a customer-managed key": { aws_backup_vault: { bad: {} } },
  "encrypts buckets": { aws_s3_bucket: { bad: {} } },
  "has TLS-only buckets": { aws_s3_bucket: { bad: {} } },
  "has versioned, private buckets": { aws_s3_bucket: { bad: {} } },
  "encrypts in transit": { aws_lb_listener: { bad: { protocol: "HTTP", default_action: [{ type: "forward" }] } } },
  "names what roles may do": { aws_iam_role_policy: { bad: { policy: ref("data.aws_iam_policy_document.bad.json") } } },
  "writes policies as documents": { aws_backup_vault_policy: { bad: { policy: "{}" } } },
  "keeps stateful resources at a fixed address": { aws_backup_vault: { bad: {} } },
  "is protected from deletion": {
    aws_kms_key: { bad: { deletion_window_in_days: 7 } },
    aws_sqs_queue: { bad: { key: ref("aws_kms_key.bad.arn") } },
  },
  "puts service, cron, functions and database into private subnets": { aws_lambda_function: { bad: {} } },
  "opens only the load balancer": { aws_vpc_security_group_ingress_rule: { bad: { cidr_ipv4: "10.0.0.0/8" } } },
  "lets logs expire": { aws_cloudwatch_log_group: { bad: {} } },
  "overwrites no DNS record": { aws_route53_record: { bad: { allow_overwrite: true } } },
  "keeps secrets out of the state": { aws_secretsmanager_secret_version: { bad: {} } },
};

const plant = (stack: StackUnderTest, resources: object): void => {
  Object.assign(stack.resource, resources);
  const statement = [{ actions: ["*"], resources: ["*"], principals: [{ type: "AWS", identifiers: ["*"] }] }];
  Object.assign(stack.data.aws_iam_policy_document ?? {}, { bad: { statement } });
};

const stackNamed = (name: string) => stacks.find((stack) => stack.name === name) as StackUnderTest;

const broken = (stack: StackUnderTest, destroy: (copy: StackUnderTest) => void): StackUnderTest => {
  const copy = structuredClone(stack);
  destroy(copy);
  return copy;
};

describe("each invariant can fail", () => {
  test.each(Object.entries(INVARIANTS))("%s", (name, invariant) => {
    const ways = BREAKS[name] ?? [];
    expect(ways.length).toBeGreaterThan(0);
    for (const destroy of ways) expect(invariant(broken(stackNamed("app-prod"), destroy))).not.toEqual([]);
    // Nothing but the account and the tags of a provider can be planted.
    const destroy =
      name === "is bound to its account and tagged"
        ? ways
        : [(copy: StackUnderTest) => plant(copy, PLANTS[name] ?? {})];
    for (const backups of ["backup-source-prod", "backup-destination"])
      for (const way of destroy) expect(invariant(broken(stackNamed(backups), way))).not.toEqual([]);
  });
});

describe("without NAT, with a domain and mail", () => {
  const input = sampleInput();
  for (const stage of input.stages)
    Object.assign(stage, {
      ...{ domain: "example.org", subdomain: stage.name, email: "redcap-admins@example.org" },
      network: { type: "create", nat: "none" },
    });
  const [found] = synthesize(validate(input)).filter(({ name }) => name === "app-prod");
  const closed = { ...found, protect: true } as StackUnderTest;

  test.each(Object.entries(INVARIANTS))("%s", (_, invariant) => {
    expect(invariant(closed)).toEqual([]);
  });

  test("an endpoint's policy without the account is found, and an endpoint open to others than the VPC", () => {
    const anyAccount = broken(closed, (stack) => {
      for (const statement of blocks(document(stack, "endpoints_s3").statement)) delete statement.condition;
    });
    expect(INVARIANTS["allows no `*` principal"]?.(anyAccount)).not.toEqual([]);
    const open = broken(closed, (stack) => {
      for (const rule of ingressRules(stack, "outside"))
        if (rule.cidr_ipv4 === "10.0.0.0/16") rule.cidr_ipv4 = "0.0.0.0/0";
    });
    expect(INVARIANTS["opens only the load balancer"]?.(open)).not.toEqual([]);
  });
});
