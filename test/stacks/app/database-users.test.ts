// The database users: their secrets, the function that makes and rotates them, and what it may do.
import { all, byId, one, ref, type SynthesizedStack, sampleStage, statements, synthesizeApp } from "../synth";

const stack = synthesizeApp();

describe("database users", () => {
  test("and the salt have empty secrets under the database's key, which stay", () => {
    const kept = {
      kms_key_id: ref("aws_kms_key.database.arn"),
      recovery_window_in_days: 30,
      lifecycle: { prevent_destroy: true },
    };
    const secrets = byId(stack, "aws_secretsmanager_secret");
    expect(Object.keys(secrets)).toHaveLength(4);
    expect(secrets).toMatchObject({
      application: { name: "redcap-prod/database/application", ...kept },
      ddl: { name: "redcap-prod/database/ddl", ...kept },
      salt: { name: "redcap-prod/salt", ...kept },
    });
    expect(byId(stack, "aws_secretsmanager_secret_version")).toEqual({});
  });

  test("are made by a function in the VPC that trusts Amazon's CAs", () => {
    expect(one(stack, "aws_lambda_function", "database-users_")).toMatchObject({
      function_name: "redcap-prod-database-users",
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      handler: "index.handler",
      timeout: 900,
      memory_size: 512,
      environment: {
        variables: {
          APPLICATION_SECRET_ARN: ref("aws_secretsmanager_secret.application.arn"),
          DDL_SECRET_ARN: ref("aws_secretsmanager_secret.ddl.arn"),
          SALT_SECRET_ARN: ref("aws_secretsmanager_secret.salt.arn"),
          DATABASE_NAME: "redcap",
          DATABASE_DOMAIN: ref('replace(aws_rds_cluster.cluster.endpoint, "/^[^.]*[.]/", "")'),
          NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem",
        },
      },
    });
  });

  test("are made once the writer answers, and again when code, cluster or secrets change", () => {
    const invocation = one(stack, "aws_lambda_invocation", "database-users_");
    expect(invocation.depends_on).toEqual(expect.arrayContaining(["aws_rds_cluster_instance.writer"]));
    expect(Object.keys(invocation.triggers as object).sort()).toEqual([
      "applicationSecret",
      "code",
      "ddlSecret",
      "saltSecret",
    ]);
    expect(invocation.input).toContain("aws_rds_cluster.cluster.master_user_secret[0].secret_arn");
    expect(invocation.input).toContain('"port" = aws_rds_cluster.cluster.port');
  });

  test("may use nothing but this stage's secrets", () => {
    expect(statements(stack, "database-users_read-master-secrets")).toMatchObject([
      {
        actions: ["secretsmanager:GetSecretValue"],
        resources: ["arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-*"],
        condition: [{ test: "StringLike", variable: "aws:ResourceTag/aws:rds:primaryDBClusterArn" }],
      },
    ]);
    expect(statements(stack, "database-users_write-secrets")).toEqual([
      {
        actions: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        resources: ["application", "ddl", "salt"].map((id) => ref(`aws_secretsmanager_secret.${id}.arn`)),
      },
      {
        actions: ["secretsmanager:DescribeSecret", "secretsmanager:UpdateSecretVersionStage"],
        resources: ["application", "ddl"].map((id) => ref(`aws_secretsmanager_secret.${id}.arn`)),
      },
      { actions: ["secretsmanager:GetRandomPassword"], resources: ["*"] },
    ]);
  });

  const rotationsOf = (of: SynthesizedStack) =>
    Object.entries(byId(of, "aws_secretsmanager_secret_rotation")).filter(([id]) => id.startsWith("database-users_"));

  test("are rotated by the function, the salt is not; the first time a month after they were made", () => {
    const [functionId] = Object.keys(byId(stack, "aws_lambda_function")).filter((id) =>
      id.startsWith("database-users_"),
    );
    const [invocationId] = Object.keys(byId(stack, "aws_lambda_invocation")).filter((id) =>
      id.startsWith("database-users_"),
    );
    const rotations = rotationsOf(stack).map(([, rotation]) => rotation);
    expect(rotations.map(({ secret_id }) => secret_id)).toEqual([
      ref("aws_secretsmanager_secret.application.arn"),
      ref("aws_secretsmanager_secret.ddl.arn"),
    ]);
    const [permissionId, permission] =
      Object.entries(byId(stack, "aws_lambda_permission")).find(([id]) => id.startsWith("database-users_")) ?? [];
    expect(permission).toMatchObject({
      function_name: ref(`aws_lambda_function.${functionId}.function_name`),
      principal: "secretsmanager.amazonaws.com",
      source_account: "111111111111",
    });
    for (const rotation of rotations)
      expect(rotation).toMatchObject({
        rotation_lambda_arn: ref(`aws_lambda_function.${functionId}.arn`),
        rotate_immediately: false,
        rotation_rules: { automatically_after_days: 30 },
        depends_on: [`aws_lambda_permission.${permissionId}`, `aws_lambda_invocation.${invocationId}`],
      });
    const weekly = synthesizeApp({ db: { ...sampleStage("prod").db, passwordRotationDays: 7 } });
    for (const [, rotation] of rotationsOf(weekly))
      expect(rotation).toMatchObject({ rotation_rules: { automatically_after_days: 7 } });
  });

  test("and their rotation need no NAT: Secrets Manager has an endpoint in the VPC", () => {
    const without = synthesizeApp({ network: { type: "create", nat: "none" } });
    const services = all(without, "aws_vpc_endpoint").map(({ service_name }) => service_name);
    expect(services).toContain("com.amazonaws.eu-west-2.secretsmanager");
    expect(all(without, "aws_nat_gateway")).toEqual([]);
  });
});
