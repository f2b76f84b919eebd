// The image that a stage builds: repository, build bucket, project, first build; and that nothing of it exists otherwise.
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { buildsImage, findStage, stageImage, stageNames, validate } from "../../../config";
import { imageContext } from "../../../stacks/app/image-context";
import { lambdaBundle } from "../../../stacks/app/lambda-bundle";
import { documentOf, policyStatements, type StackUnderTest } from "../invariant";
import { INVARIANTS } from "../invariants";
import {
  all,
  type Block,
  blocks,
  byId,
  one,
  ref,
  type StageInput,
  sampleStage,
  statements,
  synthesizeApp,
} from "../synth";
import { containers } from "./task";

const releases = mkdtempSync(join(tmpdir(), "releases-"));
process.env.REDCAP_RELEASES_FOLDER = releases;
writeFileSync(join(releases, "redcap17.4.4.zip"), "one");
afterAll(() => rmSync(releases, { recursive: true }));

/** A stage that builds its image; `change` says of which zip. */
function building(change: Partial<StageInput>): Partial<StageInput> {
  const { image: _, ...service } = sampleStage("prod").service as Record<string, unknown>;
  return { service: service as StageInput["service"], ...change };
}
const local = synthesizeApp(building({ redCapLocalVersion: "17.4.4" }));
const fromS3 = synthesizeApp(building({ redCapS3Path: "our-releases/redcap/redcap17.4.4.zip" }));

const project = (stack = local): Block => one(stack, "aws_codebuild_project");
const environment = (stack = local): Record<string, string> => {
  const [settings] = blocks(project(stack).environment);
  const variables = blocks(settings?.environment_variable) as { name: string; value: string }[];
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
};

test("with service.image nothing of it exists, and every task runs that image", () => {
  const stack = synthesizeApp();
  for (const type of ["aws_ecr_repository", "aws_codebuild_project", "aws_s3_object"])
    expect(all(stack, type)).toEqual([]);
  expect(Object.keys(byId(stack, "aws_s3_bucket")).sort()).toEqual(["files", "logs"]);
  expect(stack.output.update_command).toBeUndefined();
  expect(containers(stack).map(({ image }) => image)).toEqual(Array(2).fill(sampleStage("prod").service.image));
});

describe.each([
  ["of a local zip", local],
  ["of a zip in S3", fromS3],
])("every invariant holds %s", (_, stack) => {
  test.each(Object.entries(INVARIANTS))("%s", (__, invariant) => {
    expect(invariant({ ...stack, protect: true } as StackUnderTest)).toEqual([]);
  });
});

describe("the repository", () => {
  test("scans on push, has the stage's key, and lets no tag but live move", () => {
    expect(byId(local, "aws_ecr_repository").image).toMatchObject({
      name: "redcap-prod",
      image_tag_mutability: "IMMUTABLE_WITH_EXCLUSION",
      image_tag_mutability_exclusion_filter: [{ filter: "live", filter_type: "WILDCARD" }],
      encryption_configuration: [{ encryption_type: "KMS", kms_key: ref("aws_kms_key.image.arn") }],
      image_scanning_configuration: { scan_on_push: true },
      force_delete: false,
      lifecycle: { prevent_destroy: true },
    });
  });

  test("keeps the live image whatever its age, and ten others", () => {
    const [document] = Object.values(local.data.aws_ecr_lifecycle_policy_document ?? {});
    const rules = blocks(document?.rule);
    expect(rules.map(({ priority, selection }) => [priority, blocks(selection)[0]])).toEqual([
      [1, { tag_status: "tagged", tag_pattern_list: ["live"], count_type: "imageCountMoreThan", count_number: 1 }],
      [2, { tag_status: "tagged", tag_pattern_list: ["*"], count_type: "imageCountMoreThan", count_number: 10 }],
    ]);
    expect(one(local, "aws_ecr_lifecycle_policy").repository).toBe(ref("aws_ecr_repository.image.name"));
  });
});

test("every container of every task runs the live image, which is there before", () => {
  const image = "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap-prod:live";
  for (const task of ["task", "upgrade-task", "cron"] as const)
    for (const container of containers(local, task)) expect(container.image).toBe(image);
  const [id] = Object.keys(byId(local, "aws_lambda_invocation")).filter((name) => name.startsWith("image_first-image"));
  expect(one(local, "aws_ecs_service").depends_on).toContain(`aws_lambda_invocation.${id}`);
  expect(one(local, "aws_scheduler_schedule", "cron_").depends_on).toContain(`aws_lambda_invocation.${id}`);
  expect(statements(local, "tasks_roles_pull-image")[0]?.resources).toEqual([
    "arn:aws:ecr:eu-west-2:111111111111:repository/redcap-prod",
  ]);
});

