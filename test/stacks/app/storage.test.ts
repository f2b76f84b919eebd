import { validate } from "../../../config";
import { evaluatePolicy } from "../../local-aws/policy";
import {
  all,
  blocks,
  byId,
  onAppRunner,
  one,
  policyJson,
  ref,
  sampleInput,
  sampleStage,
  statements,
  synthesize,
  synthesizeApp,
} from "../synth";

const stack = synthesizeApp();
const FILES_KEY = "arn:aws:kms:eu-west-2:111111111111:key/files";
const KEY_HEADER = "s3:x-amz-server-side-encryption-aws-kms-key-id";
const { image: _, ...building } = sampleStage("prod").service as { image?: string };
const BACKUP_ROOT = "arn:aws:iam::222222222222:root";

describe("keys", () => {
  test("are one for each kind of data, rotated and with an alias each", () => {
    const keys = ["database", "files", "logs", "notifications"];
    expect(Object.keys(byId(stack, "aws_kms_key")).sort()).toEqual(keys);
    expect(all(stack, "aws_kms_alias").map(({ name }) => name)).toEqual(keys.map((key) => `alias/redcap-prod-${key}`));
  });

  test("of the cluster lets the backup account copy", () => {
    const [account, copies, grants, ...rest] = statements(stack, "keys_database");
    expect(rest).toEqual([]);
    expect(account).toMatchObject({
      actions: ["kms:*"],
      principals: [{ identifiers: ["arn:aws:iam::111111111111:root"] }],
    });
    expect(copies).toMatchObject({
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      principals: [{ identifiers: [BACKUP_ROOT] }],
    });
    expect(grants).toMatchObject({
      actions: ["kms:CreateGrant"],
      principals: [{ identifiers: [BACKUP_ROOT] }],
      condition: [{ test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] }],
    });
  });

  test("of files and logs stay in the account", () => {
    for (const id of ["keys_files", "keys_logs"]) {
      expect(statements(stack, id)[0]).toMatchObject({
        actions: ["kms:*"],
        principals: [{ identifiers: ["arn:aws:iam::111111111111:root"] }],
      });
      expect(JSON.stringify(statements(stack, id))).not.toContain("222222222222");
    }
    expect(statements(stack, "keys_files")).toHaveLength(1);
  });

  test("of the files is one that the stage's backup role may use", () => {
    const source = synthesize(validate(sampleInput())).find(({ name }) => name === "backup-source-prod");
    const [use] = statements(source as typeof stack, "role-use-keys");
    // The account's IAM decides; the role's right is bound to the tag that the app stack's provider gives the key.
    expect(use?.condition).toContainEqual({
      test: "StringEquals",
      variable: "aws:ResourceTag/redcap:stack",
      values: ["app-prod", "backup-source-prod"],
    });
    expect(blocks(stack.provider.aws?.[0]?.default_tags)[0]?.tags).toMatchObject({ "redcap:stack": "app-prod" });
    expect(byId(stack, "aws_kms_key").files?.tags).toBeUndefined();
  });

  test("the logs' key is CloudWatch Logs', for this account's groups", () => {
    expect(statements(stack, "keys_logs")[1]).toMatchObject({
      principals: [{ type: "Service", identifiers: ["logs.eu-west-2.amazonaws.com"] }],
      condition: [
        {
          variable: "kms:EncryptionContext:aws:logs:arn",
          values: ["arn:aws:logs:eu-west-2:111111111111:log-group:*"],
        },
      ],
    });
  });

  test("without backups let nobody else in", () => {
    const dev = synthesizeApp({}, "dev");
    for (const id of ["keys_database", "keys_files"]) expect(statements(dev, id)).toHaveLength(1);
  });
});

