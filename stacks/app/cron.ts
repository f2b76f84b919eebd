// REDCap's cron: EventBridge Scheduler starts a task of the service's image, which runs `cron` once and ends.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SchedulerScheduleGroup } from "@cdktf/provider-aws/lib/scheduler-schedule-group";
import { Construct } from "constructs";
import { arn, type FargateConfig, type StageConfig, stageNames } from "../../config";
import { fromAccount, Role } from "../role";
import { cronContainers } from "./container";
import type { Network } from "./network";
import { fargateTask } from "./task-definition";
import type { Tasks } from "./tasks";

export interface CronProps {
  stage: StageConfig;
  config: FargateConfig;
  network: Network;
  tasks: Tasks;
}

export class Cron extends Construct {
  constructor(scope: Construct, id: string, { stage, config, network, tasks }: CronProps) {
    super(scope, id);
    const names = stageNames(stage);
    const { minutes } = config.cron;
    // The service's roles: cron is the same REDCap, with the same database user, files and, later, mail.
    const task = fargateTask(this, "task", config.cron, {
      family: names.cronTask,
      executionRoleArn: tasks.roles.execution.arn,
      taskRoleArn: tasks.roles.task.arn,
      ...cronContainers(tasks.containerProps),
    });
    // Of its own, since Scheduler names the group, not the schedule, when it takes the role.
    const group = new SchedulerScheduleGroup(this, "group", { name: names.scheduleGroup });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: names.cronRole,
      description: "Starts REDCap's cron",
      assumedBy: "scheduler.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [group.arn] },
      ],
      policies: { "run-task": this.runTask(stage, tasks) },
    });
    // Encrypted with AWS's own key: one of the stage would hold for a payload only, and there is none (EventBridge
    // Scheduler user guide, encryption at rest).
    new SchedulerSchedule(this, "schedule", {
      name: names.cronSchedule,
      groupName: group.name,
      description: "REDCap's cron",
      scheduleExpression: `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`,
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: tasks.cluster.arn,
        roleArn: role.arn,
        ecsParameters: {
          taskDefinitionArn: task.arn,
          launchType: "FARGATE",
          enableEcsManagedTags: true,
          propagateTags: "TASK_DEFINITION",
          networkConfiguration: {
            subnets: network.privateSubnetIds,
            securityGroups: [tasks.securityGroup.id],
            assignPublicIp: false,
          },
        },
        // No second attempt and no dead-letter queue: the next run comes anyway and does what this one left, and nobody could
        // do anything with a letter that says "run cron". Scheduler counts failures by group (metric TargetErrorCount).
        // Nothing waits for the last run to end, and Scheduler delivers at least once: REDCap itself sees to it that two
        // runs do not do the same job.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
      // A restore disables it and enables it again; a person's reason to disable it outlasts a deployment.
      lifecycle: { ignoreChanges: ["state"] },
      dependsOn: [...role.rights, ...tasks.needs],
    });
  }

  /** Cron's task on the stage's cluster, in whatever revision, with the two roles that it has. */
  private runTask(stage: StageConfig, { cluster, roles }: Tasks): DataAwsIamPolicyDocument {
    const { cronTask, ecsCluster } = stageNames(stage);
    return new DataAwsIamPolicyDocument(this, "run-task", {
      statement: [
        {
          actions: ["ecs:RunTask"],
          resources: [arn("ecs", stage, `task-definition/${cronTask}:*`)],
          condition: [{ test: "ArnEquals", variable: "ecs:cluster", values: [cluster.arn] }],
        },
        // A task is started with the stage's tags; afterwards none can be changed.
        {
          actions: ["ecs:TagResource"],
          resources: [arn("ecs", stage, `task/${ecsCluster}/*`)],
          condition: [{ test: "StringEquals", variable: "ecs:CreateAction", values: ["RunTask"] }],
        },
        {
          actions: ["iam:PassRole"],
          resources: [roles.execution.arn, roles.task.arn],
          condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: ["ecs-tasks.amazonaws.com"] }],
        },
      ],
    });
  }
}
