// What must hold for every resource of every stack. Each invariant returns what breaks it, by address.
import { STATEFUL_TYPES } from "../../config";
import { type Block, blocks, byId, type Statement, type SynthesizedStack } from "./synth";

export interface StackUnderTest extends SynthesizedStack {
  /** False for a stage whose protection was turned off with a reason. */
  protect: boolean;
}

export type Invariant = (stack: StackUnderTest) => string[];

/** Addresses of the resources of a type that fail the test. */
const failing = (stack: SynthesizedStack, type: string, holds: (block: Block, id: string) => boolean): string[] =>
  Object.entries(byId(stack, type)).flatMap(([id, block]) => (holds(block, id) ? [] : [`${type}.${id}`]));

/** Whether some resource of a type names this one in an attribute. */
const partner = (stack: SynthesizedStack, type: string, attribute: string, address: string): Block | undefined =>
  Object.values(byId(stack, type)).find((block) => String(block[attribute]).includes(`{${address}.`));

const policyStatements = (document: Block | undefined): Statement[] => blocks(document?.statement) as Statement[];

/** The policy document that an attribute such as `${data.aws_iam_policy_document.x.json}` names. */
const documentOf = (stack: SynthesizedStack, reference: unknown): Block | undefined =>
  stack.data.aws_iam_policy_document?.[/aws_iam_policy_document\.([\w-]+)\.json/.exec(String(reference))?.[1] ?? ""];

/** Where each type names its key. */
const KEY_ATTRIBUTES: Record<string, string> = {
  aws_backup_vault: "kms_key_arn",
  aws_cloudwatch_log_group: "kms_key_id",
  aws_rds_cluster: "kms_key_id",
  aws_secretsmanager_secret: "kms_key_id",
  aws_sns_topic: "kms_master_key_id",
};

const encryptedAtRest: Invariant = (stack) => [
  ...Object.entries(KEY_ATTRIBUTES).flatMap(([type, attribute]) =>
    failing(stack, type, (block) => String(block[attribute]).includes("aws_kms_key.")),
  ),
  ...failing(stack, "aws_rds_cluster", (block) => block.storage_encrypted === true),
  ...failing(stack, "aws_rds_cluster_instance", (block) =>
    String(block.performance_insights_kms_key_id).includes("aws_kms_key."),
  ),
  ...failing(stack, "aws_kms_key", (block) => block.enable_key_rotation === true),
];

/** ELB and S3 deliver their logs to buckets with S3's own keys only; every other bucket has a customer-managed key. */
const bucketsEncrypted: Invariant = (stack) =>
  failing(stack, "aws_s3_bucket", (_, id) => {
    const address = `aws_s3_bucket.${id}`;
    const type = "aws_s3_bucket_server_side_encryption_configuration";
    const [rule] = blocks(partner(stack, type, "bucket", address)?.rule);
    const [byDefault] = blocks(rule?.apply_server_side_encryption_by_default);
    const takesLogs =
      partner(stack, "aws_s3_bucket_logging", "target_bucket", address) !== undefined ||
      Object.values(byId(stack, "aws_lb")).some((lb) => JSON.stringify(lb.access_logs).includes(`{${address}.`));
    return takesLogs
      ? byDefault?.sse_algorithm === "AES256"
      : byDefault?.sse_algorithm === "aws:kms" && String(byDefault.kms_master_key_id).includes("aws_kms_key.");
  });

const bucketsTlsOnly: Invariant = (stack) =>
  failing(stack, "aws_s3_bucket", (_, id) => {
    const policy = partner(stack, "aws_s3_bucket_policy", "bucket", `aws_s3_bucket.${id}`)?.policy;
    return policyStatements(documentOf(stack, policy)).some(
      ({ effect, actions, resources, principals, condition }) =>
        effect === "Deny" &&
        actions?.includes("s3:*") &&
        resources?.length === 2 &&
        principals?.[0]?.identifiers[0] === "*" &&
        condition?.length === 1 &&
        condition[0]?.variable === "aws:SecureTransport" &&
        condition[0].values[0] === "false",
    );
  });

