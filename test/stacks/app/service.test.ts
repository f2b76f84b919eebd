import { documentOf, policyStatements } from "../invariant";
import { all, byId, one, ref, type Statement, sampleStage, statements, synthesizeApp } from "../synth";
import { taskDefinition } from "./task";

const stack = synthesizeApp();
const service = one(stack, "aws_ecs_service");

/** The sample's service with changes. */
const changed = (change: object) => ({ service: { ...sampleStage("prod").service, ...change } as never });

describe("load balancer", () => {
  test("speaks TLS 1.2 and 1.3, and HTTP only to redirect", () => {
    expect(Object.values(byId(stack, "aws_lb_listener"))).toMatchObject([
      {
        port: 80,
        protocol: "HTTP",
        default_action: [{ redirect: { port: "443", protocol: "HTTPS", status_code: "HTTP_301" } }],
      },
      { port: 443, protocol: "HTTPS", ssl_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06" },
    ]);
    expect(one(stack, "aws_lb")).toMatchObject({
      internal: false,
      drop_invalid_header_fields: true,
      idle_timeout: 4_000,
      access_logs: { enabled: true, prefix: "load-balancer" },
    });
  });

  test("drains as long as configured, within what ELB allows", () => {
    expect(one(stack, "aws_lb_target_group").deregistration_delay).toBe("300");
    const slow = synthesizeApp(changed({ drainSeconds: 3_600 }));
    expect(one(slow, "aws_lb_target_group").deregistration_delay).toBe("3600");
    expect(() => synthesizeApp(changed({ drainSeconds: 3_601 }))).toThrow(/drainSeconds.*3,600/);
  });

  test("asks for a page without the database, and takes nothing but 200 for health", () => {
    expect(one(stack, "aws_lb_target_group").health_check).toMatchObject({ path: "/health/live", matcher: "200" });
    const other = synthesizeApp(changed({ healthCheckPath: "/health/ready" }));
    expect(one(other, "aws_lb_target_group").health_check).toMatchObject({ path: "/health/ready" });
  });

  test("admits the allowed addresses, IPv4 and IPv6, on 443 and 80", () => {
    const admitted = (allowedIps: string[]) =>
      Object.entries(byId(synthesizeApp({ allowedIps }), "aws_vpc_security_group_ingress_rule"))
        .filter(([id]) => id.startsWith("load-balancer_") && !id.includes("from-itself"))
        .map(([, rule]) => [rule.cidr_ipv4 ?? rule.cidr_ipv6, rule.from_port]);
    expect(admitted(["198.51.100.0/24", "2001:db8::/32"])).toEqual([
      ["198.51.100.0/24", 443],
      ["198.51.100.0/24", 80],
      ["2001:db8::/32", 443],
      ["2001:db8::/32", 80],
    ]);
    expect(admitted([])).toEqual([]);
  });

  test("admits REDCap's own calls by NAT, on 443, where it is on the internet", () => {
    const itself = (app: typeof stack) =>
      Object.entries(byId(app, "aws_vpc_security_group_ingress_rule"))
        .filter(([id]) => id.startsWith("load-balancer_from-itself"))
        .map(([, rule]) => [rule.cidr_ipv4, rule.from_port, rule.to_port]);
    const gateways = Object.keys(byId(stack, "aws_eip"));
    expect(gateways).toHaveLength(3);
    expect(itself(stack)).toEqual(gateways.map((id) => [`${ref(`aws_eip.${id}.public_ip`)}/32`, 443, 443]));
    expect(itself(synthesizeApp(changed({ internal: true })))).toEqual([]);
    expect(itself(synthesizeApp({ network: { type: "create", nat: "none" } }))).toEqual([]);
  });

  test("keeps the rules of the other blocks when one is removed", () => {
    const ids = (allowedIps: string[]) =>
      Object.entries(byId(synthesizeApp({ allowedIps }), "aws_vpc_security_group_ingress_rule"))
        .filter(([id]) => id.startsWith("load-balancer_") && !id.includes("from-itself"))
        .map(([id, rule]) => [id, rule.cidr_ipv4 ?? rule.cidr_ipv6]);
    const kept = ["198.51.100.0/24", "2001:db8::/32"];
    const before = ids(["203.0.113.0/24", ...kept]);
    expect(ids(kept)).toEqual(before.filter(([, block]) => kept.includes(String(block))));
    expect(before).toHaveLength(6);
  });

  test("moves to another container port without an interruption", () => {
    const group = one(synthesizeApp(changed({ port: 9_000 })), "aws_lb_target_group");
    expect(group).toMatchObject({ name: "redcap-prod-9000", port: 9_000, lifecycle: { create_before_destroy: true } });
  });
});

describe("service", () => {
  test("rolls a failed deployment back and never runs fewer tasks than it has", () => {
    expect(service).toMatchObject({
      name: "redcap-prod",
      launch_type: "FARGATE",
      desired_count: 2,
      deployment_circuit_breaker: { enable: true, rollback: true },
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      enable_execute_command: false,
      wait_for_steady_state: false,
      lifecycle: { ignore_changes: ["desired_count"] },
    });
    expect(service.depends_on).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^aws_lambda_invocation\./),
        expect.stringMatching(/^aws_lb_listener\./),
      ]),
    );
  });

  test("has a task of the configured size; earlier revisions stay for the roll-back", () => {
    expect(taskDefinition(stack, "task")).toMatchObject({
      cpu: "2048",
      memory: "4096",
      network_mode: "awsvpc",
      skip_destroy: true,
    });
    const small = synthesizeApp(changed({ cpu: "0.25 vCPU", memory: "0.5 GB" }));
    expect(taskDefinition(small, "task")).toMatchObject({ cpu: "256", memory: "512" });
  });

  test("calls the database and what is configured, by default HTTPS alone", () => {
    const ways = (app: typeof stack) =>
      all(app, "aws_vpc_security_group_egress_rule")
        .filter(({ security_group_id }) => String(security_group_id).includes("tasks_security-group"))
        .map((rule) => [rule.cidr_ipv4 ?? rule.cidr_ipv6 ?? "database", rule.ip_protocol, rule.from_port]);
    const database = ["database", "tcp", ref("aws_rds_cluster.cluster.port")];
    expect(ways(stack)).toEqual([["0.0.0.0/0", "tcp", 443], database]);
    expect(ways(synthesizeApp({ network: { type: "create", nat: "none" } }))).toEqual(ways(stack));
    const egress = [
      { port: 636, cidr: "10.20.0.0/24" },
      { port: 443, cidr: "::/0" },
    ];
    expect(ways(synthesizeApp(changed({ egress })))).toEqual(
      expect.arrayContaining([["10.20.0.0/24", "tcp", 636], ["::/0", "tcp", 443], database]),
    );
    expect(() => synthesizeApp(changed({ egress: [egress[0], egress[0]] }))).toThrow(/egress.*once/);
    expect(() => synthesizeApp(changed({ egress: [{ port: 0, cidr: "anywhere" }] }))).toThrow(/egress/);
  });

  test("scales by CPU and by requests", () => {
    expect(one(stack, "aws_appautoscaling_target")).toMatchObject({ min_capacity: 2, max_capacity: 6 });
    const metrics = all(stack, "aws_appautoscaling_policy").map(
      ({ target_tracking_scaling_policy_configuration: tracking }) =>
        tracking as { target_value: number; predefined_metric_specification: { predefined_metric_type: string } },
    );
    expect(metrics.map((m) => [m.predefined_metric_specification.predefined_metric_type, m.target_value])).toEqual([
      ["ECSServiceAverageCPUUtilization", 60],
      ["ALBRequestCountPerTarget", 100],
    ]);
  });
});

