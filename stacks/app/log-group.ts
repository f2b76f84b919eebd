// A log group of the stage: encrypted with the stage's key, kept for the configured time.
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { Construct } from "constructs";
import type { StageConfig } from "../../config";

export interface LogGroupProps {
  stage: StageConfig;
  name: string;
  key: KmsKey;
  /** Days, if not the stage's `generalLogRetention`. */
  retentionInDays?: number;
}

export function logGroup(
  scope: Construct,
  id: string,
  { stage, name, key, retentionInDays }: LogGroupProps,
): CloudwatchLogGroup {
  return new CloudwatchLogGroup(scope, id, {
    name,
    kmsKeyId: key.arn,
    retentionInDays: retentionInDays ?? stage.generalLogRetention,
    // A protected stage's logs are evidence: leaving the configuration leaves them in the account.
    skipDestroy: stage.protect.enabled,
  });
}