describe("files bucket", () => {
  test("has the files' key, old versions for 90 days, access logs, and the tag that backups look for", () => {
    expect(byId(stack, "aws_s3_bucket").files).toMatchObject({
      bucket: "redcap-prod-files-111111111111-eu-west-2",
      force_destroy: false,
      tags: { "redcap:backup": "redcap-prod" },
    });
    expect(one(stack, "aws_s3_bucket_server_side_encryption_configuration", "files_").rule).toEqual([
      {
        apply_server_side_encryption_by_default: {
          kms_master_key_id: ref("aws_kms_key.files.arn"),
          sse_algorithm: "aws:kms",
        },
        bucket_key_enabled: true,
      },
    ]);
    expect(one(stack, "aws_s3_bucket_lifecycle_configuration", "files_").rule).toMatchObject([
      { id: "unfinished-uploads", abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }] },
      { id: "old-versions", noncurrent_version_expiration: [{ noncurrent_days: 90 }] },
    ]);
    expect(one(stack, "aws_s3_bucket_logging")).toMatchObject({
      target_bucket: ref("aws_s3_bucket.logs.id"),
      target_prefix: "files-bucket/",
    });
  });

  test.each([
    ["no header", {}, "implicitDeny"],
    ["KMS", { "s3:x-amz-server-side-encryption": "aws:kms" }, "implicitDeny"],
    ["its own key", { "s3:x-amz-server-side-encryption": "aws:kms", [KEY_HEADER]: FILES_KEY }, "implicitDeny"],
    ["another key", { "s3:x-amz-server-side-encryption": "aws:kms", [KEY_HEADER]: `${FILES_KEY}2` }, "deny"],
    ["S3's own keys", { "s3:x-amz-server-side-encryption": "AES256" }, "deny"],
    ["no TLS", { "aws:SecureTransport": "false" }, "deny"],
  ])("judges an upload with %s", (_, context, decision) => {
    const bucket = "arn:aws:s3:::files";
    const policy = policyJson(statements(stack, "files_policy"), {
      "aws_s3_bucket.files.arn": bucket,
      "aws_kms_key.files.arn": FILES_KEY,
    });
    expect(
      evaluatePolicy(policy, {
        principal: { kind: "aws", arn: "arn:aws:iam::111111111111:role/redcap-prod-task" },
        action: "s3:PutObject",
        resource: `${bucket}/edocs/1`,
        context: { "aws:SecureTransport": "true", ...context },
      }),
    ).toBe(decision);
  });
});

describe("logs bucket", () => {
  test("has S3's own keys, which is all that its two writers can use", () => {
    const [rule] = blocks(one(stack, "aws_s3_bucket_server_side_encryption_configuration", "logs-bucket_").rule);
    expect(rule).toEqual({ apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } });
    const [, balancer, bucket] = statements(stack, "logs-bucket_logs_policy");
    expect(balancer).toMatchObject({
      actions: ["s3:PutObject"],
      resources: [`${ref("aws_s3_bucket.logs.arn")}/load-balancer/AWSLogs/111111111111/*`],
      principals: [{ type: "Service", identifiers: ["logdelivery.elasticloadbalancing.amazonaws.com"] }],
    });
    expect(bucket).toMatchObject({
      principals: [{ type: "Service", identifiers: ["logging.s3.amazonaws.com"] }],
      condition: [
        { variable: "aws:SourceAccount", values: ["111111111111"] },
        { variable: "aws:SourceArn", values: ["arn:aws:s3:::redcap-prod-files-111111111111-eu-west-2"] },
      ],
    });
  });

  test("keeps logs as long as configured", () => {
    const rules = (generalLogRetention: 30 | 365) =>
      one(synthesizeApp({ generalLogRetention }), "aws_s3_bucket_lifecycle_configuration", "logs-bucket_").rule;
    expect(rules(30)).toMatchObject([{}, { expiration: [{ days: 30 }] }]);
    expect(rules(365)).toMatchObject([{}, { expiration: [{ days: 365 }] }]);
  });
});

test.each<[string, object]>([
  ["on Fargate", {}],
  ["on App Runner", onAppRunner()],
  ["with an image of its own", { redCapLocalVersion: "17.4.4", service: building }],
])("every role and user has the configured path and boundary %s", (_, change) => {
  const permissionsBoundaryArn = "arn:aws:iam::111111111111:policy/boundary";
  const app = synthesizeApp({
    ...sampleStage("prod"),
    ...change,
    iam: { rolePath: "/research/", permissionsBoundaryArn },
  });
  const roles = all(app, "aws_iam_role");
  const users = all(app, "aws_iam_user");
  expect(roles.length).toBeGreaterThan(10);
  expect(users).toHaveLength(2);
  for (const owner of [...roles, ...users])
    expect(owner).toMatchObject({ path: "/research/", permissions_boundary: permissionsBoundaryArn });
});