const bucketsVersionedAndPrivate: Invariant = (stack) =>
  failing(stack, "aws_s3_bucket", (_, id) => {
    const address = `aws_s3_bucket.${id}`;
    const [versioning] = blocks(
      partner(stack, "aws_s3_bucket_versioning", "bucket", address)?.versioning_configuration,
    );
    const access = partner(stack, "aws_s3_bucket_public_access_block", "bucket", address) ?? {};
    const [ownership] = blocks(partner(stack, "aws_s3_bucket_ownership_controls", "bucket", address)?.rule);
    return (
      versioning?.status === "Enabled" &&
      ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"].every(
        (name) => access[name] === true,
      ) &&
      ownership?.object_ownership === "BucketOwnerEnforced"
    );
  });

const encryptedInTransit: Invariant = (stack) => [
  ...failing(stack, "aws_lb_listener", (block) =>
    block.protocol === "HTTPS"
      ? String(block.ssl_policy).startsWith("ELBSecurityPolicy-TLS13-")
      : blocks(block.default_action).every((action) => action.type === "redirect"),
  ),
  ...failing(stack, "aws_rds_cluster_parameter_group", (block) =>
    blocks(block.parameter).some(({ name, value }) => name === "require_secure_transport" && value === "ON"),
  ),
];

/**
 * In a VPC endpoint's policy the principal is always `*` (AWS PrivateLink guide): there, a condition names the account,
 * or it is reading ECR's own layers.
 */
const noStarPrincipal: Invariant = (stack) => {
  const ofEndpoints = Object.values(byId(stack, "aws_vpc_endpoint")).map(({ policy }) => documentOf(stack, policy));
  return Object.entries(stack.data.aws_iam_policy_document ?? {}).flatMap(([id, document]) => {
    const bad = policyStatements(document).some(
      ({ effect = "Allow", principals = [], condition = [], ...statement }) => {
        if (effect !== "Allow" || !principals.some(({ identifiers }) => identifiers.includes("*"))) return false;
        if (!ofEndpoints.includes(document)) return true;
        const ownAccount = condition.some(({ variable }) => variable === "aws:PrincipalAccount");
        const imageLayers =
          statement.actions?.join() === "s3:GetObject" &&
          /^arn:[\w-]+:s3:::prod-[\w-]+-starport-layer-bucket\/\*$/.test(statement.resources?.join() ?? "");
        return !ownAccount && !imageLayers;
      },
    );
    return bad ? [`data.aws_iam_policy_document.${id}`] : [];
  });
};

/** Policies written as text would escape the invariants on policy documents. */
const policiesAreDocuments: Invariant = (stack) =>
  Object.entries(stack.resource).flatMap(([type, resources]) =>
    Object.entries(resources).flatMap(([id, block]) =>
      ["policy", "assume_role_policy"].some((name) => block[name] !== undefined && !documentOf(stack, block[name]))
        ? [`${type}.${id}`]
        : [],
    ),
  );

/** What cdktf appends to an id that depends on the place in the tree. */
const HASHED_ID = /_[0-9A-F]{8}$/;

const statefulIsKept: Invariant = (stack) =>
  [...STATEFUL_TYPES].flatMap((type) =>
    failing(stack, type, (block, id) => {
      const lifecycle = block.lifecycle as { prevent_destroy?: boolean } | undefined;
      return !HASHED_ID.test(id) && lifecycle?.prevent_destroy === stack.protect;
    }),
  );

const onlyForTopics = (stack: SynthesizedStack, keyId: string): boolean =>
  Object.entries(stack.resource)
    .filter(([, resources]) => JSON.stringify(resources).includes(`{aws_kms_key.${keyId}.`))
    .every(([type]) => ["aws_sns_topic", "aws_kms_alias"].includes(type));

const deletionProtected: Invariant = (stack) => [
  ...failing(
    stack,
    "aws_rds_cluster",
    (block) =>
      block.deletion_protection === stack.protect &&
      block.skip_final_snapshot === false &&
      String(block.final_snapshot_identifier).includes("${random_id."),
  ),
  ...failing(stack, "aws_rds_cluster_instance", (_, id) => !HASHED_ID.test(id)),
  ...failing(stack, "aws_lb", (block) => block.enable_deletion_protection === stack.protect),
  ...failing(stack, "aws_s3_bucket", (block) => !stack.protect || block.force_destroy !== true),
  // Data without its key is lost; a queued notification is not worth the wait.
  ...failing(stack, "aws_kms_key", (block, id) => block.deletion_window_in_days === 30 || onlyForTopics(stack, id)),
];

