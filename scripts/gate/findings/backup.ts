// What would be backed up less, kept shorter, copied nowhere, or left without its lock.
import { BACKUP_TAG } from "../../../config";
import type { Change } from "../change";
import { type Detected, type Detector, danger, notice } from "../finding";
import { isLess } from "./loss";

type Block = Record<string, unknown>;
const first = (value: unknown): Block => ((Array.isArray(value) ? value[0] : value) ?? {}) as Block;
const blocks = (value: unknown): Block[] => (Array.isArray(value) ? value : []) as Block[];
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Days; a lifecycle that deletes nothing keeps for ever. */
const retention = (block: Block): number => {
  const days = first(block.lifecycle).delete_after;
  return typeof days === "number" && days > 0 ? days : Number.POSITIVE_INFINITY;
};
const days = (change: Change, value: number): string =>
  Number.isFinite(value) ? `${change.say("rule", value)} days` : "for ever";

/** The same rule after the change, and its place, by name. */
const plan: Detector = (change) => {
  if (change.type !== "aws_backup_plan" || change.isCreate || change.isDelete) return undefined;
  const after = new Map(change.blocks("after", "rule").map((rule) => [rule.rule_name, rule]));
  return change.blocks("before", "rule").flatMap((old): Detected[] => {
    const name = change.say("rule", old.rule_name);
    const now = after.get(old.rule_name);
    if (!now) return [danger("remove-rule", `rule ${name} goes`)];
    const found: Detected[] = [];
    if (retention(now) < retention(old))
      found.push(
        danger(
          "shorten-retention",
          `rule ${name} keeps ${days(change, retention(now))}, before ${days(change, retention(old))}`,
        ),
      );
    if (old.enable_continuous_backup === true && now.enable_continuous_backup !== true)
      found.push(danger("end-continuous-backup", `rule ${name}: no restore to a point in time any more`));
    if (now.target_vault_name !== undefined && now.target_vault_name !== old.target_vault_name)
      found.push(
        danger(
          "change-vault",
          `rule ${name} stores in ${change.say("rule", now.target_vault_name)}, before ${change.say("rule", old.target_vault_name)}`,
        ),
      );
    if (now.schedule !== undefined && now.schedule !== old.schedule)
      found.push(
        notice(
          "change-schedule",
          `rule ${name} runs at ${change.say("rule", now.schedule)}, before ${change.say("rule", old.schedule)}`,
        ),
      );
    return [...found, ...copies(change, old, now, name)];
  });
};

function copies(change: Change, old: Block, now: Block, name: string): Detected[] {
  const after = blocks(now.copy_action);
  return blocks(old.copy_action).flatMap((copy): Detected[] => {
    const same = after.find((one) => one.destination_vault_arn === copy.destination_vault_arn);
    // The vault's ARN may not be known yet: then it is compared by its place.
    const kept = same ?? after.find((one) => one.destination_vault_arn === undefined);
    if (!kept)
      return [
        danger("remove-copy", `rule ${name} copies no longer to ${change.say("rule", copy.destination_vault_arn)}`),
      ];
    if (retention(kept) >= retention(copy)) return [];
    return [
      danger(
        "shorten-retention",
        `rule ${name} keeps copies ${days(change, retention(kept))}, before ${days(change, retention(copy))}`,
      ),
    ];
  });
}

const lock: Detector = (change) => {
  if (change.type !== "aws_backup_vault_lock_configuration" || change.isCreate || change.isDelete) return undefined;
  const found: Detected[] = [];
  const days = change.after("changeable_for_days");
  if (days != null && days !== change.before("changeable_for_days"))
    found.push(
      danger("lock-for-ever", `${change.fromTo("changeable_for_days")}: days after which nobody takes the lock back`),
    );
  const lost = (attribute: string) =>
    change.before(attribute) != null && change.after(attribute) == null && !change.isUnknown(attribute);
  if (isLess(change, "min_retention_days") || lost("min_retention_days"))
    found.push(danger("weaken-lock", `${change.fromTo("min_retention_days")}: recovery points may be deleted earlier`));
  if (isLess(change, "max_retention_days"))
    found.push(danger("weaken-lock", `${change.fromTo("max_retention_days")}: jobs that keep longer fail`));
  if (lost("changeable_for_days"))
    found.push(danger("weaken-lock", "from compliance to governance: whoever has the rights can take the lock off"));
  return found;
};

