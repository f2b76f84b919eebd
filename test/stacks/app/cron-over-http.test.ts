import { documentOf, policyStatements } from "../invariant";
import { all, blocks, byId, onAppRunner, one, ref, type SynthesizedStack, sampleStage, synthesizeApp } from "../synth";

const withCron = (cron: object) => synthesizeApp(onAppRunner({ cron }));
const stack = withCron({ via: "http" });
const asTask = withCron({});
const off = withCron({ via: "http", minutes: 0 });

const only = (type: string, idStart = "", of = stack) => {
  const [id, ...others] = Object.keys(byId(of, type)).filter((name) => name.startsWith(idStart));
  expect(others).toEqual([]);
  return `${type}.${id}`;
};
const rule = one(stack, "aws_cloudwatch_event_rule", "cron-over-http_");
const target = one(stack, "aws_cloudwatch_event_target", "cron-over-http_");
const connection = one(stack, "aws_cloudwatch_event_connection");
const SECRET = ref("aws_secretsmanager_secret.cron.arn");
/** What a role may do, statement by statement. */
const rightsOf = (role: string, of = stack) =>
  all(of, "aws_iam_role_policy")
    .filter((policy) => String(policy.role).includes(`{${role}.`))
    .flatMap(({ policy }) => policyStatements(documentOf(of, policy)));

describe("the call", () => {
  test("is made every minute, or as configured", () => {
    expect(rule).toMatchObject({ name: "redcap-prod-cron", schedule_expression: "rate(1 minute)" });
    const often = one(withCron({ via: "http", minutes: 5 }), "aws_cloudwatch_event_rule", "cron-over-http_");
    expect(often.schedule_expression).toBe("rate(5 minutes)");
  });

  test("stays disabled through a deployment", () => {
    expect(rule.lifecycle).toEqual({ ignore_changes: ["state", "is_enabled"] });
    expect(rule).not.toHaveProperty("state");
  });

  test("is to the service under App Runner's own name, of which nothing expires", () => {
    const destination = one(stack, "aws_cloudwatch_event_api_destination");
    const service = only("aws_apprunner_service");
    expect(destination).toMatchObject({
      name: "redcap-prod-cron",
      connection_arn: ref(`${only("aws_cloudwatch_event_connection")}.arn`),
      invocation_endpoint: `https://${ref(`${service}.service_url`)}/cron.php`,
      http_method: "POST",
      invocation_rate_limit_per_second: 1,
    });
    expect(target).toMatchObject({
      arn: ref(`${only("aws_cloudwatch_event_api_destination")}.arn`),
      rule: ref(`${only("aws_cloudwatch_event_rule", "cron-over-http_")}.name`),
      role_arn: ref(`${only("aws_iam_role", "cron-over-http_")}.arn`),
      input: "{}",
    });
  });

  test("is not tried again", () => {
    expect(target.retry_policy).toEqual({ maximum_retry_attempts: 0, maximum_event_age_in_seconds: 60 });
    expect(target).not.toHaveProperty("dead_letter_config");
  });

  test("waits until there is a password, and the web ACL lets it through", () => {
    expect(target.depends_on).toEqual(
      expect.arrayContaining([
        only("aws_lambda_invocation", "cron-password_"),
        only("aws_wafv2_web_acl_association", "app-runner_"),
      ]),
    );
  });

  test("is all that its role may, for this rule of this account", () => {
    const role = only("aws_iam_role", "cron-over-http_");
    expect(rightsOf(role)).toEqual([
      expect.objectContaining({
        actions: ["events:InvokeApiDestination"],
        resources: [ref(`${only("aws_cloudwatch_event_api_destination")}.arn`)],
      }),
    ]);
    const { name, assume_role_policy } = one(stack, "aws_iam_role", "cron-over-http_");
    // Of the task's schedule there may still be one of the other name.
    expect(name).toBe("redcap-prod-cron-call");
    const [trust] = policyStatements(documentOf(stack, assume_role_policy));
    expect(trust).toMatchObject({ principals: [{ identifiers: ["events.amazonaws.com"] }] });
    expect(blocks(trust?.condition).map(({ variable, values }) => [variable, values])).toEqual([
      ["aws:SourceAccount", ["111111111111"]],
      ["aws:SourceArn", ["arn:aws:events:eu-west-2:111111111111:rule/redcap-prod-cron"]],
    ]);
  });

  test("is let through AWS WAF, which else closes the page", () => {
    const rules = (of: SynthesizedStack) => blocks(one(of, "aws_wafv2_web_acl").rule).map(({ name }) => name);
    expect(rules(stack)).toContain("cron-with-secret");
    for (const other of [asTask, off]) expect(rules(other)).not.toContain("cron-with-secret");
  });
});

