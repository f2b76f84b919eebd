import { documentOf, policyStatements } from "../invariant";
import { all, blocks, byId, onAppRunner, one, ref, type SynthesizedStack, synthesizeApp } from "../synth";

const stack = synthesizeApp(onAppRunner());
const fargate = synthesizeApp();
const service = one(stack, "aws_apprunner_service");
const changed = (change: object) => synthesizeApp(onAppRunner(change));

const nested = (...path: string[]) =>
  path.reduce<Record<string, unknown>>((block, name) => blocks(block[name])[0] ?? {}, service);
const repository = nested("source_configuration", "image_repository");
const variables = blocks(repository.image_configuration)[0]?.runtime_environment_variables as Record<string, string>;
/** Address of the one resource of a type whose id starts so. */
const address = (type: string, idStart = "", of = stack) => {
  const [id, ...others] = Object.keys(byId(of, type)).filter((name) => name.startsWith(idStart));
  expect(others).toEqual([]);
  return `${type}.${id}`;
};
/** What a role may do, statement by statement. */
const rightsOf = (of: SynthesizedStack, role: string) =>
  all(of, "aws_iam_role_policy")
    .filter((policy) => String(policy.role).includes(`{${role}.`))
    .flatMap(({ policy }) => policyStatements(documentOf(of, policy)));

describe("the service", () => {
  test("runs the configured image, and no other that is pushed", () => {
    expect(service.service_name).toBe("redcap-prod");
    expect(repository).toMatchObject({
      image_identifier: "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4",
      image_repository_type: "ECR",
    });
    expect(nested("source_configuration").auto_deployments_enabled).toBe(false);
  });

  test("is told what the Fargate container is told of REDCap, by ARN", () => {
    const definitions = JSON.parse(String(one(fargate, "aws_ecs_task_definition", "service_").container_definitions));
    const redcap: { name: string; value: string }[] = definitions.find(
      ({ name }: { name: string }) => name === "redcap",
    ).environment;
    const onFargate = Object.fromEntries(redcap.map(({ name, value }) => [name, value]));
    const { TRUSTED_PROXIES, SHUTDOWN_SECONDS, REQUEST_TIMEOUT_SECONDS, START_TIMEOUT_SECONDS, ...same } = onFargate;
    expect(variables).toEqual({
      ...same,
      // App Runner ends a request after 120 s, and says nothing of its proxies' addresses or of HTTPS.
      REQUEST_TIMEOUT_SECONDS: "120",
      START_TIMEOUT_SECONDS: "150",
      HTTPS_ONLY: "1",
    });
    expect(blocks(repository.image_configuration)[0]).not.toHaveProperty("runtime_environment_secrets");
    expect(JSON.stringify(service)).not.toMatch(/ddl/i);
  });

  test("listens where it is asked", () => {
    expect(blocks(repository.image_configuration)[0]?.port).toBe("8080");
    expect(variables.PORT).toBe("8080");
    const other = blocks(
      blocks(one(changed({ port: 9000 }), "aws_apprunner_service").source_configuration)[0]?.image_repository,
    )[0];
    expect(blocks(other?.image_configuration)[0]).toMatchObject({
      port: "9000",
      runtime_environment_variables: { PORT: "9000" },
    });
  });

  test("is healthy by a page without the database, and gives a start more time than the start takes itself", () => {
    const health = nested("health_check_configuration");
    expect(health).toMatchObject({ protocol: "HTTP", path: "/health/live", interval: 20, timeout: 10 });
    const seconds = Number(health.interval) * Number(health.unhealthy_threshold);
    expect(seconds).toBeGreaterThanOrEqual(Number(variables.START_TIMEOUT_SECONDS) + 30);
    // App Runner's limits (API reference, HealthCheckConfiguration).
    expect(Number(health.unhealthy_threshold)).toBeLessThanOrEqual(20);
  });

  test("has the configured size, in App Runner's own units", () => {
    expect(nested("instance_configuration")).toMatchObject({ cpu: "2048", memory: "4096" });
    const [small] = blocks(
      one(changed({ cpu: "0.25 vCPU", memory: "0.5 GB" }), "aws_apprunner_service").instance_configuration,
    );
    expect(small).toMatchObject({ cpu: "256", memory: "512" });
  });

  test("scales as configured, by a revision that replaces another only afterwards", () => {
    expect(service.auto_scaling_configuration_arn).toBe(
      ref(`${address("aws_apprunner_auto_scaling_configuration_version")}.arn`),
    );
    expect(one(stack, "aws_apprunner_auto_scaling_configuration_version")).toMatchObject({
      ...{ auto_scaling_configuration_name: "redcap-prod", max_concurrency: 10, min_size: 1, max_size: 2 },
      lifecycle: { create_before_destroy: true },
    });
    const scaled = changed({ concurrency: 25, minSize: 2, maxSize: 5 });
    expect(one(scaled, "aws_apprunner_auto_scaling_configuration_version")).toMatchObject({
      ...{ max_concurrency: 25, min_size: 2, max_size: 5 },
    });
  });

  test("calls out of the private subnets, with the tasks' security group", () => {
    expect(nested("network_configuration", "egress_configuration")).toEqual({
      egress_type: "VPC",
      vpc_connector_arn: ref(`${address("aws_apprunner_vpc_connector")}.arn`),
    });
    const connector = one(stack, "aws_apprunner_vpc_connector");
    expect(connector.security_groups).toEqual([ref(`${address("aws_security_group", "tasks_")}.id`)]);
    expect(connector.subnets).toHaveLength(3);
    expect(connector.lifecycle).toEqual({ create_before_destroy: true });
  });

  test("keeps App Runner's copy of the image with a key of the stage", () => {
    expect(nested("encryption_configuration").kms_key).toBe(ref("aws_kms_key.files.arn"));
  });

  test("stands alone: no load balancer, no service of ECS", () => {
    for (const type of [
      "aws_lb",
      "aws_lb_listener",
      "aws_lb_target_group",
      "aws_ecs_service",
      "aws_appautoscaling_target",
    ])
      expect([type, all(stack, type)]).toEqual([type, []]);
    expect(stack.output).toHaveProperty("url");
    expect(stack.output).not.toHaveProperty("load_balancer_dns_name");
  });

  test("has cron as a scheduled task beside it", () => {
    const [target] = blocks(one(stack, "aws_scheduler_schedule", "cron_").target);
    const [ecs] = blocks(target?.ecs_parameters);
    expect(ecs?.task_definition_arn).toBe(ref(`${address("aws_ecs_task_definition", "cron_")}.arn`));
    expect(all(changed({ cron: { minutes: 0 } }), "aws_ecs_task_definition").map(({ family }) => family)).not.toContain(
      "redcap-prod-cron",
    );
  });

  test("is made once REDCap is installed and all that it needs is there", () => {
    const needs = service.depends_on as string[];
    expect(needs).toContain(address("aws_lambda_invocation", "installation_"));
    for (const start of [
      "aws_iam_role_policy.app-runner_instance_",
      "aws_iam_role_policy.app-runner_access_",
      "aws_route.",
    ])
      expect(needs.filter((id) => id.startsWith(start))).not.toEqual([]);
  });
});

