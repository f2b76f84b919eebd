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
