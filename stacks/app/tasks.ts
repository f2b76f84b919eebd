// What every task of REDCap has in common: cluster, roles, security group, logs. And the task that upgrades the database,
// which is run by hand.
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type ServiceConfig, type StageConfig, stageImage, stageNames, trafficLogRetention } from "../../config";
import { type ContainerProps, upgradeContainers } from "./container";
import type { Database } from "./database";
import type { DatabaseUsers } from "./database-users";
import type { EncryptionKeys } from "./encryption-keys";
import type { Files } from "./files";
import type { FilesKey } from "./files-key";
import type { Image } from "./image";
import { logGroup } from "./log-group";
import { connectToRelay, type Mail } from "./mail";
import type { Network } from "./network";
import { allowOut, connect, securityGroup } from "./security-group";
import { ServiceRoles } from "./service-roles";
import { fargateTask } from "./task-definition";

export interface TasksProps {
  stage: StageConfig;
  config: ServiceConfig;
  network: Network;
  keys: EncryptionKeys;
  database: Database;
  databaseUsers: DatabaseUsers;
  files: Files;
  filesKey: FilesKey;
  mail: Mail | undefined;
  /** Where the stage builds it. */
  image: Image | undefined;
}

export class Tasks extends Construct {
  readonly cluster: EcsCluster;
  /** Brings the database to the image's version when it is run, in the tasks' subnets and security group. */
  readonly upgradeTask: EcsTaskDefinition;
  readonly securityGroup: SecurityGroup;
  readonly roles: ServiceRoles;
  /** What containers of any of the stage's tasks are made of. */
  readonly containerProps: ContainerProps;
  /** A task that starts before its rights, its secrets or its way out exist fails. */
  readonly needs: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: TasksProps) {
    super(scope, id);
    const { stage, config, network, keys, database, databaseUsers, files, filesKey, mail, image } = props;
    const names = stageNames(stage);
    const logs = logGroup(this, "logs", { stage, name: `/aws/ecs/${names.ecsService}`, key: keys.logs });
    const insights = logGroup(this, "insights-logs", {
      stage,
      name: `/aws/ecs/containerinsights/${names.ecsCluster}/performance`,
      key: keys.logs,
      retentionInDays: trafficLogRetention(stage),
    });
    this.cluster = new EcsCluster(this, "cluster", {
      name: names.ecsCluster,
      setting: [{ name: "containerInsights", value: "enabled" }],
      // Container Insights would make its log group itself, without encryption and retention.
      dependsOn: [insights],
    });
    this.roles = new ServiceRoles(this, "roles", {
      stage,
      image: stageImage(stage),
      databaseUsers,
      secretKey: keys.database,
      files,
      filesKey,
      mail,
      logs,
    });
    this.containerProps = { stage, config, network, database, databaseUsers, files, filesKey, mail, logs };
    // Without a role of its own: ECS brings the secrets, and it calls AWS for nothing else.
    this.upgradeTask = fargateTask(this, "upgrade-task", config, {
      family: names.upgradeTask,
      executionRoleArn: this.roles.execution.arn,
      ...upgradeContainers(this.containerProps),
    });
    const { group, rules } = this.connect(props);
    this.securityGroup = group;
    this.needs = [
      databaseUsers.invocation,
      filesKey.firstKey,
      ...(mail?.needs ?? []),
      ...(image ? [image.firstImage] : []),
      ...this.roles.execution.rights,
      ...this.roles.task.rights,
      ...rules,
      ...network.ways,
    ];
  }

  /** REDCap calls what its administrators configure, but only where `service.egress` lets it; and its mail relay. */
  private connect({ stage, config, network, database, mail }: TasksProps) {
    const group = securityGroup(this, "security-group", {
      name: `${stageNames(stage).prefix}-service`,
      vpcId: network.vpcId,
      description: "REDCap tasks",
    });
    const rules = [
      ...connect(this, "to-database", {
        from: group,
        to: database.securityGroup,
        port: database.cluster.port,
        description: "REDCap to Aurora",
      }),
      ...allowOut(this, group, config.egress),
      ...(mail ? connectToRelay(this, group, mail, config.egress) : []),
    ];
    return { group, rules };
  }
}
