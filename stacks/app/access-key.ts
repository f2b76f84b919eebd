// An access key for REDCap, which knows no roles: the IAM user that it belongs to, the secret that holds it, the function that
// rotates it. The key itself is never Terraform's: an aws_iam_access_key would have its secret part in the state.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamUser } from "@cdktf/provider-aws/lib/iam-user";
import { IamUserPolicy } from "@cdktf/provider-aws/lib/iam-user-policy";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { StageConfig } from "../../config";
import { Role } from "../role";
import type { EncryptionKeys } from "./encryption-keys";
import { decryptSecrets, keepSecret, writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import { nodeFunction } from "./node-function";
import { emptySecret } from "./secret";
import { rotateSecrets } from "./secret-rotation";

/** A key works for two of these at most: it stays active until the rotation after the one that replaced it. */
const ROTATION_DAYS = 30;
/** The function waits up to a minute for its own rights and two for AWS to know a new key. */
const TIMEOUT_SECONDS = 240;
const MEMORY_MIB = 256;
const SOURCE = "access-key";

export interface AccessKeyProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  /** What it is for, in the function's words. */
  purpose: "files" | "mail";
  names: { user: string; secret: string; function: string };
  /** Logical id of the secret. */
  secretId: string;
  /** Of the secret; the stage is added. */
  secretDescription: string;
  functionDescription: string;
  /** What the user may do: the name of its policy, and the policy. */
  rights: { name: string; document: (scope: Construct) => DataAwsIamPolicyDocument };
  /** Further ones of the function. */
  variables: Record<string, string>;
}

export class AccessKey extends Construct {
  readonly user: IamUser;
  readonly secret: SecretsmanagerSecret;
  readonly function: LambdaFunction;
  /** Done when the secret holds a key that AWS takes. */
  readonly firstKey: LambdaInvocation;

  constructor(scope: Construct, id: string, props: AccessKeyProps) {
    super(scope, id);
    const { stage, keys, purpose, names, rights } = props;
    this.user = new IamUser(this, "user", {
      name: names.user,
      path: stage.iam.rolePath,
      permissionsBoundary: stage.iam.permissionsBoundaryArn,
      // Its keys are not Terraform's: without this they would keep the user from being deleted with its stage.
      forceDestroy: true,
    });
    const policy = new IamUserPolicy(this, "user-policy", {
      name: rights.name,
      user: this.user.name,
      policy: rights.document(this).json,
    });
    this.secret = emptySecret(this, props.secretId, {
      stage,
      key: keys.database,
      name: names.secret,
      description: props.secretDescription,
    });
    const logs = logGroup(this, "logs", { stage, name: `/aws/lambda/${names.function}`, key: keys.logs });
    // Not in the VPC: a stage without NAT could not reach IAM, whose interface endpoint exists in its home region alone (IAM
    // user guide, VPC endpoint for IAM). The function calls AWS's APIs only, nothing in the VPC.
    this.function = nodeFunction(this, {
      source: SOURCE,
      functionName: names.function,
      description: props.functionDescription,
      role: this.role(props, logs),
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      variables: {
        PURPOSE: purpose,
        KEY_USER: this.user.name,
        KEY_SECRET_ARN: this.secret.arn,
        ...props.variables,
      },
    });
    // Not the rotation's work: it runs some time after Terraform has asked for it, and tasks would start without a key.
    this.firstKey = new LambdaInvocation(this, "first-key", {
      functionName: this.function.functionName,
      input: Fn.jsonencode({ action: "ensure" }),
      triggers: { code: lambdaBundle(SOURCE).codeHash, secret: this.secret.arn, user: this.user.uniqueId },
      dependsOn: [policy],
    });
    rotateSecrets(this, {
      stage,
      function: this.function,
      secrets: { rotation: this.secret },
      days: ROTATION_DAYS,
      firstValues: this.firstKey,
    });
  }

  private role({ stage, keys, names, functionDescription }: AccessKeyProps, logs: CloudwatchLogGroup): Role {
    return new Role(this, "role", {
      iam: stage.iam,
      name: names.function,
      description: functionDescription,
      assumedBy: "lambda.amazonaws.com",
      policies: {
        "access-keys": this.ownKeys(),
        "own-secret": keepSecret(this, this.secret),
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
}