describe("its roles", () => {
  const instance = address("aws_iam_role", "app-runner_instance_");
  const access = address("aws_iam_role", "app-runner_access_");
  const trust = (role: string) =>
    policyStatements(documentOf(stack, byId(stack, "aws_iam_role")[role.replace(/^.*\./, "")]?.assume_role_policy));

  test("give REDCap the rights that it has in a Fargate task, and no other", () => {
    expect(nested("instance_configuration").instance_role_arn).toBe(ref(`${instance}.arn`));
    expect(rightsOf(stack, instance)).toEqual(rightsOf(stack, address("aws_iam_role", "tasks_roles_task_")));
    expect(rightsOf(stack, instance)).not.toEqual([]);
    expect(JSON.stringify(rightsOf(stack, instance))).not.toContain("aws_secretsmanager_secret.ddl.");
    expect(trust(instance)).toMatchObject([
      { principals: [{ type: "Service", identifiers: ["tasks.apprunner.amazonaws.com"] }] },
    ]);
  });

  test("let App Runner fetch the image's repository alone", () => {
    expect(nested("source_configuration", "authentication_configuration").access_role_arn).toBe(ref(`${access}.arn`));
    const [fetch, login] = rightsOf(stack, access);
    expect(fetch).toEqual({
      actions: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:DescribeImages",
      ],
      resources: ["arn:aws:ecr:eu-west-2:111111111111:repository/redcap"],
    });
    expect(login).toEqual({ actions: ["ecr:GetAuthorizationToken"], resources: ["*"] });
    expect(trust(access)).toMatchObject([
      { principals: [{ type: "Service", identifiers: ["build.apprunner.amazonaws.com"] }] },
    ]);
  });

  test("are one less with a public image", () => {
    const open = changed({ image: "public.ecr.aws/example/redcap:17.4.4" });
    expect(Object.keys(byId(open, "aws_iam_role")).filter((id) => id.startsWith("app-runner_"))).toHaveLength(1);
    const [source] = blocks(one(open, "aws_apprunner_service").source_configuration);
    expect(source).not.toHaveProperty("authentication_configuration");
    expect(blocks(source?.image_repository)[0]?.image_repository_type).toBe("ECR_PUBLIC");
  });
});

