// REDCap's cron: EventBridge Scheduler starts a task of the service's image, which runs `cron` once and ends.
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SchedulerScheduleGroup } from "@cdktf/provider-aws/lib/scheduler-schedule-group";
import { Construct } from "constructs";
import { type ServiceConfig, type StageConfig, stageNames } from "../../config";
import { fromAccount, Role } from "../role";
import { cronContainers } from "./container";
import { every } from "./every";
import type { Network } from "./network";
import { runTask } from "./run-task";
import { fargateTask } from "./task-definition";
import type { Tasks } from "./tasks";

export interface CronProps {
  stage: StageConfig;
  config: ServiceConfig;
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
      // The two roles that the task has.
      policies: {
        "run-task": runTask(this, {
          stage,
          tasks,
          family: names.cronTask,
          roles: [tasks.roles.execution, tasks.roles.task],
        }),
      },
    });
    // Encrypted with AWS's own key: one of the stage would hold for a payload only, and there is none (EventBridge
    // Scheduler user guide, encryption at rest).
    new SchedulerSchedule(this, "schedule", {
      name: names.cronSchedule,
      groupName: group.name,
      description: "REDCap's cron",
      scheduleExpression: every(minutes),
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
}
