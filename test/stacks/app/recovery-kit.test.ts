// The stage's side of the recovery kit: what the function is told, may do, and when it runs.
import { type StageConfig, validate } from "../../../config";
import { all, byId, one, ref, type StageInput, sampleStage, statements, synthesizeApp } from "../synth";

const stack = synthesizeApp();
const { image: _, ...service } = sampleStage("prod").service as Record<string, unknown>;
const building = synthesizeApp({ redCapLocalVersion: "17.4.4", service: service as StageInput["service"] });
const KIT = "arn:aws:s3:::redcap-recovery-kit-222222222222-eu-west-2/prod/*";

test("the function adds to the kit of its stage, and does nothing else there", () => {
  const [put, encrypt, ...rest] = statements(stack, "recovery-kit_add-to-kit");
  expect(rest).toEqual([]);
  expect(put).toEqual({
    actions: ["s3:PutObject"],
    resources: [KIT],
    condition: [{ test: "StringEquals", variable: "s3:ResourceAccount", values: ["222222222222"] }],
  });
  expect(encrypt).toMatchObject({
    actions: ["kms:GenerateDataKey"],
    resources: ["arn:aws:kms:eu-west-2:222222222222:key/*"],
    condition: [
      { variable: "kms:ViaService", values: ["s3.eu-west-2.amazonaws.com"] },
      { variable: "kms:EncryptionContext:aws:s3:arn", values: [KIT] },
    ],
  });
});

test("it reads the salt and nothing of the users; of the build, the zip and which image runs", () => {
  expect(statements(stack, "recovery-kit_read-salt")[0]).toEqual({
    actions: ["secretsmanager:GetSecretValue"],
    resources: [ref("aws_secretsmanager_secret.salt.arn")],
  });
  expect(Object.keys(stack.data.aws_iam_policy_document ?? {}).join()).not.toContain("recovery-kit_read-image");
  const resources = statements(building, "recovery-kit_read-image").map(({ resources: named }) => named);
  expect(resources).toEqual([
    [ref("aws_ecr_repository.image.arn")],
    [`${ref("aws_s3_bucket.build.arn")}/redcap.zip`],
    [ref("aws_kms_key.image.arn")],
  ]);
});

test("it is told where the kit is and what the zip is, and no secret", () => {
  const told = (of: typeof stack) => {
    const { environment, function_name } = one(of, "aws_lambda_function", "recovery-kit_");
    expect(function_name).toBe("redcap-prod-recovery-kit");
    return (environment as { variables: Record<string, string> }).variables;
  };
  expect(told(stack)).toEqual({
    STAGE: "prod",
    ACCOUNT_ID: "111111111111",
    PROJECT_VERSION: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    KIT_BUCKET: "redcap-recovery-kit-222222222222-eu-west-2",
    KIT_OWNER: "222222222222",
    KIT_REGION: "eu-west-2",
    KIT_LOCK_DAYS: "365",
    SALT_SECRET_ARN: ref("aws_secretsmanager_secret.salt.arn"),
    MEMORY_PARAMETER: expect.stringContaining("aws_ssm_parameter."),
    IMAGE: sampleStage("prod").service.image,
  });
  expect(told(building)).toMatchObject({
    REDCAP_ZIP: `${ref("aws_s3_bucket.build.bucket")}/redcap.zip`,
    IMAGE_REPOSITORY: ref("aws_ecr_repository.image.name"),
    LIVE_TAG: "live",
  });
  expect(told(building)).not.toHaveProperty("IMAGE");
});

test("it runs when the salt and the image are there, again for another zip or configuration, and daily", () => {
  const invocation = one(building, "aws_lambda_invocation", "recovery-kit_");
  expect(invocation.depends_on).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^aws_lambda_invocation\.database-users_/),
      expect.stringMatching(/^aws_lambda_invocation\.image_first-image_/),
    ]),
  );
  expect((invocation.triggers as Record<string, string>).zip).toMatch(/aws_s3_object\.image_redcap_\w+\.version_id/);
  const schedule = one(building, "aws_scheduler_schedule", "recovery-kit_");
  expect(schedule.schedule_expression).toBe("rate(1 day)");
  const { input } = schedule.target as { input: string };
  expect(JSON.parse(input)).toMatchObject({ action: "daily" });
  expect(JSON.parse(String(invocation.input))).toEqual({ ...JSON.parse(input), action: "deployed" });
});

test("what it answers is an output, for who deploys to see", () => {
  expect(stack.output.recovery_kit?.value).toMatch(
    /^\$\{aws_lambda_invocation\.recovery-kit_invocation_\w+\.result\}$/,
  );
  expect(synthesizeApp({}, "dev").output).not.toHaveProperty("recovery_kit");
});

test("the configuration that it keeps can be stages.ts again", () => {
  const { deployment } = JSON.parse(String(one(building, "aws_lambda_invocation", "recovery-kit_").input));
  const { stages, backupDestination } = validate(deployment);
  const [{ rebuildImage, ...kept }] = stages as [StageConfig];
  expect(rebuildImage).toBe(false);
  expect(JSON.parse(JSON.stringify({ stages: [kept], backupDestination }))).toEqual(deployment);
});

test("what it remembers is Terraform's to make, and its own to change", () => {
  expect(one(stack, "aws_ssm_parameter")).toMatchObject({ value: "{}", lifecycle: { ignore_changes: ["value"] } });
});

test("a stage without backups has none", () => {
  const without = synthesizeApp({}, "dev");
  expect(all(without, "aws_ssm_parameter")).toEqual([]);
  expect(Object.keys(byId(without, "aws_lambda_function")).join()).not.toContain("recovery-kit");
});
