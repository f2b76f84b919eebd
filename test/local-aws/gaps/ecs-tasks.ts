// Tasks that somebody starts by RunTask: moto stumbles over Fargate's, whose memory is the task's and not a container's. Here
// one ends a moment after its start, with the exit code and the last log line that a test asked for. Nothing runs in it.
import { randomBytes } from "node:crypto";
import type { MotoClient, Place } from "../host/moto-client";
import type { Admin } from "../server";
import { AwsError, type AwsResponse, json, jsonBody, type Service } from "../service";

const RUN_MILLISECONDS = 1_000;
const NEXT_TASK = "/local-aws/ecs/next-task";
const ECS = "AmazonEC2ContainerServiceV20141113";
const LOGS = "Logs_20140328";

/** How the next task ends: POST it to /local-aws/ecs/next-task. Default: with 0, silently. */
interface End {
  exitCode?: number;
  /** Of the task, where its container never ran; then leave `exitCode` out. */
  stoppedReason?: string;
  /** Last line of its log, in the stream that its definition says. */
  line?: string;
}

interface TaskDefinition {
  taskDefinitionArn: string;
  family: string;
  containerDefinitions: { name: string; logConfiguration: { options: Record<string, string> } }[];
}

interface Task {
  place: Place;
  arn: string;
  clusterArn: string;
  definition: TaskDefinition;
  /** Milliseconds since the epoch. */
  startedAt: number;
  stopsAt: number;
  end: End;
}

const isOver = ({ stopsAt }: Task) => Date.now() >= stopsAt;

export function ecsTasks(moto: MotoClient): { service: Service; admin: Admin } {
  const tasks = new Map<string, Task>();
  const next: End[] = [];

  async function run(place: Place, input: Record<string, unknown>): Promise<AwsResponse> {
    const { cluster = "default", taskDefinition, launchType, networkConfiguration } = input;
    if (launchType === "FARGATE" && !networkConfiguration) {
      const message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
      throw new AwsError("InvalidParameterException", message);
    }
    const { clusters } = await moto.json(place, "ecs", `${ECS}.DescribeClusters`, { clusters: [cluster] });
    const [found] = clusters as { clusterArn: string }[];
    if (!found) throw new AwsError("ClusterNotFoundException", "Cluster not found.");
    const described = await moto.json(place, "ecs", `${ECS}.DescribeTaskDefinition`, { taskDefinition });
    const startedAt = Date.now();
    const task: Task = {
      place: { account: place.account, region: place.region },
      arn: `${found.clusterArn.replace(":cluster/", ":task/")}/${randomBytes(16).toString("hex")}`,
      clusterArn: found.clusterArn,
      definition: described.taskDefinition as TaskDefinition,
      ...{ startedAt, stopsAt: startedAt + RUN_MILLISECONDS, end: next.shift() ?? { exitCode: 0 } },
    };
    tasks.set(task.arn, task);
    if (task.end.line) await writeLine(task, task.end.line);
    return json({ tasks: [show(task)], failures: [] });
  }

  async function writeLine({ place, arn, definition }: Task, message: string): Promise<void> {
    const [container] = definition.containerDefinitions;
    const options = container?.logConfiguration.options ?? {};
    const logGroupName = options["awslogs-group"];
    const logStreamName = `${options["awslogs-stream-prefix"]}/${container?.name}/${arn.replace(/^.*\//, "")}`;
    await moto.json(place, "logs", `${LOGS}.CreateLogStream`, { logGroupName, logStreamName });
    const logEvents = [{ timestamp: Date.now(), message }];
    await moto.json(place, "logs", `${LOGS}.PutLogEvents`, { logGroupName, logStreamName, logEvents });
  }

  const service: Service = async (request) => {
    if (request.service !== "ecs") return undefined;
    const input = jsonBody<{ task?: string; tasks?: string[]; family?: string; desiredStatus?: string }>(request);
    if (request.action === "RunTask") return run(request, input);
    const known = [...tasks.values()].filter(({ place }) => place.account === request.account);
    const named = (arn: string) => known.find((task) => task.arn === arn || task.arn.endsWith(`/${arn}`));
    if (request.action === "StopTask") {
      const task = named(input.task ?? "");
      if (task && !isOver(task)) Object.assign(task, { stopsAt: Date.now(), end: { exitCode: 143 } });
      return task && json({ task: show(task) });
    }
    if (request.action === "DescribeTasks") {
      const found = (input.tasks ?? []).flatMap((arn) => named(arn) ?? []);
      return found.length ? json({ tasks: found.map(show), failures: [] }) : undefined;
    }
    if (request.action !== "ListTasks") return undefined;
    const { taskArns } = JSON.parse((await moto.forward(request)).body.toString()) as { taskArns?: string[] };
    if (!taskArns) return undefined;
    const { family, desiredStatus = "RUNNING" } = input;
    const own = known.filter(
      (task) =>
        (!family || task.definition.family === family) && (isOver(task) ? "STOPPED" : "RUNNING") === desiredStatus,
    );
    return json({ taskArns: [...taskArns, ...own.map(({ arn }) => arn)] });
  };
  const admin: Admin = async (method, path, body) => {
    if (method !== "POST" || path !== NEXT_TASK) return undefined;
    next.push(JSON.parse(body.toString()) as End);
    return json({});
  };
  return { service, admin };
}

/** As ECS shows it (API reference, Task and Container). */
function show(task: Task): object {
  const over = isOver(task);
  const lastStatus = over ? "STOPPED" : "RUNNING";
  const { exitCode, stoppedReason = "Essential container in task exited" } = task.end;
  const { taskDefinitionArn, family, containerDefinitions } = task.definition;
  return {
    ...{ taskArn: task.arn, clusterArn: task.clusterArn, taskDefinitionArn, group: `family:${family}` },
    ...{ launchType: "FARGATE", lastStatus, desiredStatus: lastStatus, startedAt: task.startedAt / 1000 },
    ...(over && { stoppedReason, stoppedAt: task.stopsAt / 1000 }),
    containers: containerDefinitions.map(({ name }) => ({ name, lastStatus, ...(over && { exitCode }) })),
  };
}