describe("the installation", () => {
  const task = one(stack, "aws_ecs_task_definition", "installation_task_");
  const [container, ...others] = JSON.parse(String(task.container_definitions));
  const role = address("aws_iam_role", "installation_role_");

  test("is a task of its own that has the DDL user's secret", () => {
    expect(others).toEqual([]);
    expect(container).toMatchObject({
      ...{ name: "prepare", command: ["prepare"], essential: true, readonlyRootFilesystem: true },
      image: repository.image_identifier,
      secrets: [
        { name: "DDL_SECRET", valueFrom: ref("aws_secretsmanager_secret.ddl.arn") },
        { name: "SALT_SECRET", valueFrom: ref("aws_secretsmanager_secret.salt.arn") },
      ],
    });
    expect(task).toMatchObject({ family: "redcap-prod-prepare", cpu: "2048", memory: "4096", skip_destroy: true });
    expect(task).not.toHaveProperty("task_role_arn");
  });

  test("runs again for every image, when the task has what it needs", () => {
    const invocation = one(stack, "aws_lambda_invocation", "installation_");
    expect(invocation.input).toContain(`${address("aws_ecs_task_definition", "installation_task_")}.arn`);
    const needs = invocation.depends_on as string[];
    for (const start of ["aws_lambda_invocation.database-users_", "aws_iam_role_policy.tasks_roles_execution_"])
      expect(needs.filter((id) => id.startsWith(start))).not.toEqual([]);
  });

  test("logs where the function looks for its last line", () => {
    const { options } = container.logConfiguration;
    const fn = one(stack, "aws_lambda_function", "installation_");
    const { variables: told } = blocks(fn.environment)[0] as { variables: Record<string, string> };
    expect(`${options["awslogs-stream-prefix"]}/${container.name}`).toBe(told.LOG_STREAM_PREFIX);
    expect(options["awslogs-group"]).toBe(told.LOG_GROUP);
  });

  test("has a function that may start this task with its one role, and watch it", () => {
    const execution = address("aws_iam_role", "tasks_roles_execution_");
    const [, start, tag, pass, watch, read] = rightsOf(stack, role);
    expect(start).toMatchObject({
      actions: ["ecs:RunTask"],
      resources: ["arn:aws:ecs:eu-west-2:111111111111:task-definition/redcap-prod-prepare:*"],
    });
    expect(tag).toMatchObject({ actions: ["ecs:TagResource"] });
    expect(pass).toMatchObject({ actions: ["iam:PassRole"], resources: [ref(`${execution}.arn`)] });
    expect(watch).toEqual({
      actions: ["ecs:DescribeTasks"],
      resources: ["arn:aws:ecs:eu-west-2:111111111111:task/redcap-prod/*"],
    });
    expect(read).toMatchObject({
      actions: ["logs:GetLogEvents"],
      resources: [expect.stringMatching(/:log-stream:redcap\/prepare\/\*$/)],
    });
  });

  test("is no part of a Fargate service, whose tasks prepare themselves", () => {
    expect(Object.keys(byId(fargate, "aws_lambda_function")).filter((id) => id.startsWith("installation_"))).toEqual(
      [],
    );
  });
});

test("an existing network needs no public subnets", () => {
  const network = {
    type: "existing" as const,
    vpcId: "vpc-0123456789abcdef0",
    privateSubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  };
  const [connector] = all(synthesizeApp({ network, ...onAppRunner() }), "aws_apprunner_vpc_connector");
  expect(connector?.subnets).toEqual(network.privateSubnetIds);
});
