// Plans after which less is backed up, for less long, to fewer places, or with a weaker lock.
import { create, destroy, replace, update } from "../plans";
import { type Case, dangersOf, testDangers } from "./dangers";

const PLAN = "aws_backup_plan.plan";
const LOCK = "aws_backup_vault_lock_configuration.lock";
const SELECTION = "aws_backup_selection.selection";
const VAULT = "arn:aws:backup:eu-west-2:222222222222:backup-vault:redcap-destination";
const DATABASE = "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod";
const FILES = "arn:aws:s3:::redcap-prod-files";

const copy = (delete_after: number | null) => ({
  destination_vault_arn: VAULT,
  lifecycle: [{ cold_storage_after: null, delete_after }],
});
const rule = (more: Record<string, unknown> = {}) => ({
  rule_name: "daily",
  schedule: "cron(0 2 * * ? *)",
  target_vault_name: "redcap-prod",
  enable_continuous_backup: false,
  lifecycle: [{ cold_storage_after: null, delete_after: 35 }],
  copy_action: [copy(90)],
  ...more,
});
const planned = (...rules: Record<string, unknown>[]) => ({ name: "redcap-prod", rule: rules });
const lock = (more: Record<string, unknown> = {}) => ({
  min_retention_days: 7,
  max_retention_days: 400,
  changeable_for_days: 14,
  ...more,
});
const selection = (more: Record<string, unknown> = {}) => ({
  resources: [DATABASE, FILES],
  not_resources: [],
  condition: [],
  selection_tag: [{ key: "redcap:backup", type: "STRINGEQUALS", value: "redcap-prod" }],
  ...more,
});
const versioning = (status: string) => ({ versioning_configuration: [{ status, mfa_delete: "" }] });
const monthly = rule({ rule_name: "monthly" });

