import { execFileSync } from "node:child_process";
import { all, byId, one, ref, type StageInput, synthesizeApp } from "../synth";
import { containers, taskDefinition } from "./task";

const stack = synthesizeApp();

describe("the task that upgrades", () => {
  const definition = taskDefinition(stack, "upgrade-task");

  test("is beside the service's, in a family of its own, and as large", () => {
    const definitions = Object.entries(byId(stack, "aws_ecs_task_definition"));
    expect(definitions.map(([, { family }]) => family).sort()).toEqual([
      "redcap-prod",
      "redcap-prod-cron",
      "redcap-prod-upgrade",
    ]);
    const [id] = definitions.find(([, { family }]) => family === "redcap-prod") ?? [];
    expect(one(stack, "aws_ecs_service").task_definition).toBe(ref(`aws_ecs_task_definition.${id}.arn`));
    const { cpu, memory } = taskDefinition(stack, "task");
    // Terraform would take an earlier revision away at every deployment, and an upgrade that still waits to start with it.
    expect(definition).toMatchObject({ cpu, memory, network_mode: "awsvpc", skip_destroy: true });
  });

  test("has one container of the service's image, and it runs `upgrade` on a read-only root", () => {
    expect(containers(stack, "upgrade-task")).toHaveLength(1);
    const [service] = containers(stack);
    const [upgrade] = containers(stack, "upgrade-task");
    expect(upgrade).toMatchObject({
      image: service?.image,
      command: ["upgrade"],
      essential: true,
      readonlyRootFilesystem: true,
    });
    expect(definition.volume).toEqual(["tmp", "run", "temp"].map((name) => ({ name })));
    expect(upgrade?.mountPoints).toEqual([
      { sourceVolume: "tmp", containerPath: "/tmp", readOnly: false },
      { sourceVolume: "run", containerPath: "/run/redcap", readOnly: false },
      { sourceVolume: "temp", containerPath: "/var/www/redcap/temp", readOnly: false },
    ]);
  });

  test("is told what `prepare` is told, by ECS, and may nothing itself", () => {
    const [upgrade] = containers(stack, "upgrade-task");
    const prepare = containers(stack).find(({ name }) => name === "prepare");
    expect(upgrade?.secrets).toEqual([
      { name: "DDL_SECRET", valueFrom: ref("aws_secretsmanager_secret.ddl.arn") },
      { name: "SALT_SECRET", valueFrom: ref("aws_secretsmanager_secret.salt.arn") },
    ]);
    expect(upgrade?.environment).toEqual(prepare?.environment);
    expect(Object.keys(definition)).not.toContain("task_role_arn");
    expect(definition.execution_role_arn).toBe(taskDefinition(stack, "task").execution_role_arn);
    // The service's two, and none more.
    expect(Object.keys(byId(stack, "aws_iam_role")).filter((id) => id.startsWith("tasks_"))).toHaveLength(2);
  });

  test("logs where the service does, under a name of its own", () => {
    const [service, upgrade] = (["task", "upgrade-task"] as const).map(
      (task) => JSON.parse(String(taskDefinition(stack, task).container_definitions))[0].logConfiguration,
    );
    expect(upgrade.options["awslogs-stream-prefix"]).toBe("upgrade");
    expect({ ...upgrade, options: { ...upgrade.options, "awslogs-stream-prefix": "redcap" } }).toEqual(service);
  });
});

describe("the command that runs it", () => {
  const GROUP = "sg-0e";
  /** What a shell gives to `aws`, with Terraform's expressions as they would be. */
  const argumentsOf = (change: Partial<StageInput> = {}) => {
    const app = synthesizeApp(change);
    const values: [start: string, value: string][] = [
      ["aws_ecs_cluster.tasks_cluster", String(one(app, "aws_ecs_cluster").name)],
      ["aws_ecs_task_definition.tasks_upgrade-task", String(taskDefinition(app, "upgrade-task").family)],
      ["aws_security_group.tasks_security-group", GROUP],
    ];
    const command = String(app.output.upgrade_command?.value).replace(/\$\{(.*?)\}/g, (_, expression: string) => {
      const [, ids] = /^join\(",", \[(.*)\]\)$/.exec(expression) ?? [];
      if (ids) return ids.replaceAll(/[" ]/g, "").replaceAll(/aws_subnet\.network_([\w-]+)_\w{8}\.id/g, "$1");
      const value = values.find(([start]) => expression.startsWith(start))?.[1];
      if (!value) throw new Error(`Nothing is known of ${expression}.`);
      return value;
    });
    const shell = `aws() { printf '%s\\n' "$@"; }; ${command}`;
    return execFileSync("bash", ["-c", shell], { encoding: "utf8" }).trimEnd().split("\n");
  };
  const network = (subnets: string) =>
    `awsvpcConfiguration={subnets=[${subnets}],securityGroups=[${GROUP}],assignPublicIp=DISABLED}`;

  test("is whole: cluster, family, where the service's tasks are, region and profile", () => {
    expect(argumentsOf()).toEqual([
      ...["ecs", "run-task", "--cluster", "redcap-prod", "--task-definition", "redcap-prod-upgrade"],
      ...["--launch-type", "FARGATE", "--network-configuration", network("private-1,private-2,private-3")],
      ...["--region", "eu-west-2", "--profile", "redcap"],
    ]);
    const [configuration] = [one(stack, "aws_ecs_service").network_configuration].flat() as Record<string, string[]>[];
    expect(configuration?.subnets).toHaveLength(3);
    for (const id of [...(configuration?.subnets ?? []), ...(configuration?.security_groups ?? [])])
      expect(stack.output.upgrade_command?.value).toContain(id.replace(/^\$\{|\}$/g, ""));
    expect(all(stack, "aws_subnet")).toHaveLength(6);
  });

  test("takes an existing network's subnets, and any profile as it is written", () => {
    const existing = { type: "existing" as const, vpcId: "vpc-0a" };
    const ids = { privateSubnetIds: ["subnet-0a", "subnet-0b"], publicSubnetIds: ["subnet-0c", "subnet-0d"] };
    const given = argumentsOf({ network: { ...existing, ...ids }, profile: "the admin's $HOME" });
    expect(given).toContain(network("subnet-0a,subnet-0b"));
    expect(given.slice(-2)).toEqual(["--profile", "the admin's $HOME"]);
  });

  test("names no profile where none is configured, whoever synthesizes", () => {
    expect(argumentsOf({ profile: undefined }).slice(-2)).toEqual(["--region", "eu-west-2"]);
    const environment = jest.replaceProperty(process, "env", { ...process.env, AWS_ACCESS_KEY_ID: "of somebody" });
    try {
      expect(argumentsOf().slice(-2)).toEqual(["--profile", "redcap"]);
    } finally {
      environment.restore();
    }
  });
});
