// REDCap is installed by a task of its own, before a service whose containers may not change tables: App Runner's, where
// every container has the web server's rights.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { arn, type ServiceConfig, type StageConfig, stageNames } from "../../config";
import { Role } from "../role";
import { PREPARE_STREAM, prepareContainers } from "./container";
import type { EncryptionKeys } from "./encryption-keys";
import { writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import type { Network } from "./network";
import { nodeFunction } from "./node-function";
import { runTask } from "./run-task";
import { fargateTask } from "./task-definition";
import type { Tasks } from "./tasks";

/** Lambda's longest; the task goes on where it takes longer, and the next deployment waits for it. */
const TIMEOUT_SECONDS = 900;
const MEMORY_MIB = 256;
const SOURCE = "prepare";

export interface InstallationProps {
  stage: StageConfig;
  config: ServiceConfig;
  network: Network;
  keys: EncryptionKeys;
  tasks: Tasks;
}

export class Installation extends Construct {
  /** Done when REDCap is installed and its database not newer than the image. */
  readonly invocation: LambdaInvocation;

  constructor(scope: Construct, id: string, { stage, config, network, keys, tasks }: InstallationProps) {
    super(scope, id);
    const names = stageNames(stage);
    // Without a role of its own: ECS brings the secrets, and it calls AWS for nothing else.
    const task = fargateTask(this, "task", config, {
      family: names.prepareTask,
      executionRoleArn: tasks.roles.execution.arn,
      ...prepareContainers(tasks.containerProps),
    });
    const logs = logGroup(this, "logs", { stage, name: `/aws/lambda/${names.prepareFunction}`, key: keys.logs });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: names.prepareFunction,
      description: "Runs the task that installs REDCap",
      assumedBy: "lambda.amazonaws.com",
      policies: {
        "run-task": runTask(this, { stage, tasks, family: names.prepareTask, roles: [tasks.roles.execution] }),
        "watch-task": this.watchTask(stage, tasks),
        logs: writeFunctionLogs(this, logs),
      },
    });
    // Not in the VPC: it calls AWS's APIs only, and a stage without NAT has no way to ECS.
    const fn = nodeFunction(this, {
      source: SOURCE,
      functionName: names.prepareFunction,
      description: "Installs REDCap by a task of its own, and waits for it",
      role,
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      variables: {
        CLUSTER: tasks.cluster.arn,
        SUBNETS: Fn.join(",", network.privateSubnetIds),
        SECURITY_GROUP: tasks.securityGroup.id,
        LOG_GROUP: tasks.containerProps.logs.name,
        LOG_STREAM_PREFIX: PREPARE_STREAM,
      },
    });
    // Again for every image: one that is older than the database is refused before the service gets it.
    this.invocation = new LambdaInvocation(this, "invocation", {
      functionName: fn.functionName,
      input: Fn.jsonencode({ taskDefinition: task.arn }),
      triggers: { code: lambdaBundle(SOURCE).codeHash },
      dependsOn: tasks.needs,
    });
  }

  /** How the task goes, and the last line of its log. */
  private watchTask(stage: StageConfig, tasks: Tasks): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "watch-task", {
      statement: [
        { actions: ["ecs:DescribeTasks"], resources: [arn("ecs", stage, `task/${stageNames(stage).ecsCluster}/*`)] },
        {
          actions: ["logs:GetLogEvents"],
          resources: [`${tasks.containerProps.logs.arn}:log-stream:${PREPARE_STREAM}/*`],
        },
      ],
    });
  }
}