/** Subnets that some route leads from to an internet gateway, by reference. */
function publicSubnets(stack: SynthesizedStack): Set<string> {
  const tables = Object.values(byId(stack, "aws_route"))
    .filter((route) => String(route.gateway_id).includes("aws_internet_gateway."))
    .map((route) => route.route_table_id);
  const associations = Object.values(byId(stack, "aws_route_table_association"));
  return new Set(associations.filter((a) => tables.includes(a.route_table_id)).map((a) => String(a.subnet_id)));
}

const inPrivateSubnets: Invariant = (stack) => {
  const open = publicSubnets(stack);
  const allPrivate = (ids: unknown) => blocks(ids).length >= 2 && blocks(ids).every((id) => !open.has(String(id)));
  return [
    ...failing(stack, "aws_db_subnet_group", (block) => allPrivate(block.subnet_ids)),
    ...failing(stack, "aws_rds_cluster_instance", (block) => block.publicly_accessible === false),
    ...failing(stack, "aws_lambda_function", (block) => allPrivate(blocks(block.vpc_config)[0]?.subnet_ids)),
    ...failing(stack, "aws_ecs_service", (block) => {
      const [network] = blocks(block.network_configuration);
      return network?.assign_public_ip === false && allPrivate(network.subnets);
    }),
    ...failing(stack, "aws_subnet", (block) => block.map_public_ip_on_launch === false),
  ];
};

/** Only the load balancer is reached from outside; between groups, groups are named. */
const onlyLoadBalancerIsOpen: Invariant = (stack) => {
  const balancers = Object.values(byId(stack, "aws_lb")).flatMap((lb) => lb.security_groups as string[]);
  const endpoints = Object.values(byId(stack, "aws_vpc_endpoint")).flatMap(
    (e) => (e.security_group_ids ?? []) as string[],
  );
  return [
    ...failing(
      stack,
      "aws_vpc_security_group_ingress_rule",
      (block) =>
        block.referenced_security_group_id !== undefined ||
        [...balancers, ...endpoints].includes(String(block.security_group_id)),
    ),
    ...failing(stack, "aws_security_group", (block) => block.ingress === undefined && block.egress === undefined),
  ];
};

const logsExpire: Invariant = (stack) =>
  failing(stack, "aws_cloudwatch_log_group", (block) => Number(block.retention_in_days) > 0);

const boundToAccountAndTagged: Invariant = (stack) =>
  blocks(stack.provider.aws).flatMap((provider) => {
    const accounts = blocks(provider.allowed_account_ids);
    const tags = (blocks(provider.default_tags)[0]?.tags ?? {}) as Record<string, string>;
    return accounts.length === 1 && tags["redcap:stack"] === stack.name ? [] : ["provider.aws"];
  });

/** Passwords and keys belong to AWS's stores: Terraform would keep them readable in its state. */
const noSecretInState: Invariant = (stack) => [
  ...failing(
    stack,
    "aws_rds_cluster",
    (block) => block.master_password === undefined && block.manage_master_user_password === true,
  ),
  ...Object.keys(byId(stack, "aws_secretsmanager_secret_version")).map(
    (id) => `aws_secretsmanager_secret_version.${id}`,
  ),
  ...Object.keys(byId(stack, "random_password")).map((id) => `random_password.${id}`),
];

export const INVARIANTS: Record<string, Invariant> = {
  "is encrypted at rest with a customer-managed key": encryptedAtRest,
  "encrypts buckets": bucketsEncrypted,
  "has TLS-only buckets": bucketsTlsOnly,
  "has versioned, private buckets": bucketsVersionedAndPrivate,
  "encrypts in transit": encryptedInTransit,
  "allows no `*` principal": noStarPrincipal,
  "writes policies as documents": policiesAreDocuments,
  "keeps stateful resources at a fixed address": statefulIsKept,
  "is protected from deletion": deletionProtected,
  "puts service, functions and database into private subnets": inPrivateSubnets,
  "opens only the load balancer": onlyLoadBalancerIsOpen,
  "lets logs expire": logsExpire,
  "is bound to its account and tagged": boundToAccountAndTagged,
  "keeps secrets out of the state": noSecretInState,
};
