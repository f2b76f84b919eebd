// REDCap on ECS Fargate: tasks in the private subnets, behind the load balancer, rolled back if a deployment fails.
import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { Construct } from "constructs";
import { type FargateConfig, type StageConfig, stageNames } from "../../config";
import { START_TIMEOUT, serviceContainers } from "./container";
import type { LoadBalancer } from "./load-balancer";
import type { Network } from "./network";
import { connect } from "./security-group";
import { serviceScaling } from "./service-scaling";
import { fargateTask } from "./task-definition";
import type { Tasks } from "./tasks";

/**
 * Seconds in which a new task may fail health checks. The first one installs REDCap, which nothing should cut off
 * half-way, since MySQL takes no table back; later ones may wait for a paused database. So `redcap` gives up by itself
 * first, with the reason in its log, and two checks 30 s apart fit in after the latest start. No request reaches a task
 * before it is healthy, and one that crashes is replaced at once: only the roll-back of one that hangs takes longer.
 */
const HEALTH_CHECK_GRACE = START_TIMEOUT + 120;

export interface FargateServiceProps {
  stage: StageConfig;
  config: FargateConfig;
  network: Network;
  tasks: Tasks;
  loadBalancer: LoadBalancer;
  /** Of the load balancer: ECS refuses a target group that nothing leads to. */
  listener: LbListener;
}

export class FargateService extends Construct {
  readonly service: EcsService;

  constructor(scope: Construct, id: string, props: FargateServiceProps) {
    super(scope, id);
    const { stage, config, network, tasks, loadBalancer, listener } = props;
    const names = stageNames(stage);
    const task = fargateTask(this, "task", config, {
      family: names.prefix,
      executionRoleArn: tasks.roles.execution.arn,
      taskRoleArn: tasks.roles.task.arn,
      ...serviceContainers({ ...tasks.containerProps, config }),
    });
    const admitted = connect(this, "from-load-balancer", {
      from: loadBalancer.securityGroup,
      to: tasks.securityGroup,
      port: config.port,
      description: "Load balancer to REDCap",
    });
    this.service = new EcsService(this, "service", {
      name: names.ecsService,
      cluster: tasks.cluster.arn,
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
        securityGroups: [tasks.securityGroup.id],
        assignPublicIp: false,
      },
      loadBalancer: [
        { targetGroupArn: loadBalancer.targetGroup.arn, containerName: "redcap", containerPort: config.port },
      ],
      // Autoscaling changes the count.
      lifecycle: { ignoreChanges: ["desired_count"] },
      dependsOn: [listener, ...admitted, ...tasks.needs],
    });
    serviceScaling(this, { config, cluster: tasks.cluster, service: this.service, loadBalancer });
  }
}