const selection: Detector = (change) => {
  if (change.type !== "aws_backup_selection" || change.isCreate || change.isDelete) return undefined;
  const found: Detected[] = [];
  const missing = strings(change.before("resources")).filter(
    (arn) => !strings(change.after("resources")).includes(arn),
  );
  if (missing.length > 0 && !change.isUnknown("resources"))
    found.push(danger("narrow-selection", `selects no longer ${change.say("resources", missing.join(", "))}`));
  const excluded = strings(change.after("not_resources")).filter(
    (arn) => !strings(change.before("not_resources")).includes(arn),
  );
  if (excluded.length > 0)
    found.push(danger("narrow-selection", `leaves out ${change.say("not_resources", excluded.join(", "))}`));
  const tags = (side: "before" | "after") =>
    change.blocks(side, "selection_tag").map(({ key, value }) => `${key} = ${value}`);
  const untagged = tags("before").filter((tag) => !tags("after").includes(tag));
  if (untagged.length > 0)
    found.push(
      danger("narrow-selection", `selects no longer by tag ${change.say("selection_tag", untagged.join(", "))}`),
    );
  // Of a selection, conditions are joined by "and": each one more selects less.
  const conditions = (side: "before" | "after") => JSON.stringify(change.blocks(side, "condition"));
  if (
    conditions("before") !== conditions("after") &&
    conditions("after").length > conditions("before").length &&
    !change.isUnknown("condition")
  )
    found.push(danger("narrow-selection", "selects only what meets one more condition"));
  return found;
};

/** Backup selects by this tag: without it, or with another value, the selection matches nothing. */
const leavesSelection: Detector = (change) => {
  if (change.isCreate || change.isDelete) return undefined;
  const [before, after] = [change.before("tags", BACKUP_TAG), change.after("tags", BACKUP_TAG)];
  if (before === undefined || before === after || change.isUnknown("tags", BACKUP_TAG)) return undefined;
  return danger(
    "leave-selection",
    `tag ${BACKUP_TAG} from ${change.show("before", "tags", BACKUP_TAG)} to ${change.show("after", "tags", BACKUP_TAG)}: the selection matches it no longer`,
  );
};

const ownBackup: Detector = (change) => {
  if (change.isCreate || change.isDelete) return undefined;
  const found: Detected[] = [];
  if (/^aws_(rds_cluster|db_instance)$/.test(change.type)) {
    if (isLess(change, "backup_retention_period"))
      found.push(danger("shorten-retention", `${change.fromTo("backup_retention_period")} days`));
    if (isLess(change, "backtrack_window"))
      found.push(danger("shorten-backtrack", `${change.fromTo("backtrack_window")} seconds`));
  }
  return found;
};

const versioning: Detector = (change) => {
  if (change.isCreate || change.isDelete) return undefined;
  const on = (path: (string | number)[], value: unknown) =>
    change.before(...path) === value && change.after(...path) !== value && !change.isUnknown(...path);
  if (change.type === "aws_s3_bucket_versioning" && on(["versioning_configuration", 0, "status"], "Enabled"))
    return danger("suspend-versioning", "what is overwritten or deleted is gone");
  if (change.type === "aws_dynamodb_table" && on(["point_in_time_recovery", 0, "enabled"], true))
    return danger("end-continuous-backup", "no restore to a point in time any more");
  if (change.type === "aws_s3_bucket_object_lock_configuration") {
    const path = ["rule", 0, "default_retention", 0];
    if (change.before(...path, "mode") !== "COMPLIANCE" && change.after(...path, "mode") === "COMPLIANCE")
      return danger("lock-for-ever", "COMPLIANCE: nobody deletes an object before its time, or takes this back for it");
    const weaker =
      on([...path, "mode"], "COMPLIANCE") || isLess(change, ...path, "days") || isLess(change, ...path, "years");
    return weaker ? danger("weaken-lock", `${change.fromTo(...path)}`) : undefined;
  }
  return undefined;
};

const regionSettings: Detector = (change: Change) => {
  if (change.type !== "aws_backup_region_settings" || change.isDelete) return undefined;
  const settings = change.after("resource_type_opt_in_preference");
  const off = Object.entries((settings ?? {}) as object).filter(
    ([type, opted]) => opted === false && change.before("resource_type_opt_in_preference", type) === true,
  );
  return off.length > 0
    ? danger(
        "opt-out",
        `AWS Backup no longer backs up ${change.say("resource_type_opt_in_preference", off.map(([type]) => type).join(", "))}`,
      )
    : undefined;
};

/** They tell when a backup fails, or anything else that somebody must hear of. */
const notifications: Detector = (change) => {
  if (!change.isDelete) return undefined;
  if (change.type === "aws_backup_vault_notifications")
    return danger("silence-vault", "nobody hears of failed backups any more");
  if (change.type !== "aws_sns_topic_subscription") return undefined;
  return danger("unsubscribe", `${change.show("before", "endpoint")} hears no more of what this topic tells`);
};

export const backup: Detector[] = [
  plan,
  lock,
  selection,
  leavesSelection,
  ownBackup,
  versioning,
  regionSettings,
  notifications,
];
