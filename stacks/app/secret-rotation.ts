// Secrets Manager calls a function on schedule, in the four steps of a rotation.
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { SecretsmanagerSecretRotation } from "@cdktf/provider-aws/lib/secretsmanager-secret-rotation";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { StageConfig } from "../../config";

export interface SecretRotationProps {
  stage: StageConfig;
  function: LambdaFunction;
  /** By the id of their rotation. */
  secrets: Record<string, SecretsmanagerSecret>;
  /** What was current until then works for as long again. */
  days: number;
  /** What has written the first values. */
  firstValues: ITerraformDependable;
}

export function rotateSecrets(scope: Construct, props: SecretRotationProps): void {
  const permission = new LambdaPermission(scope, "permission", {
    functionName: props.function.functionName,
    action: "lambda:InvokeFunction",
    principal: "secretsmanager.amazonaws.com",
    sourceAccount: props.stage.accountId,
  });
  for (const [id, secret] of Object.entries(props.secrets)) {
    new SecretsmanagerSecretRotation(scope, id, {
      secretId: secret.arn,
      rotationLambdaArn: props.function.arn,
      // What it holds is new.
      rotateImmediately: false,
      rotationRules: { automaticallyAfterDays: props.days },
      dependsOn: [permission, props.firstValues],
    });
  }
}
