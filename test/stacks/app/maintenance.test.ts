// The maintenance server's part of the stack: no instance in it, no way into one, and few rights.
import { stageNames, validate } from "../../../config";
import { documentOf, policyStatements } from "../invariant";
import {
  all,
  type Block,
  blocks,
  byId,
  one,
  ref,
  type Statement,
  type SynthesizedStack,
  sampleInput,
  sampleStage,
  statements,
  synthesizeApp,
} from "../synth";
import { containers } from "./task";

const stack = synthesizeApp();
const template = one(stack, "aws_launch_template");
const machine = one(stack, "aws_sfn_state_machine");
const address = (type: string, idStart: string) => {
  const [id, ...others] = Object.keys(byId(stack, type)).filter((name) => name.startsWith(idStart));
  expect(others).toEqual([]);
  return `${type}.${id}`;
};
const GROUP = address("aws_security_group", "maintenance_");

/** The sample's stage with another `maintenanceServer`. */
const withServer = (change: object | undefined): SynthesizedStack =>
  synthesizeApp({ maintenanceServer: change } as never);

/** The user data, with Terraform's expressions in it. */
const script = (of: SynthesizedStack) => {
  const locals = (of as unknown as { locals: Record<string, string> }).locals;
  const [text, ...others] = Object.entries(locals).filter(([id]) => id.startsWith("maintenance_user-data"));
  expect(others).toEqual([]);
  return String(text?.[1]);
};
const environment = (of: SynthesizedStack, file: "server" | "upgrade") => {
  const lines = new RegExp(`${file}.env <<'ENVIRONMENT'\n(.*?)\nENVIRONMENT`, "s").exec(script(of))?.[1]?.split("\n");
  return lines && Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
};
/** Statements of a role's inline policies by name. */
const policiesOf = (of: SynthesizedStack, role: string): Record<string, Statement[]> =>
  Object.fromEntries(
    all(of, "aws_iam_role_policy")
      .filter((policy) => String(policy.role).includes(`aws_iam_role.${role}`))
      .map((policy) => [String(policy.name), policyStatements(documentOf(of, policy.policy))]),
  );

test("the stack has no instance: its end is no drift, and no deployment brings it back", () => {
  const types = Object.keys(stack.resource).filter((type) => /instance|autoscaling_group|spot|fleet/.test(type));
  expect(types).toEqual(["aws_iam_instance_profile", "aws_rds_cluster_instance"]);
});

