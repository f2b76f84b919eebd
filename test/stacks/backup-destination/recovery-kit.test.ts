// The recovery kit's bucket and key: each stage adds below its own name, and nobody of its account does anything else.
import { FILES } from "../../../functions/recovery-kit/manifest";
import { evaluatePolicy } from "../../local-aws/policy";
import { configuration, prodOf, synthDestination } from "../backup-shared/synth";
import { policyJson, type Statement } from "../synth";

const BUCKET = "arn:aws:s3:::redcap-recovery-kit-222222222222-eu-west-2";
const KEY = "arn:aws:kms:eu-west-2:222222222222:key/kit";
const values = { "aws_s3_bucket.recovery-kit.arn": BUCKET, "aws_kms_key.recovery-kit.arn": KEY };

/** The sample's prod stage, and another one with the same backups in an account of its own. */
const stack = synthDestination((input) => {
  const { stage } = prodOf(input);
  input.stages.push({ ...structuredClone(stage), name: "trial-2", accountId: "333333333333", service: ownService() });
});
function ownService() {
  return { type: "app-runner", image: "333333333333.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4" } as const;
}
const documentOf = (reference: unknown) => policyJson(stack.statements(reference) as Statement[], values);
const bucketPolicy = documentOf(stack.only("aws_s3_bucket_policy").policy);
const keyPolicy = documentOf(stack.json.resource.aws_kms_key?.["recovery-kit"]?.policy);

const role = (stage: string, account = "111111111111") => `arn:aws:iam::${account}:role/redcap-${stage}-recovery-kit`;
const tls = { "aws:SecureTransport": "true" };
const encryption = (name: string) => `s3:x-amz-server-side-encryption${name}`;

function ask(action: string, key: string, arn = role("prod"), context: Record<string, string> = {}) {
  return evaluatePolicy(bucketPolicy, {
    principal: { kind: "aws", arn },
    action,
    resource: key ? `${BUCKET}/${key}` : BUCKET,
    context: { ...tls, "aws:PrincipalArn": arn, ...context },
  });
}

test("a stage's function adds below its stage's name", () => {
  expect(ask("s3:PutObject", "prod/salt.json")).toBe("allow");
  expect(ask("s3:PutObject", "trial-2/redcap.zip", role("trial-2", "333333333333"))).toBe("allow");
});

test("not below another's, nor beside it, and not as the other stage's function of its own account", () => {
  expect(ask("s3:PutObject", "trial-2/salt.json")).toBe("implicitDeny");
  expect(ask("s3:PutObject", "prod-2/salt.json")).toBe("implicitDeny");
  expect(ask("s3:PutObject", "salt.json")).toBe("implicitDeny");
  expect(ask("s3:PutObject", "prod/salt.json", role("prod", "333333333333"))).toBe("implicitDeny");
});

test("nobody else of its account adds, its administrators neither", () => {
  expect(ask("s3:PutObject", "prod/salt.json", "arn:aws:iam::111111111111:role/admin")).toBe("implicitDeny");
  expect(ask("s3:PutObject", "prod/salt.json", "arn:aws:iam::111111111111:root")).toBe("implicitDeny");
});

test.each([
  ["s3:GetObject", "prod/salt.json"],
  ["s3:GetObjectVersion", "prod/salt.json"],
  ["s3:GetObjectAttributes", "prod/salt.json"],
  ["s3:PutObjectRetention", "prod/salt.json"],
  ["s3:PutObjectLegalHold", "prod/salt.json"],
  ["s3:PutObjectTagging", "prod/salt.json"],
  ["s3:PutObjectAcl", "prod/salt.json"],
  ["s3:ListBucket", ""],
  ["s3:ListBucketVersions", ""],
  ["s3:PutBucketPolicy", ""],
  ["s3:PutLifecycleConfiguration", ""],
])("it may not %s %s", (action, key) => {
  expect(ask(action, key)).toBe("implicitDeny");
});

test("nobody deletes, whoever it is", () => {
  for (const arn of [role("prod"), "arn:aws:iam::222222222222:role/admin"])
    for (const [action, key] of [
      ["s3:DeleteObject", "prod/salt.json"],
      ["s3:DeleteObjectVersion", "prod/salt.json"],
      ["s3:BypassGovernanceRetention", "prod/salt.json"],
      ["s3:DeleteBucket", ""],
    ] as const)
      expect(ask(action, key, arn)).toBe("deny");
});

test("nothing comes in with another encryption, or in the clear", () => {
  const put = (context: Record<string, string>) => ask("s3:PutObject", "prod/salt.json", role("prod"), context);
  expect(put({ [encryption("")]: "aws:kms", [encryption("-aws-kms-key-id")]: KEY })).toBe("allow");
  expect(put({ [encryption("")]: "AES256" })).toBe("deny");
  expect(put({ [encryption("-aws-kms-key-id")]: "arn:aws:kms:eu-west-2:111111111111:key/mine" })).toBe("deny");
  expect(put({ [encryption("-customer-algorithm")]: "AES256" })).toBe("implicitDeny");
  expect(put({ "aws:SecureTransport": "false" })).toBe("deny");
});