const CASES: Case[] = [
  ["a rule goes", [update(PLAN, planned(monthly, rule()), planned(rule()))], `remove-rule ${PLAN}`],
  [
    "a rule keeps for less long",
    [update(PLAN, planned(rule()), planned(rule({ lifecycle: [{ delete_after: 7 }] })))],
    `shorten-retention ${PLAN}`,
  ],
  [
    "a rule kept for ever",
    [update(PLAN, planned(rule({ lifecycle: [] })), planned(rule()))],
    `shorten-retention ${PLAN}`,
  ],
  [
    "copies are kept for less long",
    [update(PLAN, planned(rule()), planned(rule({ copy_action: [copy(30)] })))],
    `shorten-retention ${PLAN}`,
  ],
  [
    "nothing is copied to the other account",
    [update(PLAN, planned(rule()), planned(rule({ copy_action: [] })))],
    `remove-copy ${PLAN}`,
  ],
  [
    "no restore to a point in time",
    [update(PLAN, planned(rule({ enable_continuous_backup: true })), planned(rule()))],
    `end-continuous-backup ${PLAN}`,
  ],
  [
    "the lock lets delete earlier",
    [replace(LOCK, lock(), lock({ min_retention_days: 1 }), { replacePaths: [["min_retention_days"]] })],
    `weaken-lock ${LOCK}`,
  ],
  [
    "the lock refuses longer retention",
    [replace(LOCK, lock(), lock({ max_retention_days: 30 }))],
    `weaken-lock ${LOCK}`,
  ],
  [
    "from compliance to governance",
    [replace(LOCK, lock(), lock({ changeable_for_days: null }))],
    `weaken-lock ${LOCK}`,
  ],
  [
    "from governance to compliance",
    [replace(LOCK, lock({ changeable_for_days: null }), lock(), { replacePaths: [["changeable_for_days"]] })],
    `lock-for-ever ${LOCK}`,
  ],
  [
    "the days in which compliance can be taken back",
    [replace(LOCK, lock(), lock({ changeable_for_days: 3 }))],
    `lock-for-ever ${LOCK}`,
  ],
  [
    "objects that nobody can delete any more",
    [
      update(
        "aws_s3_bucket_object_lock_configuration.kit",
        { rule: [{ default_retention: [{ mode: "GOVERNANCE", days: 365 }] }] },
        { rule: [{ default_retention: [{ mode: "COMPLIANCE", days: 365 }] }] },
      ),
    ],
    "lock-for-ever aws_s3_bucket_object_lock_configuration.kit",
  ],
  [
    "a resource is not selected any more",
    [replace(SELECTION, selection(), selection({ resources: [DATABASE] }))],
    `narrow-selection ${SELECTION}`,
  ],
  [
    "a resource is left out",
    [replace(SELECTION, selection(), selection({ not_resources: [FILES] }))],
    `narrow-selection ${SELECTION}`,
  ],
  [
    "selected by no tag",
    [replace(SELECTION, selection(), selection({ selection_tag: [] }))],
    `narrow-selection ${SELECTION}`,
  ],
  [
    "one more condition",
    [replace(SELECTION, selection(), selection({ condition: [{ string_equals: [{ key: "a", value: "b" }] }] }))],
    `narrow-selection ${SELECTION}`,
  ],
  [
    "the database loses the tag that selects it",
    [update("aws_rds_cluster.cluster", { tags: { "redcap:backup": "redcap-prod" } }, { tags: {} })],
    "leave-selection aws_rds_cluster.cluster",
  ],
  [
    "the database's own backups are kept for less long",
    [update("aws_rds_cluster.cluster", { backup_retention_period: 35 }, { backup_retention_period: 1 })],
    "shorten-retention aws_rds_cluster.cluster",
  ],
  [
    "less backtrack",
    [update("aws_rds_cluster.cluster", { backtrack_window: 86_400 }, { backtrack_window: 0 })],
    "shorten-backtrack aws_rds_cluster.cluster",
  ],
  [
    "versioning is suspended",
    [update("aws_s3_bucket_versioning.files", versioning("Enabled"), versioning("Suspended"))],
    "suspend-versioning aws_s3_bucket_versioning.files",
  ],
  [
    "the lock table loses its point-in-time recovery",
    [
      update(
        "aws_dynamodb_table.lock",
        { point_in_time_recovery: [{ enabled: true }] },
        { point_in_time_recovery: [{ enabled: false }] },
      ),
    ],
    "end-continuous-backup aws_dynamodb_table.lock",
  ],
  [
    "objects are locked for less long",
    [
      update(
        "aws_s3_bucket_object_lock_configuration.kit",
        { rule: [{ default_retention: [{ mode: "COMPLIANCE", days: 365 }] }] },
        { rule: [{ default_retention: [{ mode: "COMPLIANCE", days: 30 }] }] },
      ),
    ],
    "weaken-lock aws_s3_bucket_object_lock_configuration.kit",
  ],
  [
    "AWS Backup leaves Aurora out",
    [
      update(
        "aws_backup_region_settings.region",
        { resource_type_opt_in_preference: { Aurora: true, S3: true } },
        { resource_type_opt_in_preference: { Aurora: false, S3: true } },
      ),
    ],
    "opt-out aws_backup_region_settings.region",
  ],
  [
    "nobody hears of failed backups",
    [destroy("aws_backup_vault_notifications.events")],
    "silence-vault aws_backup_vault_notifications.events",
  ],
  [
    "somebody hears of nothing any more",
    [destroy("aws_sns_topic_subscription.email")],
    "unsubscribe aws_sns_topic_subscription.email",
  ],
];
testDangers(CASES);

test("another vault is a danger in both directions", () => {
  const moved = [update(PLAN, planned(rule()), planned(rule({ target_vault_name: "other" })))];
  expect(dangersOf(moved)).toEqual([`change-vault ${PLAN}`]);
});

test.each([
  ["rules in another order", [update(PLAN, planned(monthly, rule()), planned(rule(), monthly))]],
  [
    "longer retention, another hour",
    [
      update(
        PLAN,
        planned(rule()),
        planned(rule({ schedule: "cron(0 3 * * ? *)", lifecycle: [{ delete_after: 60 }] })),
      ),
    ],
  ],
  [
    "a vault that is not known yet",
    [
      update(
        PLAN,
        planned(rule()),
        planned(rule({ target_vault_name: undefined, copy_action: [{ lifecycle: [{ delete_after: 90 }] }] })),
      ),
    ],
  ],
  ["a new plan with short retention", [create(PLAN, planned(rule({ lifecycle: [{ delete_after: 1 }] })))]],
  [
    "another address that hears of it",
    [replace("aws_sns_topic_subscription.email", { endpoint: "a" }, { endpoint: "b" })],
  ],
  ["a selection that is replaced as it was", [replace(SELECTION, selection(), selection())]],
])("passes: %s", (_name, changes) => {
  expect(dangersOf(changes)).toEqual([]);
});
