import { documentOf, policyStatements } from "../invariant";
import { all, blocks, byId, one, ref, type SynthesizedStack, sampleStage, synthesizeApp } from "../synth";
import { containers, taskDefinition } from "./task";

const stack = synthesizeApp();
const definition = taskDefinition(stack, "cron");
const [cron] = containers(stack, "cron");
const redcap = containers(stack).find(({ name }) => name === "redcap");
const schedule = one(stack, "aws_scheduler_schedule", "cron_");
const target = schedule.target as Record<string, unknown>;
const ecs = target.ecs_parameters as Record<string, unknown>;

/** The sample's stage with another `cron`. */
const withCron = (change: object, base: "dev" | "prod" = "prod"): SynthesizedStack =>
  synthesizeApp({ service: { ...sampleStage(base).service, cron: change } as never }, base);
/** Address of the one resource of a type whose id starts so. */
const address = (type: string, idStart: string) => {
  const [id, ...others] = Object.keys(byId(stack, type)).filter((name) => name.startsWith(idStart));
  expect(others).toEqual([]);
  return `${type}.${id}`;
};
const GROUP = address("aws_scheduler_schedule_group", "cron_");
const CLUSTER = address("aws_ecs_cluster", "tasks_");
const ROLES = ["execution", "task"].map((role) => ref(`${address("aws_iam_role", `tasks_roles_${role}_`)}.arn`));

describe("the task", () => {
  test("is one container of the service's image, which runs `cron` with the service's own roles", () => {
    expect(containers(stack, "cron")).toHaveLength(1);
    expect(cron).toMatchObject({
      name: "cron",
      image: redcap?.image,
      command: ["cron"],
      essential: true,
      readonlyRootFilesystem: true,
    });
    expect(Object.keys(cron ?? {})).not.toContain("portMappings");
    const { execution_role_arn, task_role_arn } = taskDefinition(stack, "task");
    expect([execution_role_arn, task_role_arn]).toEqual(ROLES);
    expect(definition).toMatchObject({
      ...{ family: "redcap-prod-cron", execution_role_arn, task_role_arn },
      // The schedule names a revision until it is changed.
      ...{ network_mode: "awsvpc", skip_destroy: true },
    });
  });

  test("is told what the web server is told of REDCap, by ARN, and nothing of the DDL user", () => {
    expect(cron?.environment.map(({ name }) => name)).toEqual([
      "AWS_REGION",
      "PHP_TIMEZONE",
      "DATABASE_SECRET_ARN",
      "SALT_SECRET_ARN",
      "FILES_BUCKET",
      "FILES_SECRET_ARN",
      "READER_HOST",
    ]);
    expect(redcap?.environment).toEqual(expect.arrayContaining(cron?.environment ?? []));
    expect(cron?.secrets).toBeUndefined();
    expect(JSON.stringify(definition)).not.toMatch(/ddl/i);
  });

  test("writes to three empty volumes of its own", () => {
    expect(definition.volume).toEqual(["tmp", "run", "temp"].map((name) => ({ name })));
    expect(cron?.mountPoints).toEqual([
      { sourceVolume: "tmp", containerPath: "/tmp", readOnly: false },
      { sourceVolume: "run", containerPath: "/run/redcap", readOnly: false },
      { sourceVolume: "temp", containerPath: "/var/www/redcap/temp", readOnly: false },
    ]);
  });

  test("logs as the service does, under a name of its own", () => {
    const options = (container: unknown) =>
      (container as { logConfiguration: { options: Record<string, string> } }).logConfiguration.options;
    expect(options(cron)).toEqual({ ...options(redcap), "awslogs-stream-prefix": "cron" });
    expect(options(redcap)).toMatchObject({ "awslogs-stream-prefix": "redcap", mode: "non-blocking" });
  });

  test("is as large as configured, within what Fargate allows", () => {
    expect(definition).toMatchObject({ cpu: "512", memory: "2048" });
    const large = taskDefinition(withCron({ cpu: "1 vCPU", memory: "4 GB" }), "cron");
    expect(large).toMatchObject({ cpu: "1024", memory: "4096" });
  });
});

