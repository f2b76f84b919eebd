// Invariants over every resource of every stack of every sample stage, and proof that each can fail.
import { stageNames, validate } from "../../config";
import { INVARIANTS, type StackUnderTest } from "./invariants";
import { all, type Block, blocks, sampleInput, synthesize } from "./synth";

const config = validate(sampleInput());
const unprotected = config.stages.filter(({ protect }) => !protect.enabled).map((stage) => stageNames(stage).appStack);
const stacks: StackUnderTest[] = synthesize(config).map((stack) => ({
  ...stack,
  protect: !unprotected.includes(stack.name),
}));

test("the sample has every kind of stack", () => {
  expect(stacks.map(({ name }) => name).sort()).toEqual([
    "app-dev",
    "app-prod",
    "backup-destination",
    "backup-source-prod",
  ]);
});

describe.each(stacks)("$name", (stack) => {
  test.each(Object.entries(INVARIANTS))("%s", (_, invariant) => {
    expect(invariant(stack)).toEqual([]);
  });
});

/** Attributes of the first resource of a type. */
const first = (stack: StackUnderTest, type: string): Block => all(stack, type)[0] as Block;

/** Statements of the policy documents whose logical id starts so. */
const document = (stack: StackUnderTest, idStart: string): Block => {
  const found = Object.entries(stack.data.aws_iam_policy_document ?? {}).find(([id]) => id.startsWith(idStart));
  return found?.[1] as Block;
};

/** A way to break each invariant in the production app stack. */
const BREAKS: Record<string, ((stack: StackUnderTest) => void)[]> = {
  "is encrypted at rest with a customer-managed key": [
    (stack) => delete first(stack, "aws_rds_cluster").kms_key_id,
    (stack) => delete first(stack, "aws_cloudwatch_log_group").kms_key_id,
    (stack) => Object.assign(first(stack, "aws_kms_key"), { enable_key_rotation: false }),
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
    // In an endpoint's policy, without the account.
    (stack) => {
      for (const statement of blocks(document(stack, "endpoints_s3").statement)) delete statement.condition;
    },
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
  "puts service, functions and database into private subnets": [
    (stack) => Object.assign(first(stack, "aws_db_subnet_group"), { subnet_ids: first(stack, "aws_lb").subnets }),
    (stack) => {
      const [network] = blocks(first(stack, "aws_ecs_service").network_configuration);
      Object.assign(network as Block, { subnets: first(stack, "aws_lb").subnets });
    },
    (stack) => delete first(stack, "aws_lambda_function").vpc_config,
  ],
  "opens only the load balancer": [
    (stack) => {
      const rule = all(stack, "aws_vpc_security_group_ingress_rule").find(
        (entry) => entry.referenced_security_group_id,
      );
      delete rule?.referenced_security_group_id;
    },
  ],
  "lets logs expire": [(stack) => delete first(stack, "aws_cloudwatch_log_group").retention_in_days],
  "is bound to its account and tagged": [
    (stack) => delete stack.provider.aws?.[0]?.allowed_account_ids,
    (stack) => delete stack.provider.aws?.[0]?.default_tags,
  ],
  "keeps secrets out of the state": [
    (stack) => Object.assign(first(stack, "aws_rds_cluster"), { master_password: "x" }),
    (stack) => Object.assign(stack.resource, { random_password: { admin: {} } }),
  ],
};

const production = stacks.find(({ name }) => name === "app-prod") as StackUnderTest;

describe("each invariant can fail", () => {
  test.each(Object.entries(INVARIANTS))("%s", (name, invariant) => {
    const ways = BREAKS[name] ?? [];
    expect(ways.length).toBeGreaterThan(0);
    for (const destroy of ways) {
      const broken = structuredClone(production);
      destroy(broken);
      expect(invariant(broken)).not.toEqual([]);
    }
  });
});
