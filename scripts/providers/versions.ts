// Where a locally built mirror's providers come from, and what its AWS provider contains.
import type { ProviderName } from "../../config/provider-versions";

export interface GoModule {
  path: string;
  version: string;
  /** Hash of the module's zip (Go's `h1:`). Stands in for the public checksum database, which lacks these versions. */
  sum: string;
}

/**
 * The Go modules that hold the providers' source at the stacks' versions. HashiCorp's own tags past v1 cannot be named as Go
 * modules; these are the same source under names that can. What they depend on is checked against their own go.sum.
 */
export const PROVIDER_MODULES: Record<ProviderName, GoModule> = {
  aws: {
    path: "github.com/upbound/terraform-provider-aws",
    version: "v0.0.0-20260305123303-f7691456b787",
    sum: "h1:dJlp2eNgY/iVKTPINdguYlHbHc9CtXBZKmQmqYq0REs=",
  },
  random: {
    path: "github.com/terraform-providers/terraform-provider-random",
    version: "v1.3.2-0.20231204135814-c6e90de46687",
    sum: "h1:4gT3jbJFnnGV2Liq4jziT7C4w/OOM+pkuwBGVDagRgc=",
  },
};

/**
 * The AWS provider's service packages that a local build keeps, of over 250: with all of them it takes 20 minutes
 * and 9 GB of memory. A test compares this list with the resource types of the sample's stacks and names what to add.
 */
export const KEPT_SERVICES = [
  "accessanalyzer",
  "acm",
  "appautoscaling",
  "apprunner",
  "autoscaling",
  "backup",
  "batch",
  "budgets",
  "ce",
  "cloudfront",
  "cloudtrail",
  "cloudwatch",
  "codebuild",
  "configservice",
  "dynamodb",
  "ec2",
  "ecr",
  "ecs",
  "elbv2",
  "events",
  "guardduty",
  "iam",
  "kms",
  "lambda",
  "logs",
  "meta",
  "organizations",
  "ram",
  "rds",
  "resourcegroups",
  "route53",
  "s3",
  "s3control",
  "scheduler",
  "secretsmanager",
  "servicediscovery",
  "ses",
  "sesv2",
  "sfn",
  "sns",
  "sqs",
  "ssm",
  "sts",
  "wafv2",
] as const;