describe("the password", () => {
  test("is not Terraform's: the connection has a placeholder that Terraform never sends again", () => {
    expect(connection).toMatchObject({
      name: "redcap-prod-cron",
      authorization_type: "BASIC",
      auth_parameters: { basic: { username: "cron", password: "written-by-a-function" } },
      lifecycle: { ignore_changes: "all" },
    });
    expect(all(stack, "aws_secretsmanager_secret_version")).toEqual([]);
  });

  test("is in an empty secret with the stage's key, which may go with what uses it, also on a protected stage", () => {
    expect(byId(stack, "aws_secretsmanager_secret").cron).toMatchObject({
      name: "redcap-prod/cron",
      kms_key_id: ref("aws_kms_key.database.arn"),
      recovery_window_in_days: 0,
      lifecycle: { prevent_destroy: false },
    });
    expect(byId(stack, "aws_secretsmanager_secret").salt?.lifecycle).toEqual({ prevent_destroy: true });
  });

  test("is read by the service alone, which waits for it", () => {
    const service = one(stack, "aws_apprunner_service");
    const [repository] = blocks(blocks(service.source_configuration)[0]?.image_repository);
    const variables = blocks(repository?.image_configuration)[0]?.runtime_environment_variables;
    expect(variables).toMatchObject({ CRON_SECRET_ARN: SECRET });
    expect(service.depends_on).toContain(only("aws_lambda_invocation", "cron-password_"));
    const readers = Object.keys(byId(stack, "aws_iam_role")).filter((id) =>
      JSON.stringify(rightsOf(`aws_iam_role.${id}`)).includes(SECRET),
    );
    expect(readers.map((id) => id.replace(/_[^_]*$/, "")).sort()).toEqual([
      "app-runner_instance_role",
      "cron-password_role",
    ]);
    expect(JSON.stringify(all(stack, "aws_ecs_task_definition"))).not.toContain(SECRET);
  });

  test("is made and rotated by a function, which may change this connection and its secret", () => {
    expect(one(stack, "aws_lambda_function", "cron-password_")).toMatchObject({
      function_name: "redcap-prod-cron-password",
      environment: { variables: { CRON_SECRET_ARN: SECRET, WAIT_SECONDS: "180" } },
      timeout: 300,
    });
    expect(one(stack, "aws_secretsmanager_secret_rotation", "cron-password_")).toMatchObject({
      secret_id: SECRET,
      rotate_immediately: false,
      rotation_rules: { automatically_after_days: 30 },
    });
    const id = only("aws_cloudwatch_event_connection");
    const events = rightsOf(only("aws_iam_role", "cron-password_")).filter(({ actions }) =>
      JSON.stringify(actions).includes("events:"),
    );
    expect(events).toEqual([
      expect.objectContaining({
        actions: ["events:DescribeConnection", "events:UpdateConnection"],
        resources: [ref(`${id}.arn`)],
      }),
    ]);
    const [invocation] = Object.values(byId(stack, "aws_lambda_invocation")).filter(({ triggers }) =>
      JSON.stringify(triggers).includes(id),
    );
    expect(invocation?.triggers).toMatchObject({ secret: SECRET, connection: ref(`${id}.arn`) });
  });
});

describe("there is one cron", () => {
  const TYPES = [
    "aws_cloudwatch_event_connection",
    "aws_cloudwatch_event_api_destination",
    "aws_scheduler_schedule",
  ] as const;
  /** The maintenance server has a schedule, too. */
  const count = (of: SynthesizedStack) =>
    TYPES.map((type) => Object.keys(byId(of, type)).filter((id) => id.startsWith("cron")).length);
  test.each([
    ["a task by default", asTask, [0, 0, 1]],
    ["HTTP", stack, [1, 1, 0]],
    ["none", off, [0, 0, 0]],
    ["a task on Fargate", synthesizeApp({ service: sampleStage("prod").service }), [0, 0, 1]],
  ])("%s", (_, of, counts) => {
    expect(count(of)).toEqual(counts);
  });

  test("off, or as a task, nothing of HTTP is left", () => {
    for (const other of [off, asTask]) {
      expect(Object.keys(byId(other, "aws_secretsmanager_secret"))).not.toContain("cron");
      expect(JSON.stringify(all(other, "aws_apprunner_service"))).not.toContain("CRON_SECRET");
    }
  });
});

test("the alarms look at the rule's calls instead of tasks", () => {
  const alarm = (id: string, of = stack) =>
    all(of, "aws_cloudwatch_metric_alarm").find(({ alarm_name }) => alarm_name === `redcap-prod-${id}`);
  const dimensions = { RuleName: "redcap-prod-cron" };
  expect(alarm("no-cron")).toMatchObject({
    ...{ namespace: "AWS/Events", metric_name: "SuccessfulInvocationAttempts", dimensions },
    treat_missing_data: "breaching",
  });
  expect(alarm("cron-fails")).toMatchObject({ namespace: "AWS/Events", metric_name: "FailedInvocations", dimensions });
  expect(alarm("cron-password-function")).toBeDefined();
  expect(alarm("no-cron", asTask)).toMatchObject({ metric_name: "CronSucceeded" });
  for (const id of ["no-cron", "cron-fails", "cron-password-function"]) expect(alarm(id, off)).toBeUndefined();
});
