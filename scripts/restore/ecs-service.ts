// The service on ECS during a restore: its tasks end, and start again when the databases have changed places.
import { RegisterScalableTargetCommand } from "@aws-sdk/client-application-auto-scaling";
import {
  DescribeServicesCommand,
  type Service,
  UpdateServiceCommand,
  waitUntilServicesStable,
} from "@aws-sdk/client-ecs";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  waitUntilTargetInService,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { MAX_WAIT_SECONDS } from "./aurora";
import type { RestoreContext } from "./context";

async function findService({ ecs, names }: RestoreContext): Promise<Service | undefined> {
  try {
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster: names.ecsCluster, services: [names.ecsService] }),
    );
    return services.find(({ status }) => status === "ACTIVE");
  } catch (error) {
    if ((error as Error).name === "ClusterNotFoundException") return undefined;
    throw error;
  }
}

/** Autoscaling must not start tasks while the names change. */
async function suspendAutoScaling({ autoScaling, names }: RestoreContext, suspended: boolean): Promise<void> {
  await autoScaling.send(
    new RegisterScalableTargetCommand({
      ServiceNamespace: "ecs",
      ResourceId: `service/${names.ecsCluster}/${names.ecsService}`,
      ScalableDimension: "ecs:service:DesiredCount",
      SuspendedState: {
        DynamicScalingInSuspended: suspended,
        DynamicScalingOutSuspended: suspended,
        ScheduledScalingSuspended: suspended,
      },
    }),
  );
}

async function waitUntilStable(context: RestoreContext): Promise<void> {
  const { ecs, names } = context;
  await context.awsWait(() =>
    waitUntilServicesStable(
      { client: ecs, minDelay: 1, maxDelay: 15, maxWaitTime: MAX_WAIT_SECONDS },
      { cluster: names.ecsCluster, services: [names.ecsService] },
    ),
  );
}

/** @returns what ran; undefined where there is no service */
export async function stopTasks(context: RestoreContext): Promise<string | undefined> {
  const { ecs, names } = context;
  const service = await findService(context);
  if (!service) return undefined;
  if (context.journal.facts.serviceDesiredCount === undefined)
    context.journal.learn({ serviceDesiredCount: service.desiredCount ?? 0 });
  await suspendAutoScaling(context, true);
  await ecs.send(new UpdateServiceCommand({ cluster: names.ecsCluster, service: names.ecsService, desiredCount: 0 }));
  await waitUntilStable(context);
  return `it had ${context.fact("serviceDesiredCount")} tasks`;
}

/** As many tasks as there were, and no fewer than configured. @throws UserError where there is no service */
export async function startTasks(context: RestoreContext): Promise<string> {
  const { ecs, names, stage } = context;
  if (!(await findService(context))) throw new UserError(`Service ${names.ecsService} is not there after the apply.`);
  const minimum = stage.service.type === "fargate" ? stage.service.scaling.minContainers : 1;
  const desiredCount = Math.max(context.journal.facts.serviceDesiredCount ?? 0, minimum);
  await ecs.send(
    new UpdateServiceCommand({
      cluster: names.ecsCluster,
      service: names.ecsService,
      desiredCount,
      forceNewDeployment: true,
    }),
  );
  await suspendAutoScaling(context, false);
  return `${desiredCount} tasks`;
}

/** @throws UserError where a target group stays empty */
export async function waitUntilTasksServe(context: RestoreContext): Promise<string> {
  await waitUntilStable(context);
  const service = await findService(context);
  const client = new ElasticLoadBalancingV2Client(clientConfig(context.stage));
  const groups = (service?.loadBalancers ?? []).flatMap(({ targetGroupArn }) =>
    targetGroupArn ? [targetGroupArn] : [],
  );
  for (const TargetGroupArn of groups) {
    await context.awsWait(() =>
      waitUntilTargetInService({ client, minDelay: 1, maxDelay: 15, maxWaitTime: 1_800 }, { TargetGroupArn }),
    );
    const { TargetHealthDescriptions = [] } = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    if (TargetHealthDescriptions.length === 0)
      throw new UserError(`Target group ${TargetGroupArn} has no targets: look at the service's events.`);
  }
  return `${service?.runningCount} tasks run`;
}
