// Resource types that hold what cannot be made again. One list for both sides: the stacks protect these from being
// destroyed, and the gate refuses every plan that would destroy or replace one.

export const STATEFUL_TYPES: ReadonlySet<string> = new Set([
  "aws_backup_vault",
  "aws_dynamodb_table",
  "aws_ecr_repository",
  "aws_kms_key",
  "aws_rds_cluster",
  "aws_route53_zone",
  "aws_s3_bucket",
  "aws_secretsmanager_secret",
]);

/** Of these types, but a function makes anew what they hold, and nobody has it from before: they go with what uses them. */
const REMAKABLE: ReadonlySet<string> = new Set(["aws_secretsmanager_secret.cron"]);

/** @param name of the resource in its stack */
export const isStateful = (type: string, name: string): boolean =>
  STATEFUL_TYPES.has(type) && !REMAKABLE.has(`${type}.${name}`);

/** Types that protect what holds state: they may change, but never go. */
export const PROTECTING_TYPES: ReadonlySet<string> = new Set([
  "aws_backup_plan",
  "aws_backup_selection",
  "aws_backup_vault_lock_configuration",
  "aws_backup_vault_policy",
  "aws_kms_alias",
  "aws_s3_bucket_object_lock_configuration",
  "aws_s3_bucket_public_access_block",
  "aws_s3_bucket_versioning",
]);
