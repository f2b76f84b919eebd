// Runs a service's task as its registered task definition says: image, commands, environment, secrets, volumes, roles.
// What ECS would add is added: the secrets' values, the role's credentials, the network's own loopback.

import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { DescribeServicesCommand, DescribeTaskDefinitionCommand, ECSClient } from "@aws-sdk/client-ecs";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { freePort } from "../../local-aws/host/ports";
import { type Container, runContainer } from "./container";
import { taskCredentials } from "./task-credentials";

export interface TaskOptions {
  cluster: string;
  service: string;
  /** Client settings for AWS's SDK, of the service's account. */
  client: { region: string };
  /** Where containers find the local AWS. */
  endpoint: string;
  /** Authority of the local databases. */
  caFile: string;
}

export interface Task {
  /** The container that has a port. */
  web: Container;
  containers: Record<string, Container>;
  /** As ECS stops a task: SIGTERM, and after the container's `stopTimeout` SIGKILL. */
  stop(): Promise<void>;
}

/** Starts all containers of a task at once, as ECS does where none depends on another. */
export async function runTask({ cluster, service, client, ...options }: TaskOptions): Promise<Task> {
  const ecs = new ECSClient(client);
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  const taskDefinition = services[0]?.taskDefinition;
  if (!taskDefinition) throw new Error(`Cluster ${cluster} has no service ${service}.`);
  const { taskDefinition: found } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  if (!found?.taskRoleArn) throw new Error(`${taskDefinition} has no task role.`);
  const definitions = found.containerDefinitions ?? [];
  const role = await taskCredentials(client, found.taskRoleArn);
  const secrets = new SecretsManagerClient(client);
  // A task has a network interface of its own; here all share this machine's loopback.
  const port = String(await freePort());
  const started = await Promise.all(
    definitions.map(async (definition) => {
      const environment = { ...(await environmentOf(definition, secrets)), ...role.environment };
      const container = await runContainer({
        image: definition.image as string,
        command: definition.command ?? [],
        environment: { ...environment, AWS_ENDPOINT_URL: options.endpoint, PORT: port },
        volumes: (definition.mountPoints ?? []).map(({ containerPath }) => containerPath as string),
        readOnly: definition.readonlyRootFilesystem ?? false,
        mounts: [{ source: options.caFile, target: "/etc/redcap/rds-ca.pem" }],
      });
      return [definition.name as string, container] as const;
    }),
  );
  const containers = Object.fromEntries(started);
  const web = containers[definitions.find(({ portMappings }) => portMappings?.length)?.name ?? ""];
  if (!web) throw new Error(`No container of ${taskDefinition} has a port.`);
  return {
    web,
    containers,
    stop: async () => {
      const grace = ({ stopTimeout = 30 }: ContainerDefinition) => stopTimeout;
      await Promise.all(
        definitions.map((definition) => containers[definition.name as string]?.stop(grace(definition))),
      );
      await role.stop();
    },
  };
}

async function environmentOf(
  { environment = [], secrets = [] }: ContainerDefinition,
  manager: SecretsManagerClient,
): Promise<Record<string, string>> {
  const values = Object.fromEntries(environment.map(({ name, value }) => [name as string, value ?? ""]));
  for (const { name, valueFrom } of secrets) {
    const { SecretString = "" } = await manager.send(new GetSecretValueCommand({ SecretId: valueFrom as string }));
    values[name as string] = SecretString;
  }
  return values;
}
