// REDCap's access key for S3: the IAM user that it belongs to, the secret that holds it, the function that rotates it.
// The key itself is never Terraform's: an aws_iam_access_key would have its secret part in the state.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamUser } from "@cdktf/provider-aws/lib/iam-user";
import { IamUserPolicy } from "@cdktf/provider-aws/lib/iam-user-policy";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { SecretsmanagerSecretRotation } from "@cdktf/provider-aws/lib/secretsmanager-secret-rotation";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { Role } from "../role";
import type { EncryptionKeys } from "./encryption-keys";
import { type Files, useFiles } from "./files";
import { decryptSecrets, writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import { nodeFunction } from "./node-function";
import { emptySecret } from "./secret";

/** A key works for two of these at most: it stays active until the rotation after the one that replaced it. */
const ROTATION_DAYS = 30;
/** The function waits up to a minute for its own rights and two for S3 to know a new key. */
const TIMEOUT_SECONDS = 240;
const MEMORY_MIB = 256;
const SOURCE = "files-key";

export interface FilesKeyProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  files: Files;
}

export class FilesKey extends Construct {
  readonly user: IamUser;
  /** JSON with accessKeyId, secretAccessKey. */
  readonly secret: SecretsmanagerSecret;
  readonly function: LambdaFunction;
  /** Done when the secret holds a key that S3 takes. */
  readonly firstKey: LambdaInvocation;

  constructor(scope: Construct, id: string, { stage, keys, files }: FilesKeyProps) {
    super(scope, id);
    const names = stageNames(stage);
    this.user = new IamUser(this, "user", {
      name: names.filesUser,
      path: stage.iam.rolePath,
      permissionsBoundary: stage.iam.permissionsBoundaryArn,
      // Its keys are not Terraform's: without this they would keep the user from being deleted with its stage.
      forceDestroy: true,
    });
    const rights = new IamUserPolicy(this, "user-policy", {
      name: "use-files",
      user: this.user.name,
      policy: useFiles(this, stage, files).json,
    });
    this.secret = emptySecret(this, "files-key", {
      stage,
      key: keys.database,
      name: names.filesKeySecret,
      description: "Access key for the files",
    });
    const logs = logGroup(this, "logs", { stage, name: `/aws/lambda/${names.filesKeyFunction}`, key: keys.logs });
    // Not in the VPC: a stage without NAT could not reach IAM, whose interface endpoint exists in its home region alone (IAM
    // user guide, VPC endpoint for IAM). The function calls AWS's APIs only, nothing in the VPC.
    this.function = nodeFunction(this, {
      source: SOURCE,
      functionName: names.filesKeyFunction,
      description: "Makes and rotates REDCap's access key for S3",
      role: this.role(stage, keys, logs),
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      variables: {
        FILES_USER: this.user.name,
        FILES_BUCKET: files.bucket.bucket,
        FILES_KEY_SECRET_ARN: this.secret.arn,
      },
    });
    // Not the rotation's work: it runs some time after Terraform has asked for it, and tasks would start without a key.
    this.firstKey = new LambdaInvocation(this, "first-key", {
      functionName: this.function.functionName,
      input: Fn.jsonencode({ action: "ensure" }),
      triggers: { code: lambdaBundle(SOURCE).codeHash, secret: this.secret.arn, user: this.user.uniqueId },
      dependsOn: [rights],
    });
    this.rotate(stage);
  }

  private role(stage: StageConfig, keys: EncryptionKeys, logs: CloudwatchLogGroup): Role {
    return new Role(this, "role", {
      iam: stage.iam,
      name: stageNames(stage).filesKeyFunction,
      description: "Makes and rotates the access key for the files",
      assumedBy: "lambda.amazonaws.com",
      policies: {
        "access-keys": this.ownKeys(),
        "own-secret": this.ownSecret(),
        "secrets-key": decryptSecrets(this, stage, keys.database),
        logs: writeFunctionLogs(this, logs),
      },
    });
  }

  /** Of this one user; what a key may do is the user's policy, which the function cannot change. */
  private ownKeys(): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "access-keys", {
      statement: [
        {
          actions: ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"],
          resources: [this.user.arn],
        },
      ],
    });
  }

  /** What a rotation function needs of its secret (Secrets Manager user guide, execution role permissions). */
  private ownSecret(): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "own-secret", {
      statement: [
        {
          actions: [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
          ],
          resources: [this.secret.arn],
        },
      ],
    });
  }

  private rotate(stage: StageConfig): void {
    const permission = new LambdaPermission(this, "permission", {
      functionName: this.function.functionName,
      action: "lambda:InvokeFunction",
      principal: "secretsmanager.amazonaws.com",
      sourceAccount: stage.accountId,
    });
    new SecretsmanagerSecretRotation(this, "rotation", {
      secretId: this.secret.arn,
      rotationLambdaArn: this.function.arn,
      // The first key is new.
      rotateImmediately: false,
      rotationRules: { automaticallyAfterDays: ROTATION_DAYS },
      dependsOn: [permission, this.firstKey],
    });
  }
}