describe("the project", () => {
  test("starts from the uploaded context, with Docker, one build at a time, into an encrypted log", () => {
    const [logs] = Object.entries(byId(local, "aws_cloudwatch_log_group")).filter(([id]) =>
      id.startsWith("image_logs"),
    );
    expect(logs?.[1]).toMatchObject({
      name: "/aws/codebuild/redcap-prod-image",
      kms_key_id: ref("aws_kms_key.logs.arn"),
      retention_in_days: 2_192,
    });
    expect(project()).toMatchObject({
      name: "redcap-prod-image",
      encryption_key: ref("aws_kms_key.image.arn"),
      source: {
        type: "S3",
        location: `${ref("aws_s3_bucket.build.bucket")}/context.zip`,
        buildspec: "pipeline/buildspec.yml",
      },
      artifacts: { type: "NO_ARTIFACTS" },
      concurrent_build_limit: 1,
      build_timeout: 240,
      logs_config: { cloudwatch_logs: { group_name: ref(`aws_cloudwatch_log_group.${logs?.[0]}.name`) } },
    });
    expect(blocks(project().environment)[0]).toMatchObject({ privileged_mode: true, type: "LINUX_CONTAINER" });
    expect(project().vpc_config).toBeUndefined();
  });

  test("has all that the console's Start build needs in its environment", () => {
    expect(environment()).toEqual({
      REDCAP_ZIP: `s3://${ref("aws_s3_bucket.build.bucket")}/redcap.zip`,
      REDCAP_VERSION: "17.4.4",
      DEBIAN_RELEASE: "bookworm",
      REPOSITORY_NAME: ref("aws_ecr_repository.image.name"),
      REPOSITORY_URI: ref("aws_ecr_repository.image.repository_url"),
      ECS_CLUSTER: "redcap-prod",
      ECS_SERVICE: "redcap-prod",
    });
    const other = synthesizeApp(
      building({
        redCapS3Path: "our-releases/redcap17.5.0.zip",
        phpVersion: "8.4",
        acceptRisk: "CVE-2026-90817",
        rdsCaSha256: "a".repeat(64),
      }),
    );
    expect(environment(other)).toMatchObject({
      REDCAP_ZIP: "s3://our-releases/redcap17.5.0.zip",
      DEBIAN_RELEASE: "trixie",
      ACCEPT_RISK: "CVE-2026-90817",
      RDS_CA_SHA256: "a".repeat(64),
    });
    expect(environment(other).REDCAP_VERSION).toBeUndefined();
  });

  test("its role is CodeBuild's for this project, with rights to what the build touches", () => {
    const isOwn = ({ role }: Block) => String(role).includes("image_project_role");
    expect(all(local, "aws_iam_role_policy_attachment").filter(isOwn)).toEqual([]);
    const rights = (stack = local) =>
      all(stack, "aws_iam_role_policy")
        .filter(isOwn)
        .flatMap(({ policy }) => policyStatements(documentOf(stack, policy)));
    const build = ref("aws_s3_bucket.build.arn");
    expect(rights()).toHaveLength(7);
    expect(rights()).toEqual(
      expect.arrayContaining([
        {
          actions: ["s3:GetObject", "s3:GetObjectVersion"],
          resources: [`${build}/context.zip`, `${build}/redcap.zip`],
        },
        {
          actions: ["ecs:DescribeServices", "ecs:UpdateService"],
          resources: ["arn:aws:ecs:eu-west-2:111111111111:service/redcap-prod/redcap-prod"],
        },
        { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
      ]),
    );
    const ofRepository = rights().filter(({ resources }) => resources?.[0] === ref("aws_ecr_repository.image.arn"));
    expect(ofRepository).toHaveLength(1);
    expect(ofRepository[0]?.actions?.join()).not.toMatch(/Delete|SetRepositoryPolicy|Tag/);
    const [trust] = statements(local, "image_project_role_trust");
    expect(trust).toMatchObject({
      principals: [{ identifiers: ["codebuild.amazonaws.com"] }],
      condition: [
        { variable: "aws:SourceAccount", values: ["111111111111"] },
        {
          variable: "aws:SourceArn",
          values: ["arn:aws:codebuild:eu-west-2:111111111111:project/redcap-prod-image"],
        },
      ],
    });

    // A zip of the user's own: this object, and the key that it may have, for it alone.
    const key = rights(fromS3).find(({ resources }) => String(resources).endsWith(":key/*"));
    const object = "arn:aws:s3:::our-releases/redcap/redcap17.4.4.zip";
    expect(key?.condition?.[1]).toMatchObject({
      variable: "kms:EncryptionContext:aws:s3:arn",
      values: [object, "arn:aws:s3:::our-releases"],
    });
    expect(rights(fromS3)).toContainEqual({
      actions: ["s3:GetObject", "s3:GetObjectVersion"],
      resources: [`${build}/context.zip`, object],
    });
  });
});

describe("the zip", () => {
  const object = (stack = local) => one(stack, "aws_s3_object", "image_redcap");

  test("is uploaded under one key, by its content; another one changes the object in place", () => {
    expect(object()).toMatchObject({
      key: "redcap.zip",
      source: expect.stringMatching(/^assets\/.*\/redcap17\.4\.4\.zip$/),
    });
    expect(object().lifecycle).toBeUndefined();
    const hash = object().source_hash;
    const file = join(releases, "redcap17.4.4.zip");
    writeFileSync(file, "two");
    // Content is read again where size or time differ.
    utimesSync(file, 1, 1);
    const other = synthesizeApp(building({ redCapLocalVersion: "17.4.4" }));
    expect(object(other).source_hash).not.toBe(hash);
    const moved = utimesSync(file, 2, 2);
    expect(moved).toBeUndefined();
    const same = synthesizeApp(building({ redCapLocalVersion: "17.4.4" }));
    expect(object(same).source_hash).toBe(object(other).source_hash);
  });

  test("that is not on this machine leaves the uploaded one as it is", () => {
    const absent = synthesizeApp(building({ redCapLocalVersion: "17.5.0" }));
    expect(object(absent)).toMatchObject({
      key: "redcap.zip",
      source: expect.stringContaining("redcap17.5.0.zip"),
      lifecycle: { ignore_changes: ["source", "source_hash"] },
    });
    expect(object(absent).source_hash).toBeUndefined();
  });

  test("of the user's own bucket is not uploaded", () => {
    expect(Object.keys(byId(fromS3, "aws_s3_object"))).toEqual([expect.stringContaining("context")]);
  });
});

test("another version changes the project's environment, and nothing else but a local zip", () => {
  // The recovery kit keeps the zip's place, too.
  const backup = { enabled: false, optOutReason: "No concern of the test." } as const;
  const [before, other] = ["17.4.4", "17.5.0"].map((version) =>
    synthesizeApp(building({ backup, redCapS3Path: `our-releases/redcap/redcap${version}.zip` })),
  ) as [typeof local, typeof local];
  const [id] = Object.keys(byId(other, "aws_codebuild_project"));
  const documents = Object.keys(other.data.aws_iam_policy_document ?? {}).filter((name) =>
    name.includes("read-sources"),
  );
  const without = (stack: typeof local) => {
    const copy = structuredClone(stack);
    delete copy.resource.aws_codebuild_project?.[id as string];
    for (const name of documents) delete copy.data.aws_iam_policy_document?.[name];
    // It keeps every version, and the configuration.
    for (const entries of [...Object.values(copy.resource), ...Object.values(copy.data)])
      for (const name of Object.keys(entries)) if (name.startsWith("recovery-kit_")) delete entries[name];
    return copy;
  };
  expect(environment(other)).not.toEqual(environment(fromS3));
  expect(without(other)).toEqual(without(before));
});

test("rebuildImage, on or off, changes nothing that Terraform sees", () => {
  const on = synthesizeApp(building({ redCapS3Path: "our-releases/redcap/redcap17.4.4.zip", rebuildImage: true }));
  expect(on).toEqual(fromS3);
});

test("the first build is asked for once, after all that it needs", () => {
  const invocation = one(local, "aws_lambda_invocation", "image_first-image");
  expect(invocation).toMatchObject({
    input: ref('jsonencode({"action" = "ensure"})'),
    triggers: { code: lambdaBundle("first-image").codeHash, repository: ref("aws_ecr_repository.image.arn") },
  });
  const needs = (invocation.depends_on as string[]).join(" ");
  for (const name of ["image_context", "image_redcap", "image_project_role_policy-push-image"])
    expect(needs).toContain(name);
  expect(one(local, "aws_lambda_function", "image_first-image")).toMatchObject({
    function_name: "redcap-prod-first-image",
    timeout: 900,
    environment: { variables: { LIVE_TAG: "live" } },
  });
});

test("the outputs say how to roll out, and nothing of the user who synthesized", () => {
  expect(local.output.update_command?.value).toMatch(
    /^aws codebuild start-build --project-name \$\{aws_codebuild_project\.[^}]+\.name\} --region eu-west-2 --profile 'redcap'$/,
  );
});

describe("the context", () => {
  test("holds the buildspec, its scripts and the image's sources; scripts can be executed", () => {
    const zip = readFileSync(imageContext().zipFile);
    const names = Object.keys(unzipSync(zip));
    expect(names).toEqual([...names].sort());
    for (const name of [
      "pipeline/buildspec.yml",
      "pipeline/roll-out.sh",
      "redcap/Dockerfile",
      "redcap/build/unpack.sh",
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => name.includes("/input/") || name.endsWith(".zip"))).toEqual([]);
  });
});

test("names that the rest of the project knows", () => {
  const config = validate({
    stages: [
      {
        ...sampleStage("prod"),
        ...building({ redCapLocalVersion: "17.4.4" }),
        backup: { enabled: false, optOutReason: "This is a test." },
      },
    ],
  });
  const stage = findStage(config, "prod");
  expect(buildsImage(stage)).toBe(true);
  expect(stageImage(stage)).toMatch(/redcap-prod:live$/);
  expect(stageNames(stage).buildBucket).toBe("redcap-prod-build-111111111111-eu-west-2");
});