describe("the key", () => {
  const arn = role("prod");
  const use = (action: string, context: Record<string, string> = {}, caller = arn) =>
    evaluatePolicy(keyPolicy, {
      principal: { kind: "aws", arn: caller },
      action,
      resource: KEY,
      context: {
        "aws:PrincipalArn": caller,
        "kms:ViaService": "s3.eu-west-2.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": `${BUCKET}/prod/salt.json`,
        ...context,
      },
    });

  test("encrypts for a stage's function, through S3, in this bucket, below its name", () => {
    expect(use("kms:GenerateDataKey")).toBe("allow");
    expect(use("kms:GenerateDataKey", { "kms:ViaService": "secretsmanager.eu-west-2.amazonaws.com" })).toBe(
      "implicitDeny",
    );
    for (const object of [`${BUCKET}/trial-2/salt.json`, "arn:aws:s3:::others/prod/salt.json"])
      expect(use("kms:GenerateDataKey", { "kms:EncryptionContext:aws:s3:arn": object })).toBe("implicitDeny");
    expect(use("kms:GenerateDataKey", {}, "arn:aws:iam::111111111111:role/admin")).toBe("implicitDeny");
  });

  test("decrypts nothing for it, and is never deleted", () => {
    for (const action of ["kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:DescribeKey"])
      expect(use(action)).toBe("implicitDeny");
    expect(use("kms:ScheduleKeyDeletion", {}, "arn:aws:iam::222222222222:role/admin")).toBe("deny");
    expect(use("kms:Decrypt", {}, "arn:aws:iam::222222222222:role/admin")).toBe("allow");
  });

  test("is each object's own, so that its policy can tell stages apart", () => {
    const [rule] = stack.only("aws_s3_bucket_server_side_encryption_configuration").rule as Record<string, unknown>[];
    expect(rule).not.toHaveProperty("bucket_key_enabled");
    expect(rule?.apply_server_side_encryption_by_default).toEqual({
      sse_algorithm: "aws:kms",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
      kms_master_key_id: "${aws_kms_key.recovery-kit.arn}",
    });
  });
});

test("what is in it is locked as the vault is, for as long as there are copies, and never destroyed by Terraform", () => {
  const retention = (change?: Parameters<typeof synthDestination>[0]) =>
    (synthDestination(change).only("aws_s3_bucket_object_lock_configuration").rule as Record<string, unknown>)
      .default_retention;
  expect(retention()).toEqual({ mode: "COMPLIANCE", days: 365 });
  const governed = retention((input) => {
    const { destination } = prodOf(input);
    destination.lock = { mode: "governance", minRetentionDays: 30, maxRetentionDays: 400 };
    destination.recoveryKitDays = 400;
  });
  expect(governed).toEqual({ mode: "GOVERNANCE", days: 400 });
  const withoutCopies = retention((input) => {
    const { backup } = prodOf(input);
    for (const rule of backup.rules) delete rule.copy;
  });
  expect(withoutCopies).toMatchObject({ days: 90 });
  expect(stack.only("aws_s3_bucket")).toMatchObject({
    object_lock_enabled: true,
    force_destroy: false,
    lifecycle: { prevent_destroy: true },
  });
});

test("of the zip, old versions expire after their lock; of salt, manifest and all else, none ever does", () => {
  const rules = stack.only("aws_s3_bucket_lifecycle_configuration").rule as Record<string, unknown>[];
  const expiring = rules.filter((rule) => rule.expiration || rule.noncurrent_version_expiration);
  expect(expiring).toEqual(
    ["prod", "trial-2"].map((name) => ({
      id: `${name}-old-zips`,
      status: "Enabled",
      filter: [{ prefix: `${name}/${FILES.redcap}` }],
      noncurrent_version_expiration: [{ noncurrent_days: 366 }],
    })),
  );
});

test("where administrators are named, they alone change what protects it", () => {
  const administratorArns = ["arn:aws:iam::222222222222:role/backup"];
  const named = synthDestination((input) => {
    prodOf(input).destination.administratorArns = administratorArns;
  });
  const policy = named.only("aws_s3_bucket_policy");
  expect(named.statements(policy.policy).at(-1)).toMatchObject({
    effect: "Deny",
    actions: expect.arrayContaining(["s3:PutBucketPolicy", "s3:PutBucketObjectLockConfiguration"]),
    condition: [{ test: "ArnNotLike", variable: "aws:PrincipalArn", values: administratorArns }],
  });
  expect(policy.lifecycle).toHaveProperty("precondition");
  expect(stack.only("aws_s3_bucket_policy").lifecycle).toBeUndefined();
});

test("stages without backups have no way in", () => {
  const { stages } = configuration();
  expect(stages.map(({ name, backup }) => [name, backup.enabled])).toEqual([
    ["dev", false],
    ["prod", true],
  ]);
  expect(bucketPolicy).not.toContain("dev/");
});
