// Who may start cron over HTTP: the EventBridge connection that calls with a password, the secret in which the service's
// containers read it, and the function that writes both and rotates them. The password is never Terraform's.
import { CloudwatchEventConnection } from "@cdktf/provider-aws/lib/cloudwatch-event-connection";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { Role } from "../role";
import type { EncryptionKeys } from "./encryption-keys";
import { decryptSecrets, keepSecret, writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import { nodeFunction } from "./node-function";
import { emptySecret } from "./secret";
import { rotateSecrets } from "./secret-rotation";

const ROTATION_DAYS = 30;
/** Three times the image's REFRESH_SECONDS: App Runner gives an instance hardly any CPU between requests. */
const WAIT_SECONDS = 180;
/** That wait, and a minute for EventBridge, twice. */
const TIMEOUT_SECONDS = 300;
const MEMORY_MIB = 256;
const SOURCE = "cron-password";

export interface CronPasswordProps {
  stage: StageConfig;
  keys: EncryptionKeys;
}

export class CronPassword extends Construct {
  /** JSON with username, password. */
  readonly secret: SecretsmanagerSecret;
  readonly connection: CloudwatchEventConnection;
  readonly function: LambdaFunction;
  /** Done when both hold a password. */
  readonly firstPassword: LambdaInvocation;

  constructor(scope: Construct, id: string, { stage, keys }: CronPasswordProps) {
    super(scope, id);
    const names = stageNames(stage);
    this.secret = emptySecret(this, "cron", {
      stage,
      key: keys.database,
      name: names.cronSecret,
      description: "Who may start cron over HTTP",
      remakable: true,
    });
    // AWS keeps what is written here in a secret of its own, encrypted with Secrets Manager's own key, and never shows it again.
    // The function writes the real password over the placeholder. Whatever Terraform changed of the connection, it would send
    // the placeholder along: so it changes nothing.
    this.connection = new CloudwatchEventConnection(this, "connection", {
      name: names.cronRule,
      description: `Starts cron of REDCap ${stage.name}`,
      authorizationType: "BASIC",
      authParameters: { basic: { username: "cron", password: "written-by-a-function" } },
      lifecycle: { ignoreChanges: "all" },
    });
    const logs = logGroup(this, "logs", { stage, name: `/aws/lambda/${names.cronFunction}`, key: keys.logs });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: names.cronFunction,
      description: "Makes and rotates the password that starts cron",
      assumedBy: "lambda.amazonaws.com",
      policies: {
        "own-secret": keepSecret(this, this.secret),
        "secrets-key": decryptSecrets(this, stage, keys.database),
        connection: this.changeConnection(),
        logs: writeFunctionLogs(this, logs),
      },
    });
    // Not in the VPC: it calls AWS's APIs only, and a stage without NAT has no way to EventBridge.
    this.function = nodeFunction(this, {
      source: SOURCE,
      functionName: names.cronFunction,
      description: "Makes and rotates the password that starts REDCap's cron over HTTP",
      role,
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      variables: {
        CRON_SECRET_ARN: this.secret.arn,
        CONNECTION: this.connection.name,
        WAIT_SECONDS: String(WAIT_SECONDS),
      },
    });
    // Not the rotation's work: it runs some time after Terraform has asked for it, and containers would start without.
    this.firstPassword = new LambdaInvocation(this, "first-password", {
      functionName: this.function.functionName,
      input: Fn.jsonencode({ action: "ensure" }),
      triggers: { code: lambdaBundle(SOURCE).codeHash, secret: this.secret.arn, connection: this.connection.arn },
    });
    rotateSecrets(this, {
      stage,
      function: this.function,
      secrets: { rotation: this.secret },
      days: ROTATION_DAYS,
      firstValues: this.firstPassword,
    });
  }

  /** EventBridge writes its own secret with the caller's rights, as in AWS's policy AmazonEventBridgeFullAccess. */
  private changeConnection(): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "change-connection", {
      statement: [
        { actions: ["events:DescribeConnection", "events:UpdateConnection"], resources: [this.connection.arn] },
        {
          actions: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"],
          resources: [this.connection.secretArn],
        },
      ],
    });
  }
}
