// REDCap on AWS App Runner: one service of the image, connected to the stage's private subnets. App Runner has load balancer,
// certificate, scaling and roll-back itself.
import { ApprunnerAutoScalingConfigurationVersion } from "@cdktf/provider-aws/lib/apprunner-auto-scaling-configuration-version";
import { ApprunnerService } from "@cdktf/provider-aws/lib/apprunner-service";
import { ApprunnerVpcConnector } from "@cdktf/provider-aws/lib/apprunner-vpc-connector";
import { Construct } from "constructs";
import { type AppRunnerConfig, type StageConfig, stageImage, stageNames } from "../../config";
import { Role } from "../role";
import { APP_RUNNER_START_TIMEOUT, appRunnerVariables } from "./container";
import type { CronPassword } from "./cron-password";
import type { EncryptionKeys } from "./encryption-keys";
import type { Installation } from "./installation";
import type { Network } from "./network";
import { pullImage, readSecrets } from "./service-roles";
import type { Tasks } from "./tasks";

/** Seconds between two health checks; App Runner's longest, since a new instance may wait for a paused database. */
const HEALTH_INTERVAL = 20;

export interface AppRunnerServiceProps {
  stage: StageConfig;
  config: AppRunnerConfig;
  network: Network;
  keys: EncryptionKeys;
  tasks: Tasks;
  installation: Installation;
  /** Where HTTP starts cron. */
  cronPassword?: CronPassword | undefined;
}

export class AppRunnerService extends Construct {
  readonly service: ApprunnerService;

  constructor(scope: Construct, id: string, props: AppRunnerServiceProps) {
    super(scope, id);
    const { stage, config, keys, tasks, installation, cronPassword } = props;
    const names = stageNames(stage);
    const instance = this.instanceRole(props);
    const access = this.accessRole(stage);
    this.service = new ApprunnerService(this, "service", {
      serviceName: names.appRunnerService,
      sourceConfiguration: {
        // A version is deployed by a deployment, not by a push into the repository.
        autoDeploymentsEnabled: false,
        ...(access && { authenticationConfiguration: { accessRoleArn: access.arn } }),
        imageRepository: {
          imageIdentifier: stageImage(stage),
          imageRepositoryType: access ? "ECR" : "ECR_PUBLIC",
          imageConfiguration: {
            port: String(config.port),
            runtimeEnvironmentVariables: appRunnerVariables({
              ...tasks.containerProps,
              config,
              cronSecretArn: cronPassword?.secret.arn,
            }),
          },
        },
      },
      instanceConfiguration: {
        cpu: String(Number.parseFloat(config.cpu) * 1_024),
        memory: String(Number.parseFloat(config.memory) * 1_024),
        instanceRoleArn: instance.arn,
      },
      // App Runner's copy of the image. No key of its own: this one stays when the service's type changes.
      encryptionConfiguration: { kmsKey: keys.files.arn },
      autoScalingConfigurationArn: this.scaling(stage, config).arn,
      healthCheckConfiguration: {
        protocol: "HTTP",
        path: "/health/live",
        interval: HEALTH_INTERVAL,
        timeout: 10,
        healthyThreshold: 1,
        // A start that gives up by itself first says why in its log.
        unhealthyThreshold: Math.ceil((APP_RUNNER_START_TIMEOUT + 30) / HEALTH_INTERVAL),
      },
      networkConfiguration: {
        ipAddressType: "IPV4",
        ingressConfiguration: { isPubliclyAccessible: true },
        egressConfiguration: { egressType: "VPC", vpcConnectorArn: this.connector(props).arn },
      },
      // Tracing with X-Ray is all there is, and nothing in the image sends traces. Logs and metrics come without it.
      observabilityConfiguration: { observabilityEnabled: false },
      dependsOn: [
        installation.invocation,
        ...instance.rights,
        ...(access?.rights ?? []),
        ...tasks.needs,
        ...(cronPassword ? [cronPassword.firstPassword] : []),
      ],
    });
  }

  /** Both are replaced by new revisions, never changed: the service must have the new one before the old one goes. */
  private scaling(stage: StageConfig, { concurrency, minSize, maxSize }: AppRunnerConfig) {
    return new ApprunnerAutoScalingConfigurationVersion(this, "scaling", {
      autoScalingConfigurationName: stageNames(stage).appRunnerService,
      maxConcurrency: concurrency,
      minSize,
      maxSize,
      lifecycle: { createBeforeDestroy: true },
    });
  }

  private connector({ stage, network, tasks }: AppRunnerServiceProps) {
    return new ApprunnerVpcConnector(this, "connector", {
      vpcConnectorName: stageNames(stage).appRunnerService,
      subnets: network.privateSubnetIds,
      securityGroups: [tasks.securityGroup.id],
      lifecycle: { createBeforeDestroy: true },
    });
  }

  /** With REDCap's own rights, the Fargate tasks' too. App Runner documents no condition for who may assume it. */
  private instanceRole({ stage, keys, tasks, cronPassword }: AppRunnerServiceProps): Role {
    return new Role(this, "instance", {
      iam: stage.iam,
      name: stageNames(stage).appRunnerInstanceRole,
      description: "What REDCap itself may do on App Runner",
      assumedBy: "tasks.apprunner.amazonaws.com",
      policies: {
        ...tasks.roles.ofRedcap,
        ...(cronPassword && {
          "read-cron-secret": readSecrets(this, "cron-secret", stage, [cronPassword.secret], keys.database),
        }),
      },
    });
  }

  /** Fetches the image, with what AWS's own policy for it has (App Runner developer guide, access role). None where it is public. */
  private accessRole(stage: StageConfig): Role | undefined {
    const pull = pullImage(this, stageImage(stage), ["ecr:DescribeImages"]);
    if (!pull) return undefined;
    return new Role(this, "access", {
      iam: stage.iam,
      name: stageNames(stage).appRunnerAccessRole,
      description: "Fetches REDCap's image for App Runner",
      assumedBy: "build.apprunner.amazonaws.com",
      policies: { "pull-image": pull },
    });
  }
}
