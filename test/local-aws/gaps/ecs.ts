// ECS services that settle: moto starts no task, so here a service's tasks run a moment after it was deployed, and the
// load balancer finds as many healthy targets. Nothing runs behind them.
import type { MotoClient, Place } from "../host/moto-client";
import { type Parsed, queryAnswer } from "../host/xml";
import type { Admin } from "../server";
import { type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";
import { Kept } from "./kept";

const SETTLE_MILLISECONDS = 1000;
const TARGET = "AmazonEC2ContainerServiceV20141113";

/** Members of CreateService and UpdateService that moto drops. */
const FORGOTTEN = [
  "availabilityZoneRebalancing",
  "capacityProviderStrategy",
  "deploymentConfiguration",
  "enableECSManagedTags",
  "enableExecuteCommand",
  "healthCheckGracePeriodSeconds",
  "networkConfiguration",
] as const;

interface EcsService extends Parsed {
  serviceArn: string;
  clusterArn: string;
  serviceName: string;
  status: string;
  desiredCount: number;
  taskDefinition: string;
  deployments?: Parsed[];
  loadBalancers?: { targetGroupArn?: string }[];
}

interface Deployment {
  number: string;
  taskDefinition: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The circuit breaker ends it and rolls back. */
  fails: boolean;
}

const running = ({ createdAt }: Deployment) => Date.now() >= createdAt + SETTLE_MILLISECONDS;

/** The service as ECS shows it: one deployment, complete once its tasks had time to start. */
function settle(service: EcsService, current: Deployment): EcsService {
  const done = running(current);
  const desiredCount = service.status === "ACTIVE" ? service.desiredCount : 0;
  const counts = { desiredCount, runningCount: done ? desiredCount : 0, pendingCount: done ? 0 : desiredCount };
  const id = `ecs-svc/${current.number}`;
  const createdAt = current.createdAt / 1000;
  const deployment = {
    ...service.deployments?.[0],
    ...counts,
    id,
    createdAt,
    updatedAt: createdAt,
    taskDefinition: service.taskDefinition,
    status: "PRIMARY",
    rolloutState: done ? "COMPLETED" : "IN_PROGRESS",
    rolloutStateReason: `ECS deployment ${id} ${done ? "completed" : "in progress"}.`,
  };
  const message = `(service ${service.serviceName}) has reached a steady state.`;
  if (current.fails && done) return rolledBack(service, deployment);
  const events = done ? [{ id: current.number, createdAt: createdAt + 1, message }] : [];
  return { ...service, ...counts, deployments: [deployment], events };
}

/** As a service looks while the circuit breaker's roll-back is at work (ECS developer guide, deployment circuit breaker). */
function rolledBack(service: EcsService, failed: Parsed): EcsService {
  const id = `${failed.id}1`;
  const rollback = {
    ...failed,
    id,
    rolloutState: "COMPLETED",
    rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${id}.`,
  };
  const ended = {
    ...failed,
    status: "ACTIVE",
    rolloutState: "FAILED",
    rolloutStateReason: "ECS deployment circuit breaker: tasks failed to start.",
  };
  const message = `(service ${service.serviceName}) (deployment ${failed.id}) deployment failed: tasks failed to start.`;
  return { ...service, deployments: [rollback, ended], events: [{ id, createdAt: failed.createdAt, message }] };
}

/** Clusters whose next deployment fails, told by `POST /local-aws/ecs/fail-next-deployment`, and the answer to that. */
export function deploymentFailures(): { failures: Set<string>; admin: Admin } {
  const failures = new Set<string>();
  return {
    failures,
    admin: async (_, path, body) => {
      if (path !== "/local-aws/ecs/fail-next-deployment") return undefined;
      failures.add((JSON.parse(body.toString()) as { cluster: string }).cluster);
      return json({});
    },
  };
}

export function ecs(moto: MotoClient, failures: Set<string>): Service {
  const deployments = new Map<string, Deployment>();
  const kept = new Kept(FORGOTTEN);

  function deploymentOf({ serviceArn, clusterArn, taskDefinition }: EcsService, force = false): Deployment {
    const known = deployments.get(serviceArn);
    if (known && !force && known.taskDefinition === taskDefinition) return known;
    const number = String(Math.floor(Math.random() * 9e18)).padStart(19, "1");
    const fails = failures.delete(clusterArn.replace(/^.*\//, ""));
    const created = { number, taskDefinition, createdAt: Date.now(), fails };
    deployments.set(serviceArn, created);
    return created;
  }

  async function answerServices(request: AwsRequest): Promise<AwsResponse> {
    const answer = await moto.forward(request);
    if (answer.status >= 400) return answer;
    const { service, services, ...rest } = JSON.parse(answer.body.toString()) as {
      service?: EcsService;
      services?: EcsService[];
    };
    const input = jsonBody<Parsed>(request);
    if (service && ["CreateService", "UpdateService"].includes(request.action))
      kept.remember(service.serviceArn, input);
    const show = (one: EcsService, force = false) => ({
      ...settle(one, deploymentOf(one, force)),
      ...kept.recall(one.serviceArn),
    });
    return json({
      ...rest,
      ...(service ? { service: show(service, input.forceNewDeployment === true) } : {}),
      ...(services ? { services: services.map((one) => show(one)) } : {}),
    });
  }

  const call = (place: Place, action: string, input: object) => moto.json(place, "ecs", `${TARGET}.${action}`, input);

  /** Deployments as ListServiceDeployments and DescribeServiceDeployments show them: the current one of a service. */
  async function serviceDeployment(place: Place, cluster: string, name: string): Promise<object | undefined> {
    const [service] = (await call(place, "DescribeServices", { cluster, services: [name] })).services as EcsService[];
    if (!service) return undefined;
    const current = deploymentOf(service);
    const path = service.serviceArn.replace(/^.*:service\//, "");
    const base = service.serviceArn.replace(/:service\/.*$/, "");
    const createdAt = current.createdAt / 1000;
    return {
      serviceDeploymentArn: `${base}:service-deployment/${path}/${current.number}`,
      serviceArn: service.serviceArn,
      clusterArn: service.clusterArn,
      createdAt,
      startedAt: createdAt,
      finishedAt: running(current) ? createdAt + 1 : undefined,
      targetServiceRevisionArn: `${base}:service-revision/${path}/${current.number}`,
      status: running(current) ? (current.fails ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL") : "IN_PROGRESS",
    };
  }

  async function answerEcs(request: AwsRequest): Promise<AwsResponse | undefined> {
    const place = { account: request.account, region: request.region };
    if (request.action === "ListServiceDeployments") {
      const { cluster = "default", service } = jsonBody<{ cluster?: string; service: string }>(request);
      return json({ serviceDeployments: [await serviceDeployment(place, cluster, service)].filter(Boolean) });
    }
    if (request.action === "DescribeServiceDeployments") {
      const { serviceDeploymentArns } = jsonBody<{ serviceDeploymentArns: string[] }>(request);
      const found = serviceDeploymentArns.map((arn) => {
        const [, cluster = "", service = ""] = /:service-deployment\/([^/]+)\/([^/]+)\//.exec(arn) ?? [];
        return serviceDeployment(place, cluster, service);
      });
      return json({ serviceDeployments: (await Promise.all(found)).filter(Boolean), failures: [] });
    }
    if (request.action === "ListServices") return listServices(request);
    const onServices = ["CreateService", "UpdateService", "DescribeServices", "DeleteService"].includes(request.action);
    return onServices ? answerServices(request) : undefined;
  }

  /** A deleted service is not listed any more (API reference, DeleteService), though it can still be described. */
  async function listServices(request: AwsRequest): Promise<AwsResponse> {
    const answer = await moto.forward(request);
    const { serviceArns: services = [], ...rest } = JSON.parse(answer.body.toString()) as { serviceArns?: string[] };
    if (services.length === 0) return answer;
    const { cluster } = jsonBody<{ cluster?: string }>(request);
    const described = (await call(request, "DescribeServices", { cluster, services })).services as EcsService[];
    const gone = described.filter(({ status }) => status === "INACTIVE").map(({ serviceArn }) => serviceArn);
    return json({ ...rest, serviceArns: services.filter((arn) => !gone.includes(arn)) });
  }

  async function servicesBehind(place: Place, targetGroup: string): Promise<EcsService[]> {
    const found: EcsService[] = [];
    for (const cluster of (await call(place, "ListClusters", {})).clusterArns as string[]) {
      const { serviceArns } = await call(place, "ListServices", { cluster, maxResults: 10 });
      const services = serviceArns as string[];
      if (!services.length) continue;
      const described = (await call(place, "DescribeServices", { cluster, services })).services as EcsService[];
      found.push(...described.filter((one) => one.loadBalancers?.some((lb) => lb.targetGroupArn === targetGroup)));
    }
    return found.map((one) => settle(one, deploymentOf(one)));
  }

  return async (request) => {
    if (request.service === "ecs") return answerEcs(request);
    if (request.service !== "elasticloadbalancing" || request.action !== "DescribeTargetHealth") return undefined;
    const place = { account: request.account, region: request.region };
    const services = await servicesBehind(place, request.form.get("TargetGroupArn") ?? "");
    if (!services.length) return undefined;
    const count = services.reduce((sum, service) => sum + Number(service.runningCount), 0);
    return queryAnswer(request.action, {
      TargetHealthDescriptions: Array.from({ length: count }, (_, index) => ({
        Target: { Id: `10.0.0.${index + 10}`, Port: 8080, AvailabilityZone: `${request.region}a` },
        HealthCheckPort: "8080",
        TargetHealth: { State: "healthy" },
      })),
    });
  };
}
