// What must hold for every resource of every stack. Each invariant returns what breaks it, by address.
import { isStateful, STATEFUL_TYPES } from "../../config";
import { documentOf, failing, type Invariant, partner, policyStatements } from "./invariant";
import { noStarPrincipal, policiesAreDocuments, rightsAreNamed } from "./invariants-access";
import { inPrivateSubnets, onlyLoadBalancerIsOpen } from "./invariants-network";
import { blocks, byId, type SynthesizedStack } from "./synth";

/** Where each type names its key. */
const KEY_ATTRIBUTES: Record<string, string> = {
  aws_backup_vault: "kms_key_arn",
  aws_cloudwatch_log_group: "kms_key_id",
  aws_codebuild_project: "encryption_key",
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
  ...["aws_ecr_repository", "aws_apprunner_service"].flatMap((type) =>
    failing(stack, type, (block) =>
      String(blocks(block.encryption_configuration)[0]?.kms_key).includes("aws_kms_key."),
    ),
  ),
  ...failing(stack, "aws_kms_key", (block) => block.enable_key_rotation === true),
  ...failing(stack, "aws_launch_template", ({ block_device_mappings }) => {
    const disks = blocks(block_device_mappings).map(({ ebs }) => blocks(ebs)[0]);
    return (
      disks.length > 0 &&
      disks.every((disk) => disk?.encrypted === "true" && String(disk.kms_key_id).includes("aws_kms_key."))
    );
  }),
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

/** What cdktf appends to an id that depends on the place in the tree. */
const HASHED_ID = /_[0-9A-F]{8}$/;

const statefulIsKept: Invariant = (stack) =>
  [...STATEFUL_TYPES].flatMap((type) =>
    failing(stack, type, (block, id) => {
      const lifecycle = block.lifecycle as { prevent_destroy?: boolean } | undefined;
      return !HASHED_ID.test(id) && lifecycle?.prevent_destroy === (stack.protect && isStateful(type, id));
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
  ...Object.keys(byId(stack, "aws_iam_access_key")).map((id) => `aws_iam_access_key.${id}`),
  ...Object.keys(byId(stack, "random_password")).map((id) => `random_password.${id}`),
];

/**
 * A record that is there already is somebody else's, such as MX, SPF or DMARC. App Runner's certificate has its own, which may
 * be written twice.
 */
const overwritesNoRecord: Invariant = (stack) =>
  failing(
    stack,
    "aws_route53_record",
    (block, id) =>
      block.allow_overwrite !== true || (block.type === "CNAME" && id.startsWith("domain_app-runner-certificate-")),
  );

export const INVARIANTS: Record<string, Invariant> = {
  "is encrypted at rest with a customer-managed key": encryptedAtRest,
  "encrypts buckets": bucketsEncrypted,
  "has TLS-only buckets": bucketsTlsOnly,
  "has versioned, private buckets": bucketsVersionedAndPrivate,
  "encrypts in transit": encryptedInTransit,
  "allows no `*` principal": noStarPrincipal,
  "names what roles may do": rightsAreNamed,
  "writes policies as documents": policiesAreDocuments,
  "keeps stateful resources at a fixed address": statefulIsKept,
  "is protected from deletion": deletionProtected,
  "puts service, cron, functions and database into private subnets": inPrivateSubnets,
  "opens only the load balancer": onlyLoadBalancerIsOpen,
  "lets logs expire": logsExpire,
  "overwrites no DNS record": overwritesNoRecord,
  "is bound to its account and tagged": boundToAccountAndTagged,
  "keeps secrets out of the state": noSecretInState,
};
