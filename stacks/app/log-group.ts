// A log group of the stage: encrypted with the stage's key, kept for the configured time.
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { Construct } from "constructs";
import type { StageConfig } from "../../config";

export interface LogGroupProps {
  stage: StageConfig;
  name: string;
  key: KmsKey;
}

export function logGroup(scope: Construct, id: string, { stage, name, key }: LogGroupProps): CloudwatchLogGroup {
  return new CloudwatchLogGroup(scope, id, {
    name,
    kmsKeyId: key.arn,
    retentionInDays: stage.generalLogRetention,
    // A protected stage's logs are evidence: leaving the configuration leaves them in the account.
    skipDestroy: stage.protect.enabled,
  });
}