describe("rights", () => {
  const secrets = (...ids: string[]) => ids.map((id) => ref(`aws_secretsmanager_secret.${id}.arn`));
  /** Every statement of the role, whatever policy it is in. */
  const rightsOf = (role: "execution" | "task"): Statement[] => {
    const isOf = (reference: unknown) => String(reference).includes(`aws_iam_role.tasks_roles_${role}_`);
    expect(all(stack, "aws_iam_role_policy_attachment").filter((attachment) => isOf(attachment.role))).toEqual([]);
    return all(stack, "aws_iam_role_policy")
      .filter((policy) => isOf(policy.role))
      .flatMap(({ policy }) => policyStatements(documentOf(stack, policy)));
  };
  /** Secrets that the role can read, if their key lets it. */
  const readable = (role: "execution" | "task") =>
    rightsOf(role)
      .filter(({ actions }) => actions?.some((action) => /^(\*|secretsmanager:)/.test(action)))
      .map(({ actions, resources }) => ({ actions, resources }));

  test("to start a task: one repository, the secrets of `prepare`, one log group", () => {
    expect(statements(stack, "tasks_roles_pull-image")[0]?.resources).toEqual([
      "arn:aws:ecr:eu-west-2:111111111111:repository/redcap",
    ]);
    expect(readable("execution")).toEqual([
      { actions: ["secretsmanager:GetSecretValue"], resources: secrets("ddl", "salt") },
    ]);
    expect(rightsOf("execution").flatMap(({ actions }) => actions)).toEqual([
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
      "ecr:GetAuthorizationToken",
      "secretsmanager:GetSecretValue",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });

  test("of REDCap itself: its own secrets and files, and never the DDL user's", () => {
    expect(readable("task")).toEqual([
      { actions: ["secretsmanager:GetSecretValue"], resources: secrets("application", "salt", "files-key") },
    ]);
    // Nothing that would start a task with the other secrets, or take the other role.
    expect(rightsOf("task").flatMap(({ actions }) => actions)).toEqual([
      "secretsmanager:GetSecretValue",
      "kms:Decrypt",
      "s3:ListBucket",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]);
    const documents = Object.entries(stack.data.aws_iam_policy_document ?? {});
    const naming = documents.filter(([, document]) => JSON.stringify(document).includes("secret.ddl."));
    expect(naming.map(([id]) => id.replace(/_[0-9A-F]{8}$/, ""))).toEqual([
      "database-users_write-secrets",
      "tasks_roles_execution-secrets",
    ]);
  });

  test.each(["execution", "task"] as const)("of %s: the secrets' key through Secrets Manager only", (role) => {
    const onKey = rightsOf(role).filter(({ resources }) => resources?.includes(ref("aws_kms_key.database.arn")));
    expect(onKey).toEqual([
      {
        actions: ["kms:Decrypt"],
        resources: [ref("aws_kms_key.database.arn")],
        condition: [
          { test: "StringEquals", variable: "kms:ViaService", values: ["secretsmanager.eu-west-2.amazonaws.com"] },
        ],
      },
    ]);
  });

  test("for a public image: none to pull", () => {
    const open = synthesizeApp(changed({ image: "public.ecr.aws/example/redcap:17.4.4" }));
    expect(Object.keys(open.data.aws_iam_policy_document ?? {}).filter((id) => id.includes("pull-image"))).toEqual([]);
  });

  test("of REDCap itself: objects of the files bucket, through their key", () => {
    const rights = statements(stack, "tasks_roles_use-files");
    expect(rights.flatMap(({ actions }) => actions)).toEqual([
      "s3:ListBucket",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]);
    for (const { resources } of rights) expect(String(resources)).toMatch(/^\$\{aws_(s3_bucket|kms_key)\.files\.arn\}/);
  });
});

test("the stack puts out what people and scripts ask for, and no secret", () => {
  expect(Object.keys(stack.output)).toEqual(
    expect.arrayContaining([
      "load_balancer_dns_name",
      "cluster_endpoint",
      "salt_secret_arn",
      "files_bucket",
      "database_users_function",
      "ecs_service",
      "upgrade_command",
    ]),
  );
  expect(JSON.stringify(stack.output)).not.toMatch(/password|secret_string/i);
});
