// The right to start tasks of one family on the stage's cluster.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { arn, type StageConfig, stageNames } from "../../config";
import type { Role } from "../role";
import type { Tasks } from "./tasks";

export interface RunTaskProps {
  stage: StageConfig;
  tasks: Tasks;
  family: string;
  /** All that the task definition names. */
  roles: Role[];
}

/** In whatever revision of the family, with these roles and no others. */
export function runTask(scope: Construct, { stage, tasks, family, roles }: RunTaskProps): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "run-task", {
    statement: [
      {
        actions: ["ecs:RunTask"],
        resources: [arn("ecs", stage, `task-definition/${family}:*`)],
        condition: [{ test: "ArnEquals", variable: "ecs:cluster", values: [tasks.cluster.arn] }],
      },
      // A task is started with the stage's tags; afterwards none can be changed.
      {
        actions: ["ecs:TagResource"],
        resources: [arn("ecs", stage, `task/${stageNames(stage).ecsCluster}/*`)],
        condition: [{ test: "StringEquals", variable: "ecs:CreateAction", values: ["RunTask"] }],
      },
      {
        actions: ["iam:PassRole"],
        resources: roles.map((role) => role.arn),
        condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: ["ecs-tasks.amazonaws.com"] }],
      },
    ],
  });
}
