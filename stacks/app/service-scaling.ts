// How many tasks run: by CPU and by requests, whichever asks for more.
import { AppautoscalingPolicy } from "@cdktf/provider-aws/lib/appautoscaling-policy";
import { AppautoscalingTarget } from "@cdktf/provider-aws/lib/appautoscaling-target";
import type { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import type { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { Construct } from "constructs";
import type { FargateConfig } from "../../config";
import type { LoadBalancer } from "./load-balancer";

/** Seconds. Slow to take a task away, for requests that run for minutes; quick to add one. */
const SCALE_IN_COOLDOWN = 300;
const SCALE_OUT_COOLDOWN = 60;

export interface ServiceScalingProps {
  config: FargateConfig;
  cluster: EcsCluster;
  service: EcsService;
  loadBalancer: LoadBalancer;
}

export function serviceScaling(scope: Construct, { config, cluster, service, loadBalancer }: ServiceScalingProps) {
  const { scaling } = config;
  const target = new AppautoscalingTarget(scope, "scaling", {
    serviceNamespace: "ecs",
    scalableDimension: "ecs:service:DesiredCount",
    resourceId: `service/${cluster.name}/${service.name}`,
    minCapacity: scaling.minContainers,
    maxCapacity: scaling.maxContainers,
  });
  const policy = (name: string, targetValue: number, predefinedMetricType: string, resourceLabel?: string) =>
    new AppautoscalingPolicy(scope, `scaling-${name}`, {
      name,
      policyType: "TargetTrackingScaling",
      serviceNamespace: target.serviceNamespace,
      scalableDimension: target.scalableDimension,
      resourceId: target.resourceId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue,
        predefinedMetricSpecification: { predefinedMetricType, resourceLabel },
        scaleInCooldown: SCALE_IN_COOLDOWN,
        scaleOutCooldown: SCALE_OUT_COOLDOWN,
      },
    });
  policy("cpu", scaling.cpuUtilization, "ECSServiceAverageCPUUtilization");
  policy(
    "requests",
    scaling.requestsPerContainer,
    "ALBRequestCountPerTarget",
    `${loadBalancer.balancer.arnSuffix}/${loadBalancer.targetGroup.arnSuffix}`,
  );
}