test("without the field there is nothing of it", () => {
  for (const without of [withServer(undefined), synthesizeApp({}, "dev")])
    expect(JSON.stringify({ ...without, provider: {} })).not.toMatch(
      /redcap-\w+-maintenance(?!-v[46]")|"maintenance_|ssmmessages/,
    );
});

describe("the template", () => {
  test("takes the newest Amazon Linux at launch, x86, and ends with its shutdown", () => {
    expect(template).toMatchObject({
      name: "redcap-prod-maintenance",
      image_id: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
      instance_type: "t3.large",
      instance_initiated_shutdown_behavior: "terminate",
    });
    expect(template).not.toHaveProperty("key_name");
    for (const type of ["t4g.large", "m7gd.xlarge", "a1.large", "large"])
      expect(() => withServer({ instanceType: type })).toThrow(/maintenanceServer\.instanceType/);
    for (const type of ["g5.xlarge", "m7i-flex.large", "c5n.2xlarge"])
      expect(one(withServer({ instanceType: type }), "aws_launch_template").instance_type).toBe(type);
  });

  test("asks for session tokens of the metadata service, one hop away", () => {
    expect(template.metadata_options).toMatchObject({
      http_tokens: "required",
      http_put_response_hop_limit: 1,
      http_endpoint: "enabled",
    });
    expect(script(stack)).toContain("--network host");
  });

  test("has one interface, without a public address, in a group that lets nothing in", () => {
    expect(template.network_interfaces).toMatchObject([
      { associate_public_ip_address: "false", security_groups: [ref(`${GROUP}.id`)] },
    ]);
    expect(template).not.toHaveProperty("vpc_security_group_ids");
    const into = all(stack, "aws_vpc_security_group_ingress_rule").filter(({ security_group_id }) =>
      String(security_group_id).includes(GROUP),
    );
    expect(into).toEqual([]);
  });

  test("lets the server out to the database and to what REDCap may call", () => {
    const egress = [
      { port: 443, cidr: "0.0.0.0/0" },
      { port: 636, cidr: "2001:db8::/32" },
    ];
    const changed = synthesizeApp({ service: { ...sampleStage("prod").service, egress } as never });
    const out = Object.entries(byId(changed, "aws_vpc_security_group_egress_rule"))
      .filter(([id]) => id.startsWith("maintenance_"))
      .map(([, rule]) => [rule.from_port, rule.cidr_ipv4 ?? rule.cidr_ipv6 ?? rule.referenced_security_group_id]);
    expect(out).toEqual([
      [443, "0.0.0.0/0"],
      [636, "2001:db8::/32"],
      [ref("aws_rds_cluster.cluster.port"), expect.stringContaining("database_security-group")],
    ]);
  });

  test("lets the server out to the mail relay where there is one", () => {
    const ports = (of: SynthesizedStack) =>
      Object.entries(byId(of, "aws_vpc_security_group_egress_rule"))
        .filter(([id]) => id.startsWith("maintenance_"))
        .map(([, rule]) => rule.from_port);
    expect(ports(synthesizeApp({ email: "admins@example.org" }))).toContain(587);
    expect(ports(synthesizeApp())).not.toContain(587);
  });

  test("encrypts the disk with the files' key", () => {
    const [disk] = blocks(template.block_device_mappings);
    expect(disk).toMatchObject({
      device_name: "/dev/xvda",
      ebs: { encrypted: "true", kms_key_id: ref("aws_kms_key.files.arn"), volume_type: "gp3", volume_size: 50 },
    });
    const larger = one(withServer({ diskGb: 200 }), "aws_launch_template");
    expect(blocks(larger.block_device_mappings)[0]?.ebs).toMatchObject({ volume_size: 200 });
  });
});

describe("what the server's container is told", () => {
  const told = environment(stack, "server") ?? {};

  test("is what the service is told of REDCap, so that neither changes the other's settings", () => {
    const service = containers(stack).find(({ name }) => name === "redcap");
    const cron = containers(stack, "cron").find(({ name }) => name === "cron");
    const shared = cron?.environment ?? [];
    expect(shared.length).toBeGreaterThan(4);
    for (const { name, value } of shared) expect(told[name]).toBe(value);
    expect(script(stack)).toContain(`IMAGE='${service?.image}'`);
  });

  test("beside that: HTTPS, requests as long as any server runs, and nobody in front of it", () => {
    const names = containers(stack, "cron")[0]?.environment.map(({ name }) => name) ?? [];
    expect(Object.fromEntries(Object.entries(told).filter(([name]) => !names.includes(name)))).toEqual({
      PORT: "8443",
      TLS: "on",
      REQUEST_TIMEOUT_SECONDS: String(72 * 3600),
      START_TIMEOUT_SECONDS: "900",
      SHUTDOWN_SECONDS: "110",
      TRUSTED_PROXIES: "127.0.0.1/32",
    });
  });

  test("is no secret's value, and nothing of the DDL user unless the server may upgrade", () => {
    expect(script(stack)).not.toMatch(/DDL|aws_secretsmanager_secret\.ddl/);
    expect(policiesOf(stack, "maintenance_server_")).not.toHaveProperty("more-secrets");
    expect(environment(stack, "upgrade")).toBeUndefined();

    const upgrading = withServer({ upgrades: true });
    expect(environment(upgrading, "upgrade")).toEqual({
      AWS_REGION: "eu-west-2",
      DDL_SECRET_ARN: ref("aws_secretsmanager_secret.ddl.arn"),
      SALT_SECRET_ARN: ref("aws_secretsmanager_secret.salt.arn"),
    });
    expect(environment(upgrading, "server")).toEqual(told);
    expect(policiesOf(upgrading, "maintenance_server_")["more-secrets"]?.[0]).toEqual({
      actions: ["secretsmanager:GetSecretValue"],
      resources: [ref("aws_secretsmanager_secret.ddl.arn")],
    });
  });

  test("a certificate that is supplied is read from its secret; one of another account is refused", () => {
    const arn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:maintenance-certificate-abcdef";
    const supplied = withServer({ certificateSecretArn: arn, port: 9443 });
    expect(environment(supplied, "server")).toMatchObject({ TLS: "on", TLS_SECRET_ARN: arn, PORT: "9443" });
    expect(policiesOf(supplied, "maintenance_server_")["more-secrets"]?.[0]?.resources).toEqual([arn]);
    for (const foreign of [arn.replace("111111111111", "222222222222"), arn.replace("eu-west-2", "eu-west-1")])
      expect(() => withServer({ certificateSecretArn: foreign })).toThrow(/certificateSecretArn.*111111111111/);
  });

  test("keeps bash's own expressions from Terraform", () => {
    const unescaped = script(stack).match(/(?<!\$)\$\{[^}]*\}/g) ?? [];
    for (const expression of unescaped) expect(expression).toMatch(/^\$\{(aws_|local\.)/);
    expect(script(stack)).toContain('"$${options[@]}"');
  });
});

describe("the server's role", () => {
  const policies = policiesOf(stack, "maintenance_server_");

  test("has what REDCap's task has", () => {
    const { "read-secrets": secrets, "use-files": files } = policiesOf(stack, "tasks_roles_task_");
    expect(secrets?.[0]?.resources?.length).toBeGreaterThan(2);
    expect(policies).toMatchObject({ "read-secrets": secrets, "use-files": files });
  });

  test("and beside that may pull the image, log, and be reached", () => {
    expect(Object.keys(policies).sort()).toEqual([
      "be-reached",
      "pull-image",
      "read-secrets",
      "use-files",
      "write-logs",
    ]);
    expect(policies["be-reached"]?.map(({ resources }) => resources)).toEqual([
      ["arn:aws:ec2:eu-west-2:111111111111:instance/*"],
      ["*"],
    ]);
    expect(policies["write-logs"]?.[0]?.resources?.[0]).toMatch(/aws_cloudwatch_log_group\.maintenance_logs_/);
    expect(one(stack, "aws_cloudwatch_log_group", "maintenance_logs_").name).toBe("/aws/ec2/redcap-prod-maintenance");
  });
});

describe("the state machine", () => {
  const definition = JSON.parse(String(machine.definition)) as { States: Record<string, Block> };
  const apis = Object.values(definition.States).flatMap(({ Resource }) =>
    Resource ? [String(Resource).replace("arn:aws:states:::aws-sdk:", "")] : [],
  );
  const allowed = Object.values(policiesOf(stack, "maintenance_role_"))
    .flat()
    .flatMap(({ actions = [] }) => actions);

  test("may do what it does", () => {
    expect(apis.length).toBeGreaterThan(5);
    for (const api of apis) {
      const [service, name = ""] = api.split(":");
      expect(allowed).toContain(`${service}:${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    }
  });

  test("may launch from its own template only, in the private subnets, tagged, without a public address", () => {
    const launches = statements(stack, "maintenance_launch").filter(({ actions }) =>
      actions?.includes("ec2:RunInstances"),
    );
    const templateArn = ref(`${address("aws_launch_template", "maintenance_")}.arn`);
    for (const { condition } of launches)
      expect(condition).toContainEqual({ test: "ArnEquals", variable: "ec2:LaunchTemplate", values: [templateArn] });
    expect(launches.flatMap(({ resources }) => resources)).toEqual([
      "arn:aws:ec2:eu-west-2:111111111111:instance/*",
      "arn:aws:ec2:eu-west-2:111111111111:volume/*",
      "arn:aws:ec2:eu-west-2:111111111111:network-interface/*",
      templateArn,
      ref(`${GROUP}.arn`),
      ...(one(stack, "aws_ecs_service").network_configuration as { subnets: string[] }).subnets.map(
        (id) => `arn:aws:ec2:eu-west-2:111111111111:subnet/${id}`,
      ),
      "arn:aws:ec2:eu-west-2::image/*",
    ]);
    expect(launches[0]?.condition).toContainEqual({
      test: "StringEquals",
      variable: "aws:RequestTag/redcap:maintenance",
      values: ["redcap-prod"],
    });
    expect(launches[1]?.condition).toContainEqual({
      test: "Bool",
      variable: "ec2:AssociatePublicIpAddress",
      values: ["false"],
    });
  });

  test("passes the server's role to EC2 alone, ends what has the stage's tag, and runs one document", () => {
    const find = (action: string) =>
      Object.values(policiesOf(stack, "maintenance_role_"))
        .flat()
        .filter(({ actions }) => actions?.includes(action));
    expect(find("iam:PassRole")).toEqual([
      {
        actions: ["iam:PassRole"],
        resources: [ref(`${address("aws_iam_role", "maintenance_server_")}.arn`)],
        condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: ["ec2.amazonaws.com"] }],
      },
    ]);
    expect(find("ec2:TerminateInstances")[0]?.condition).toEqual([
      { test: "StringEquals", variable: "aws:ResourceTag/redcap:maintenance", values: ["redcap-prod"] },
    ]);
    expect(find("ssm:SendCommand").map(({ resources, condition }) => [resources, condition?.[0]?.values])).toEqual([
      [[ref(`${address("aws_ssm_document", "maintenance_")}.arn`)], undefined],
      [["arn:aws:ec2:eu-west-2:111111111111:instance/*"], ["redcap-prod"]],
    ]);
  });

  test("is assumed by itself alone, logs every step, and goes on to the removal whatever fails", () => {
    expect(
      policyStatements(documentOf(stack, one(stack, "aws_iam_role", "maintenance_role_").assume_role_policy)),
    ).toEqual([
      expect.objectContaining({
        condition: [
          { test: "StringEquals", variable: "aws:SourceAccount", values: ["111111111111"] },
          {
            test: "ArnEquals",
            variable: "aws:SourceArn",
            values: ["arn:aws:states:eu-west-2:111111111111:stateMachine:redcap-prod-maintenance"],
          },
        ],
      }),
    ]);
    expect(machine.logging_configuration).toMatchObject({ level: "ALL", include_execution_data: true });
    for (const [name, state] of Object.entries(definition.States))
      if (state.Type === "Task")
        expect([name, blocks(state.Catch).map(({ ErrorEquals }) => ErrorEquals)]).toEqual([name, [["States.ALL"]]]);
  });

  test("tags instance and disk as the stage's resources are", () => {
    const tagged = synthesizeApp({ tags: { Name: "theirs", "cost centre": "42" } });
    const { States } = JSON.parse(String(one(tagged, "aws_sfn_state_machine").definition)) as typeof definition;
    const { TagSpecifications } = (States.Launch as { Arguments: Block }).Arguments;
    for (const { Tags } of TagSpecifications as { Tags: { Key: string; Value: string }[] }[])
      expect(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))).toEqual({
        "cost centre": "42",
        Name: "redcap-prod-maintenance",
        "redcap:stage": "prod",
        "redcap:stack": "app-prod",
        "redcap:maintenance": "redcap-prod",
        "redcap:expires": "{% $expires %}",
        "redcap:execution": "{% $states.context.Execution.Name %}",
      });
  });
});

test("the sweep comes every hour, by a role that may start this state machine only", () => {
  const schedule = one(stack, "aws_scheduler_schedule", "maintenance_");
  const machineArn = ref(`${address("aws_sfn_state_machine", "maintenance_")}.arn`);
  expect(schedule).toMatchObject({
    schedule_expression: "rate(1 hour)",
    target: { arn: machineArn, input: '{"action":"sweep"}' },
  });
  expect(policiesOf(stack, "maintenance_sweep-role_")).toEqual({
    start: [{ actions: ["states:StartExecution"], resources: [machineArn] }],
  });
});

test("a person finds the command in the outputs, and scripts find the state machine by its name", () => {
  expect(stack.output.maintenance_command?.value).toBe("npm run maintenance -- start --stage prod");
  const [, prod] = validate(sampleInput()).stages;
  expect(prod && stageNames(prod).maintenanceStateMachineArn).toMatch(new RegExp(`:${String(machine.name)}$`));
});
