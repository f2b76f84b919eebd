// REDCap's tasks: ECS Fargate in the private subnets, behind the load balancer, rolled back if a deployment fails. And the
// task that upgrades the database, which is run by hand.
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type FargateConfig, type StageConfig, stageNames } from "../../config";
import { type ContainerProps, START_TIMEOUT, serviceContainers, upgradeContainers } from "./container";
import type { Database } from "./database";
import type { DatabaseUsers } from "./database-users";
import type { EncryptionKeys } from "./encryption-keys";
import type { Files } from "./files";
import type { FilesKey } from "./files-key";
import type { LoadBalancer } from "./load-balancer";
import { logGroup } from "./log-group";
import type { Network } from "./network";
import { connect, securityGroup } from "./security-group";
import { ServiceRoles } from "./service-roles";
import { serviceScaling } from "./service-scaling";
import { fargateTask } from "./task-definition";

/**
 * Seconds in which a new task may fail health checks. The first one installs REDCap, which nothing should cut off
 * half-way, since MySQL takes no table back; later ones may wait for a paused database. So `redcap` gives up by itself
 * first, with the reason in its log, and two checks 30 s apart fit in after the latest start. No request reaches a task
 * before it is healthy, and one that crashes is replaced at once: only the roll-back of one that hangs takes longer.
 */
const HEALTH_CHECK_GRACE = START_TIMEOUT + 120;

export interface ServiceProps {
  stage: StageConfig;
  config: FargateConfig;
  network: Network;
  keys: EncryptionKeys;
  database: Database;
  databaseUsers: DatabaseUsers;
  files: Files;
  filesKey: FilesKey;
  loadBalancer: LoadBalancer;
}

export class Service extends Construct {
  readonly cluster: EcsCluster;
  readonly service: EcsService;
  /** Brings the database to the image's version when it is run, in the service's subnets and security group. */
  readonly upgradeTask: EcsTaskDefinition;
  readonly securityGroup: SecurityGroup;
  readonly roles: ServiceRoles;
  /** What containers of any of the stage's tasks are made of. */
  readonly containerProps: ContainerProps;
  /** A task that starts before its rights, its secret or its way out exist fails. */
  readonly taskNeeds: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id);
    const { stage, config, network, keys, database, databaseUsers, files, filesKey, loadBalancer } = props;
    const names = stageNames(stage);
    const logs = logGroup(this, "logs", { stage, name: `/aws/ecs/${names.ecsService}`, key: keys.logs });
    const insights = logGroup(this, "insights-logs", {
      stage,
      name: `/aws/ecs/containerinsights/${names.ecsCluster}/performance`,
      key: keys.logs,
    });
    this.cluster = new EcsCluster(this, "cluster", {
      name: names.ecsCluster,
      setting: [{ name: "containerInsights", value: "enabled" }],
      // Container Insights would make its log group itself, without encryption and retention.
      dependsOn: [insights],
    });
    const roles = new ServiceRoles(this, "roles", {
      stage,
      image: config.image,
      databaseUsers,
      secretKey: keys.database,
      files,
      filesKey,
      logs,
    });
    this.roles = roles;
    this.containerProps = { stage, config, network, database, databaseUsers, files, filesKey, logs };
    const task = fargateTask(this, "task", config, {
      family: names.prefix,
      executionRoleArn: roles.execution.arn,
      taskRoleArn: roles.task.arn,
      ...serviceContainers(this.containerProps),
    });
    // Without a role of its own: ECS brings the secrets, and it calls AWS for nothing else.
    this.upgradeTask = fargateTask(this, "upgrade-task", config, {
      family: names.upgradeTask,
      executionRoleArn: roles.execution.arn,
      ...upgradeContainers(this.containerProps),
    });
    const { group, rules } = this.connect(props);
    this.securityGroup = group;
    this.taskNeeds = [
      databaseUsers.invocation,
      filesKey.firstKey,
      ...roles.execution.rights,
      ...roles.task.rights,
      ...rules,
      ...network.ways,
    ];
    this.service = new EcsService(this, "service", {
      name: names.ecsService,
      cluster: this.cluster.arn,
      taskDefinition: task.arn,
      launchType: "FARGATE",
      desiredCount: config.scaling.minContainers,
      enableExecuteCommand: false,
      enableEcsManagedTags: true,
      propagateTags: "SERVICE",
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriodSeconds: HEALTH_CHECK_GRACE,
      waitForSteadyState: false,
      networkConfiguration: {
        subnets: network.privateSubnetIds,
        securityGroups: [group.id],
        assignPublicIp: false,
      },
      loadBalancer: [
        { targetGroupArn: loadBalancer.targetGroup.arn, containerName: "redcap", containerPort: config.port },
      ],
      // Autoscaling changes the count.
      lifecycle: { ignoreChanges: ["desired_count"] },
      dependsOn: [loadBalancer.listener, ...this.taskNeeds],
    });
    serviceScaling(this, { config, cluster: this.cluster, service: this.service, loadBalancer });
  }

  /** REDCap calls what its administrators configure, but only where `service.egress` lets it. */
  private connect({ stage, config, network, database, loadBalancer }: ServiceProps) {
    const group = securityGroup(this, "security-group", {
      name: `${stageNames(stage).prefix}-service`,
      vpcId: network.vpcId,
      description: "REDCap tasks",
    });
    const rules = [
      ...connect(this, "from-load-balancer", {
        from: loadBalancer.securityGroup,
        to: group,
        port: config.port,
        description: "Load balancer to REDCap",
      }),
      ...connect(this, "to-database", {
        from: group,
        to: database.securityGroup,
        port: database.cluster.port,
        description: "REDCap to Aurora",
      }),
      ...config.egress.map(
        ({ port, cidr }) =>
          new VpcSecurityGroupEgressRule(this, `to-${cidr}-${port}`, {
            securityGroupId: group.id,
            ...(cidr.includes(":") ? { cidrIpv6: cidr } : { cidrIpv4: cidr }),
            ipProtocol: "tcp",
            fromPort: port,
            toPort: port,
            description: "What REDCap is configured to call",
          }),
      ),
    ];
    return { group, rules };
  }
}
