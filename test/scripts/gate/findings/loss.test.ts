// Plans that destroy, replace or forget what cannot be made again, or take away what keeps that from happening.
import { findings } from "../../../../scripts/gate/findings";
import { create, destroy, forget, keep, plan, replace, update } from "../plans";
import { type Case, dangersOf, testDangers } from "./dangers";

const CLUSTER = "aws_rds_cluster.cluster";
const rule = (id: string, days: number, block = "expiration", field = "days") => ({
  id,
  status: "Enabled",
  [block]: [{ [field]: days }],
});

const CASES: Case[] = [
  ["a database is destroyed", [destroy(CLUSTER)], `destroy ${CLUSTER}`],
  [
    "a database is replaced",
    [replace(CLUSTER, { kms_key_id: "a" }, {}, { unknown: { kms_key_id: true }, replacePaths: [["kms_key_id"]] })],
    `replace ${CLUSTER}`,
  ],
  ["a bucket is forgotten", [forget("aws_s3_bucket.files")], "forget aws_s3_bucket.files"],
  ["a key goes", [destroy("aws_kms_key.database")], "destroy aws_kms_key.database"],
  [
    "what a failed replacement left is destroyed",
    [destroy(CLUSTER, {}, { deposed: "ab12" })],
    `destroy-deposed ${CLUSTER}`,
  ],
  ["a backup plan goes", [destroy("aws_backup_plan.plan")], "destroy aws_backup_plan.plan"],
  [
    "a vault's lock goes",
    [destroy("aws_backup_vault_lock_configuration.lock")],
    "destroy aws_backup_vault_lock_configuration.lock",
  ],
  [
    "prevent_destroy stopped it",
    plan([replace(CLUSTER, { engine: "aurora-mysql" }, { engine: "aurora" }, { replacePaths: [["engine"]] })], {
      errored: true,
    }),
    `replace ${CLUSTER}`,
    "errored",
  ],
  ["the plan ended with another error", plan([], { errored: true }), "errored"],
  [
    "a database that somebody deleted comes back empty",
    plan([create(CLUSTER, {})], { resource_drift: [destroy(CLUSTER)] }),
    `recreate-empty ${CLUSTER}`,
  ],
  [
    "deletion protection goes",
    [update(CLUSTER, { deletion_protection: true }, { deletion_protection: false })],
    `unprotect ${CLUSTER}`,
  ],
  [
    "no last snapshot any more",
    [update(CLUSTER, { skip_final_snapshot: false }, { skip_final_snapshot: true })],
    `unprotect ${CLUSTER}`,
  ],
  [
    "a bucket may be destroyed with its objects",
    [update("aws_s3_bucket.files", { force_destroy: false }, { force_destroy: true })],
    "unprotect aws_s3_bucket.files",
  ],
  [
    "a key's deletion can be cancelled for less long",
    [update("aws_kms_key.files", { deletion_window_in_days: 30 }, { deletion_window_in_days: 7 })],
    "shorten-recovery-window aws_kms_key.files",
  ],
  [
    "a secret is deleted at once",
    [update("aws_secretsmanager_secret.salt", { recovery_window_in_days: 30 }, { recovery_window_in_days: 0 })],
    "shorten-recovery-window aws_secretsmanager_secret.salt",
  ],
  [
    "objects expire that were kept",
    [update("aws_s3_bucket_lifecycle_configuration.files", { rule: [] }, { rule: [rule("all", 30)] })],
    "expire-objects aws_s3_bucket_lifecycle_configuration.files",
  ],
  [
    "old versions expire earlier",
    [
      update(
        "aws_s3_bucket_lifecycle_configuration.files",
        { rule: [rule("old", 90, "noncurrent_version_expiration", "noncurrent_days")] },
        { rule: [rule("old", 7, "noncurrent_version_expiration", "noncurrent_days")] },
      ),
    ],
    "expire-objects aws_s3_bucket_lifecycle_configuration.files",
  ],
  [
    "logs are kept for less long",
    [update("aws_cloudwatch_log_group.audit", { retention_in_days: 0 }, { retention_in_days: 30 })],
    "shorten-log-retention aws_cloudwatch_log_group.audit",
  ],
];
testDangers(CASES);

test("what is stateful comes first, with the attribute that forces it; the rest of what goes is named, too", () => {
  const found = findings(
    plan([
      destroy("aws_ecs_service.service", {}, { action_reason: "delete_because_no_resource_config" }),
      replace(CLUSTER, {}, {}, { replacePaths: [["kms_key_id"], ["scaling", 0, "max"], ["tags", "a`b"]] }),
    ]),
  );
  expect(found.map(({ level, action, address, because }) => ({ level, action, address, because }))).toEqual([
    {
      level: "danger",
      action: "replace",
      address: CLUSTER,
      because: ["kms_key_id forces it", "scaling[0].max forces it", "tags.`a'b` forces it"],
    },
    {
      level: "notice",
      action: "destroy",
      address: "aws_ecs_service.service",
      because: ["delete because no resource config"],
    },
  ]);
});

test("what is not there yet is unprotected by its stage's own configuration", () => {
  expect(dangersOf([create(CLUSTER, { deletion_protection: false, skip_final_snapshot: false })])).toEqual([]);
});

test("of what Terraform only found deleted, nothing is made anew", () => {
  const [gone] = findings(plan([keep("aws_s3_bucket.logs")], { resource_drift: [destroy(CLUSTER)] }));
  expect(gone).toMatchObject({ concern: "drift", action: "gone", level: "notice", address: CLUSTER });
});

test("drift says whether the plan puts it back; what a refresh wrote as empty is none", () => {
  const [kept, changed] = ["aws_iam_role.a", "aws_iam_role.b"] as const;
  const drift = [
    update(kept, { managed_policy_arns: [], tags: null }, { managed_policy_arns: ["x"], tags: {} }),
    update(changed, { description: "x" }, { description: "y" }),
    update("aws_iam_role.c", { tags: null, name: "" }, { tags: {}, name: "" }),
  ];
  const found = findings(
    plan([keep(kept), update(changed, { description: "y" }, { description: "x" }), keep("aws_iam_role.c")], {
      resource_drift: drift,
    }),
  ).filter(({ concern }) => concern === "drift");
  expect(found.map(({ address, what }) => [address, what])).toEqual([
    [kept, "was changed: managed_policy_arns, which this plan leaves as it is"],
    [changed, "was changed: description"],
  ]);
});
