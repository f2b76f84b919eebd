// Keeps in the backup account what AWS Backup cannot hold: REDCap's salt, the zip, which image runs, the configuration. A
// function adds them to the bucket there, at each deployment that changes one of them, and every day.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SchedulerScheduleGroup } from "@cdktf/provider-aws/lib/scheduler-schedule-group";
import { SsmParameter } from "@cdktf/provider-aws/lib/ssm-parameter";
import { Construct } from "constructs";
import {
  type BackupDestinationConfig,
  LIVE_TAG,
  recoveryKitBucket,
  type StageConfig,
  stageImage,
  stageNames,
} from "../../config";
import { version } from "../../package.json";
import { fromAccount, Role } from "../role";
import type { DatabaseUsers } from "./database-users";
import type { EncryptionKeys } from "./encryption-keys";
import { writeFunctionLogs } from "./function-policies";
import type { Image } from "./image";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import { nodeFunction } from "./node-function";
import { addToKit, readImage, readSalt, useMemory } from "./recovery-kit-policies";

const SOURCE = "recovery-kit";
/** A copy of the zip from bucket to bucket takes seconds; rights that are on their way, a minute. */
const TIMEOUT_SECONDS = 300;
const MEMORY_MIB = 256;

export interface RecoveryKitProps {
  stage: StageConfig;
  destination: BackupDestinationConfig;
  keys: EncryptionKeys;
  databaseUsers: DatabaseUsers;
  /** None where the image was built elsewhere. */
  image: Image | undefined;
}

export class RecoveryKit extends Construct {
  readonly function: LambdaFunction;
  /** What the function answered to the last deployment that changed something: JSON, as its event.ts has it. */
  readonly result: string;

  constructor(scope: Construct, id: string, props: RecoveryKitProps) {
    super(scope, id);
    const { stage, destination, databaseUsers, image } = props;
    const names = stageNames(stage);
    this.function = this.createFunction(props);
    // It holds no secret, like the file that it comes from. `rebuildImage` asks for something once, and shows in no plan.
    const { rebuildImage: _, ...kept } = stage;
    const deployment = { stages: [kept], backupDestination: destination };
    const { result } = new LambdaInvocation(this, "invocation", {
      functionName: this.function.functionName,
      input: JSON.stringify({ action: "deployed", deployment }),
      triggers: {
        code: lambdaBundle(SOURCE).codeHash,
        salt: databaseUsers.saltSecret.arn,
        ...(image && { zip: image.zip.version }),
      },
      // The salt and the image are there.
      dependsOn: [databaseUsers.invocation, ...(image ? [image.firstImage] : [])],
    });
    this.result = result;
    this.daily(stage, names.recoveryKit, JSON.stringify({ action: "daily", deployment }));
  }

  private createFunction({ stage, destination, keys, databaseUsers, image }: RecoveryKitProps): LambdaFunction {
    const names = stageNames(stage);
    const memory = new SsmParameter(this, "memory", {
      name: names.recoveryKitParameter,
      description: "What was kept in the backup account, and when. Without it, all is kept again.",
      type: "String",
      value: "{}",
      lifecycle: { ignoreChanges: ["value"] },
    });
    const logs = logGroup(this, "logs", { stage, name: `/aws/lambda/${names.recoveryKit}`, key: keys.logs });
    // Not in the VPC: it calls AWS's APIs only, and a stage without NAT has no way to another region's.
    return nodeFunction(this, {
      source: SOURCE,
      functionName: names.recoveryKit,
      description: "Keeps salt, zip and configuration in the backup account",
      role: new Role(this, "role", {
        iam: stage.iam,
        name: names.recoveryKit,
        description: "Keeps salt, zip and configuration in the backup account",
        assumedBy: "lambda.amazonaws.com",
        policies: {
          salt: readSalt(this, stage, { keys, databaseUsers }),
          ...(image && { image: readImage(this, stage, image) }),
          memory: useMemory(this, memory),
          kit: addToKit(this, stage, destination),
          logs: writeFunctionLogs(this, logs),
        },
      }),
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      variables: {
        STAGE: stage.name,
        ACCOUNT_ID: stage.accountId,
        PROJECT_VERSION: version,
        KIT_BUCKET: recoveryKitBucket(destination),
        KIT_OWNER: destination.accountId,
        KIT_REGION: destination.region,
        KIT_LOCK_DAYS: String(destination.recoveryKitDays),
        SALT_SECRET_ARN: databaseUsers.saltSecret.arn,
        MEMORY_PARAMETER: memory.name,
        ...(image
          ? { IMAGE_REPOSITORY: image.repository.name, LIVE_TAG, REDCAP_ZIP: image.zip.location }
          : { IMAGE: stageImage(stage) }),
      },
    });
  }

  /** What changes without a deployment, such as the image; and locks that are about to end. */
  private daily(stage: StageConfig, name: string, input: string): void {
    const group = new SchedulerScheduleGroup(this, "group", { name });
    const role = new Role(this, "schedule-role", {
      iam: stage.iam,
      name: `${name}-schedule`,
      description: "Starts the function of the recovery kit",
      assumedBy: "scheduler.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [group.arn] },
      ],
      policies: {
        invoke: new DataAwsIamPolicyDocument(this, "invoke", {
          statement: [{ actions: ["lambda:InvokeFunction"], resources: [this.function.arn] }],
        }),
      },
    });
    new SchedulerSchedule(this, "schedule", {
      name: "daily",
      groupName: group.name,
      description: "Keeps salt, zip and configuration in the backup account",
      scheduleExpression: "rate(1 day)",
      flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 60 },
      target: {
        arn: this.function.arn,
        roleArn: role.arn,
        input,
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3_600 },
      },
      dependsOn: role.rights,
    });
  }
}
