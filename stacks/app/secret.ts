// A secret of the stage, empty: a function writes the value, so that none is ever in Terraform's state.
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import type { Construct } from "constructs";
import type { StageConfig } from "../../config";
import { keep } from "../stateful";

/** Days in which a deleted secret can be taken back; 0 lets one of its name be created again at once. */
const RECOVERY_WINDOW_DAYS = 30;

export interface EmptySecretProps {
  stage: StageConfig;
  key: KmsKey;
  name: string;
  /** What it holds; the stage is added. */
  description: string;
  /** Whether a function makes its value anew, so that the secret may go; as config/stateful-types.ts says. Default: no. */
  remakable?: boolean;
  /** Whether nothing could make its value anew, so that even an unprotected stage's is deleted with a way back. Default: no. */
  unique?: boolean;
}

/** @param id also its logical id in the stack */
export function emptySecret(scope: Construct, id: string, props: EmptySecretProps): SecretsmanagerSecret {
  const { stage, key, name, description, remakable = false, unique = false } = props;
  const kept = stage.protect.enabled && !remakable;
  return keep(
    new SecretsmanagerSecret(scope, id, {
      name,
      description: `${description} of REDCap ${stage.name}`,
      kmsKeyId: key.arn,
      recoveryWindowInDays: kept || unique ? RECOVERY_WINDOW_DAYS : 0,
    }),
    id,
    kept,
  );
}