describe("the schedule", () => {
  test("is one, in a group of its own, and starts the task on the stage's cluster, once for each time", () => {
    expect(one(stack, "aws_scheduler_schedule_group", "cron_")).toMatchObject({ name: "redcap-prod" });
    expect(schedule).toMatchObject({
      name: "cron",
      group_name: ref(`${GROUP}.name`),
      schedule_expression: "rate(1 minute)",
      flexible_time_window: { mode: "OFF" },
    });
    // Neither a start nor an end, and on.
    for (const name of ["state", "start_date", "end_date"]) expect(schedule).not.toHaveProperty(name);
    // Until a restore, or a person, disables it: no plan takes that back.
    expect(schedule.lifecycle).toEqual({ ignore_changes: ["state"] });
    expect(target).toMatchObject({
      arn: ref(`${CLUSTER}.arn`),
      role_arn: ref(`${address("aws_iam_role", "cron_")}.arn`),
      retry_policy: { maximum_retry_attempts: 0, maximum_event_age_in_seconds: 60 },
    });
    expect(ecs).toMatchObject({
      task_definition_arn: ref(`${address("aws_ecs_task_definition", "cron_task_")}.arn`),
      launch_type: "FARGATE",
      enable_ecs_managed_tags: true,
      propagate_tags: "TASK_DEFINITION",
    });
    expect(ecs).not.toHaveProperty("task_count");
  });

  test("puts the task where the service's are", () => {
    const [network] = blocks(one(stack, "aws_ecs_service").network_configuration);
    expect(network?.subnets).toHaveLength(3);
    expect(ecs.network_configuration).toEqual(network);
  });

  test("begins when the task has its rights, its secrets and its way out", () => {
    const needs = schedule.depends_on as string[];
    expect(needs.filter((id) => id.startsWith("aws_iam_role_policy.cron_role_"))).toHaveLength(1);
    const ofService = (one(stack, "aws_ecs_service").depends_on as string[]).filter(
      (id) => !id.startsWith("aws_lb_listener.") && !id.includes("from-load-balancer"),
    );
    for (const start of ["aws_lambda_invocation.", "aws_iam_role_policy.tasks_roles_task_", "aws_vpc_endpoint."])
      expect(ofService.filter((id) => id.startsWith(start))).not.toEqual([]);
    expect(needs).toEqual(expect.arrayContaining(ofService));
    expect(needs).toHaveLength(ofService.length + 1);
  });

  test.each([
    [5, "rate(5 minutes)"],
    [59, "rate(59 minutes)"],
  ])("comes every %s minutes", (minutes, expression) => {
    expect(one(withCron({ minutes }), "aws_scheduler_schedule", "cron_").schedule_expression).toBe(expression);
  });

  test("and all that belongs to it is left out with 0, as in the sample's dev stage, whose database can pause", () => {
    for (const off of [withCron({ minutes: 0 }), synthesizeApp({}, "dev")]) {
      const resources = Object.values(off.resource).flatMap((ofType) => Object.keys(ofType));
      expect(resources.filter((id) => id.startsWith("cron_"))).toEqual([]);
      expect(Object.keys(off.data.aws_iam_policy_document ?? {}).filter((id) => id.startsWith("cron_"))).toEqual([]);
      expect(JSON.stringify(off.resource)).not.toMatch(/redcap-\w+-cron/);
    }
    expect(sampleStage("dev").db?.scaling?.minCapacityAcu).toBe(0);
  });

  test.each([-1, 60, 1.5])("is refused for %s minutes", (minutes) => {
    expect(() => withCron({ minutes })).toThrow(/service\.cron\.minutes/);
  });
});

describe("Scheduler's role", () => {
  const role = one(stack, "aws_iam_role", "cron_");

  test("is for this account's own schedule group alone", () => {
    expect(role).toMatchObject({ name: "redcap-prod-cron", path: "/" });
    expect(policyStatements(documentOf(stack, role.assume_role_policy))).toEqual([
      {
        actions: ["sts:AssumeRole"],
        principals: [{ type: "Service", identifiers: ["scheduler.amazonaws.com"] }],
        condition: [
          { test: "StringEquals", variable: "aws:SourceAccount", values: ["111111111111"] },
          { test: "ArnEquals", variable: "aws:SourceArn", values: [ref(`${GROUP}.arn`)] },
        ],
      },
    ]);
  });

  test("may start cron's task on the stage's cluster with the task's two roles, and nothing else", () => {
    const attached = (type: string) =>
      all(stack, type).filter((policy) => String(policy.role).includes("aws_iam_role.cron_"));
    expect(attached("aws_iam_role_policy_attachment")).toEqual([]);
    expect(attached("aws_iam_role_policy")).toHaveLength(1);
    expect(policyStatements(documentOf(stack, attached("aws_iam_role_policy")[0]?.policy))).toEqual([
      {
        actions: ["ecs:RunTask"],
        resources: ["arn:aws:ecs:eu-west-2:111111111111:task-definition/redcap-prod-cron:*"],
        condition: [{ test: "ArnEquals", variable: "ecs:cluster", values: [ref(`${CLUSTER}.arn`)] }],
      },
      {
        actions: ["ecs:TagResource"],
        resources: ["arn:aws:ecs:eu-west-2:111111111111:task/redcap-prod/*"],
        condition: [{ test: "StringEquals", variable: "ecs:CreateAction", values: ["RunTask"] }],
      },
      {
        actions: ["iam:PassRole"],
        resources: ROLES,
        condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: ["ecs-tasks.amazonaws.com"] }],
      },
    ]);
  });
});
