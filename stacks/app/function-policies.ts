// What every function that writes secrets may do, one permission set each.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import type { Construct } from "constructs";
import type { StageConfig } from "../../config";

/** The secrets' key, only through Secrets Manager: the cluster's storage has the same one. */
export function decryptSecrets(scope: Construct, stage: StageConfig, key: KmsKey): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "decrypt-secrets", {
    statement: [
      {
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: [key.arn],
        condition: [
          {
            test: "StringEquals",
            variable: "kms:ViaService",
            values: [`secretsmanager.${stage.region}.amazonaws.com`],
          },
        ],
      },
    ],
  });
}

/** What a rotation function needs of its secret (Secrets Manager user guide, execution role permissions). */
export function keepSecret(scope: Construct, secret: SecretsmanagerSecret): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "own-secret", {
    statement: [
      {
        actions: [
          "secretsmanager:DescribeSecret",
          "secretsmanager:GetSecretValue",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecretVersionStage",
        ],
        resources: [secret.arn],
      },
    ],
  });
}

/** Into its own log group, which Terraform made. */
export function writeFunctionLogs(scope: Construct, group: CloudwatchLogGroup): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "write-logs", {
    statement: [{ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${group.arn}:*`] }],
  });
}
