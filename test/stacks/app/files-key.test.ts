import { lambdaBundle } from "../../../stacks/app/lambda-bundle";
import { documentOf, policyStatements } from "../invariant";
import { all, type Block, blocks, byId, one, ref, statements, synthesizeApp } from "../synth";

const stack = synthesizeApp();
const [USER_ID] = Object.keys(byId(stack, "aws_iam_user"));
const SECRET = ref("aws_secretsmanager_secret.files-key.arn");
const FUNCTION = "files-key_function";
const functionId = Object.keys(byId(stack, "aws_lambda_function")).find((id) => id.startsWith(FUNCTION));

describe("the user", () => {
  test("is one, can go with its keys, and has none in Terraform", () => {
    expect(all(stack, "aws_iam_user")).toEqual([
      expect.objectContaining({ name: "redcap-prod-files", path: "/", force_destroy: true }),
    ]);
    for (const type of ["aws_iam_access_key", "aws_iam_user_login_profile", "aws_iam_user_policy_attachment"])
      expect(byId(stack, type)).toEqual({});
    expect(byId(stack, "aws_iam_user_group_membership")).toEqual({});
  });

  test("may do at the files what REDCap's task may, and nothing else", () => {
    const policies = all(stack, "aws_iam_user_policy");
    expect(policies).toHaveLength(1);
    expect(policies[0]?.user).toBe(ref(`aws_iam_user.${USER_ID}.name`));
    const rights = policyStatements(documentOf(stack, policies[0]?.policy));
    expect(rights).toEqual(statements(stack, "tasks_roles_use-files"));
    expect(rights.flatMap(({ actions }) => actions)).toEqual([
      "s3:ListBucket",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]);
    expect(rights[2]).toMatchObject({
      resources: [ref("aws_kms_key.files.arn")],
      condition: [{ variable: "kms:ViaService", values: ["s3.eu-west-2.amazonaws.com"] }],
    });
  });
});

test("the secret is empty, has the secrets' key, and stays", () => {
  expect(byId(stack, "aws_secretsmanager_secret")["files-key"]).toMatchObject({
    name: "redcap-prod/files-key",
    kms_key_id: ref("aws_kms_key.database.arn"),
    recovery_window_in_days: 30,
    lifecycle: { prevent_destroy: true },
  });
  expect(byId(stack, "aws_secretsmanager_secret_version")).toEqual({});
});

describe("the function", () => {
  test("is outside the VPC, and told of user, bucket and secret", () => {
    const found = one(stack, "aws_lambda_function", FUNCTION);
    expect(found).toMatchObject({
      function_name: "redcap-prod-files-key",
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      handler: "index.handler",
      source_code_hash: lambdaBundle("access-key").codeHash,
      timeout: 240,
      environment: {
        variables: {
          PURPOSE: "files",
          KEY_USER: ref(`aws_iam_user.${USER_ID}.name`),
          FILES_BUCKET: ref("aws_s3_bucket.files.bucket"),
          KEY_SECRET_ARN: SECRET,
        },
      },
      logging_config: { log_format: "JSON" },
    });
    expect(found.vpc_config).toBeUndefined();
    expect(all(stack, "aws_lambda_function")).toHaveLength(3);
    expect(one(stack, "aws_cloudwatch_log_group", "files-key_")).toMatchObject({
      name: "/aws/lambda/redcap-prod-files-key",
      kms_key_id: ref("aws_kms_key.logs.arn"),
      retention_in_days: 2_192,
    });
  });

  test("may make and delete this user's keys, and write this secret", () => {
    const isOwn = ({ role }: Block) => String(role).includes("files-key_role");
    expect(all(stack, "aws_iam_role_policy_attachment").filter(isOwn)).toEqual([]);
    const policies = all(stack, "aws_iam_role_policy").filter(isOwn);
    const rights = policies.flatMap(({ policy }) => policyStatements(documentOf(stack, policy)));
    const logs = Object.keys(byId(stack, "aws_cloudwatch_log_group")).find((id) => id.startsWith("files-key_"));
    expect(rights).toHaveLength(4);
    expect(rights).toEqual(
      expect.arrayContaining([
        {
          actions: ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"],
          resources: [ref(`aws_iam_user.${USER_ID}.arn`)],
        },
        {
          actions: [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
          ],
          resources: [SECRET],
        },
        {
          actions: ["kms:Decrypt", "kms:GenerateDataKey"],
          resources: [ref("aws_kms_key.database.arn")],
          condition: [
            { test: "StringEquals", variable: "kms:ViaService", values: ["secretsmanager.eu-west-2.amazonaws.com"] },
          ],
        },
        {
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [`${ref(`aws_cloudwatch_log_group.${logs}.arn`)}:*`],
        },
      ]),
    );
  });

  test("is called by Secrets Manager for this account only", () => {
    expect(one(stack, "aws_lambda_permission", "files-key_")).toMatchObject({
      action: "lambda:InvokeFunction",
      function_name: ref(`aws_lambda_function.${functionId}.function_name`),
      principal: "secretsmanager.amazonaws.com",
      source_account: "111111111111",
    });
  });
});

describe("the first key", () => {
  const [id, invocation] =
    Object.entries(byId(stack, "aws_lambda_invocation")).find(([name]) => name.startsWith("files-key_")) ?? [];

  test("is made once the user has rights, and again for other code, another user or secret", () => {
    expect(invocation).toMatchObject({
      function_name: ref(`aws_lambda_function.${functionId}.function_name`),
      input: ref('jsonencode({"action" = "ensure"})'),
      triggers: {
        code: lambdaBundle("access-key").codeHash,
        secret: SECRET,
        user: ref(`aws_iam_user.${USER_ID}.unique_id`),
      },
    });
    const [policyId] = Object.keys(byId(stack, "aws_iam_user_policy"));
    expect(invocation?.depends_on).toEqual([`aws_iam_user_policy.${policyId}`]);
  });

  test("is there before a task starts, and before it is rotated every 30 days", () => {
    expect(one(stack, "aws_ecs_service").depends_on).toContain(`aws_lambda_invocation.${id}`);
    const rotation = one(stack, "aws_secretsmanager_secret_rotation", "files-key_");
    expect(rotation).toMatchObject({
      secret_id: SECRET,
      rotation_lambda_arn: ref(`aws_lambda_function.${functionId}.arn`),
      rotate_immediately: false,
    });
    expect(blocks(rotation.rotation_rules)).toEqual([{ automatically_after_days: 30 }]);
    const [permission] = Object.keys(byId(stack, "aws_lambda_permission")).filter((name) =>
      name.startsWith("files-key_"),
    );
    expect(rotation.depends_on).toEqual([`aws_lambda_permission.${permission}`, `aws_lambda_invocation.${id}`]);
  });
});
