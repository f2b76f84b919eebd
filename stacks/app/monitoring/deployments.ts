// News of deployments: done, or rolled back, builds that failed, and what keeps tasks from starting.
import { Construct } from "constructs";
import { arn, buildsImage, type StageConfig, stageNames } from "../../../config";
import type { Notifications } from "../notifications";
import type { Served } from ".";
import { announce } from "./announce";
import type { AppRunnerServed } from "./app-runner";

export interface DeploymentsProps {
  stage: StageConfig;
  served: Served;
  notifications: Notifications;
}

export class Deployments extends Construct {
  constructor(scope: Construct, id: string, { served, ...props }: DeploymentsProps) {
    super(scope, id);
    if ("appRunner" in served) this.ofAppRunner(served, props);
    else this.ofEcs(props);
    if (buildsImage(props.stage)) this.ofBuilds(props);
  }

  /** CodeBuild user guide, build notifications sample. */
  private ofBuilds({ stage, notifications }: Omit<DeploymentsProps, "served">) {
    const { prefix, imageProject } = stageNames(stage);
    announce(this, "build", {
      name: `${prefix}-build-failed`,
      description: "A build of REDCap's image has failed",
      pattern: {
        source: ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        detail: { "project-name": [imageProject], "build-status": ["FAILED", "FAULT", "TIMED_OUT"] },
      },
      fields: {
        status: "$.detail.build-status",
        build: "$.detail.build-id",
        log: "$.detail.additional-information.logs.deep-link",
        time: "$.time",
      },
      lines: [
        `REDCap ${stage.name}: the image's build ended with <status> at <time>. What ran before goes on serving.`,
        "<build>",
        "Its log ends with the reason: <log>",
      ],
      notifications,
    });
  }

  /** App Runner developer guide, handling App Runner events in EventBridge. */
  private ofAppRunner({ appRunner }: AppRunnerServed, { stage, notifications }: Omit<DeploymentsProps, "served">) {
    announce(this, "deployment", {
      name: `${stageNames(stage).prefix}-deployment`,
      description: "A deployment, or another change, of REDCap on App Runner has ended",
      pattern: {
        source: ["aws.apprunner"],
        "detail-type": ["AppRunner Service Operation Status Change"],
        resources: [appRunner.arn],
        detail: { operationStatus: [{ "anything-but": { suffix: "Started" } }] },
      },
      fields: { event: "$.detail.operationStatus", message: "$.detail.message", time: "$.time" },
      lines: [
        `REDCap ${stage.name}: <event> at <time>.`,
        "<message>",
        "After DeploymentFailed or UpdateServiceFailed the version from before goes on serving: App Runner rolls back by itself.",
        "Why it failed: the deployment and application logs of the service in App Runner.",
      ],
      notifications,
    });
  }

  /** ECS developer guide, service deployment state change events and service action events. */
  private ofEcs({ stage, notifications }: Omit<DeploymentsProps, "served">) {
    const { prefix, ecsCluster, ecsService, taskEventsLogGroup } = stageNames(stage);
    const service = {
      source: ["aws.ecs"],
      resources: [arn("ecs", stage, `service/${ecsCluster}/${ecsService}`)],
    };
    const why = [
      `Why tasks ended: aws logs tail ${taskEventsLogGroup} --since 1h --region ${stage.region}`,
      `What they said: aws logs tail /aws/ecs/${ecsService} --since 1h --region ${stage.region}`,
    ];
    const fields = { event: "$.detail.eventName", time: "$.time" };
    announce(this, "deployment", {
      name: `${prefix}-deployment`,
      description: "A deployment of REDCap is done or was rolled back",
      pattern: {
        ...service,
        "detail-type": ["ECS Deployment State Change"],
        detail: { eventName: ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"] },
      },
      fields: { ...fields, reason: "$.detail.reason" },
      lines: [
        `REDCap ${stage.name}: <event> at <time>.`,
        "<reason>",
        "After SERVICE_DEPLOYMENT_FAILED the tasks from before go on serving: ECS rolls back by itself.",
        ...why,
      ],
      notifications,
    });
    announce(this, "trouble", {
      name: `${prefix}-service-trouble`,
      description: "ECS cannot start or place REDCap's tasks",
      pattern: {
        ...service,
        "detail-type": ["ECS Service Action"],
        detail: {
          eventName: [
            "SERVICE_TASK_START_IMPAIRED",
            "SERVICE_TASK_PLACEMENT_FAILURE",
            "SERVICE_TASK_CONFIGURATION_FAILURE",
          ],
        },
      },
      fields,
      lines: [`REDCap ${stage.name}: <event> at <time>. ECS goes on trying.`, ...why],
      notifications,
    });
  }
}
