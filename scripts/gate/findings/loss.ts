// What is destroyed, replaced or forgotten, and what keeps that from happening.
import { isStateful, PROTECTING_TYPES } from "../../../config";
import { type Change, pathText } from "../change";
import { type Detected, type Detector, danger, notice } from "../finding";

/** Terraform's words for action_reason are `delete_because_…` and `replace_because_…`. */
export function reasons({ change, action_reason }: Change["entry"]): string[] {
  const forcedBy = (change.replace_paths ?? []).map((path) => `${pathText(path)} forces it`);
  return forcedBy.length > 0 || !action_reason ? forcedBy : [action_reason.replaceAll("_", " ")];
}

const LOCK = "aws_backup_vault_lock_configuration";

function actionOf(change: Change): string | undefined {
  if (change.isReplace) return "replace";
  if (change.isDelete) return change.entry.deposed ? "destroy-deposed" : "destroy";
  return change.actions.has("forget") ? "forget" : undefined;
}

const removal: Detector = (change) => {
  const action = actionOf(change);
  if (!action) return undefined;
  const found = (make: typeof danger, what: string) => ({ ...make(action, what), because: reasons(change.entry) });
  if (isStateful(change.type, change.entry.name)) return found(danger, "holds what cannot be made again");
  // What protects may be replaced, as many of its changes demand, but not go.
  if (PROTECTING_TYPES.has(change.type) && change.isDelete) return found(danger, "protects what cannot be made again");
  return found(notice, change.type === LOCK ? "every change of a lock replaces it" : "can be made again");
};

/** A cluster or bucket that went missing outside Terraform would come back empty. */
const emptySuccessor: Detector = (change) => {
  if (!change.isCreate || !isStateful(change.type, change.entry.name) || !change.facts.isGone(change.entry.address))
    return undefined;
  return danger("recreate-empty", "was deleted outside Terraform; the apply makes a new one that is empty");
};

/** Attribute, and the value that protects. */
const GUARDS: Record<string, readonly [attribute: string, protecting: boolean][]> = {
  aws_rds_cluster: [
    ["deletion_protection", true],
    ["skip_final_snapshot", false],
    ["delete_automated_backups", false],
  ],
  aws_db_instance: [
    ["deletion_protection", true],
    ["skip_final_snapshot", false],
  ],
  aws_dynamodb_table: [["deletion_protection_enabled", true]],
  aws_lb: [["enable_deletion_protection", true]],
  aws_s3_bucket: [["force_destroy", false]],
  aws_backup_vault: [["force_destroy", false]],
  aws_route53_zone: [["force_destroy", false]],
  aws_ecr_repository: [["force_delete", false]],
};

const unguarded: Detector = (change) => {
  if (change.isDelete) return undefined;
  return (GUARDS[change.type] ?? []).flatMap(([attribute, protecting]): Detected[] => {
    const weak = change.after(attribute) === !protecting && change.before(attribute) !== !protecting;
    // A stage without protection says so when it is made; taking it away later is what is asked about.
    if (!weak || change.isCreate) return [];
    return [danger("unprotect", `${change.fromTo(attribute)}: nothing keeps it from being deleted with its content`)];
  });
};

/** Attribute of so many days in which a deletion can still be taken back. */
const WINDOWS: Record<string, string> = {
  aws_kms_key: "deletion_window_in_days",
  aws_secretsmanager_secret: "recovery_window_in_days",
};

const shorterWindow: Detector = (change) => {
  const attribute = WINDOWS[change.type];
  if (!attribute || !isLess(change, attribute)) return undefined;
  return danger("shorten-recovery-window", `${change.fromTo(attribute)}: less time to take a deletion back`);
};

export function isLess(change: Change, ...path: (string | number)[]): boolean {
  const [before, after] = [change.before(...path), change.after(...path)];
  return typeof before === "number" && typeof after === "number" && after < before;
}

/** Days after which S3 deletes objects or their old versions, by rule id and field; none is for ever. */
function expiries(change: Change, side: "before" | "after"): Map<string, number> {
  const found = new Map<string, number>();
  for (const rule of change.blocks(side, "rule")) {
    if (rule.status !== "Enabled") continue;
    for (const [block, field] of [
      ["expiration", "days"],
      ["noncurrent_version_expiration", "noncurrent_days"],
    ] as const) {
      const days = Array.isArray(rule[block]) ? rule[block][0]?.[field] : undefined;
      if (typeof days === "number" && days > 0) found.set(`${rule.id}, ${block}`, days);
    }
  }
  return found;
}

const earlierExpiry: Detector = (change) => {
  if (change.type !== "aws_s3_bucket_lifecycle_configuration" || change.isCreate || change.isDelete) return undefined;
  const before = expiries(change, "before");
  return [...expiries(change, "after")].flatMap(([rule, days]): Detected[] => {
    const earlier = before.get(rule);
    if (earlier !== undefined && days >= earlier) return [];
    const was = earlier === undefined ? "never" : `after ${change.say("rule", earlier)} days`;
    return [
      danger(
        "expire-objects",
        `rule ${change.say("rule", rule)}: S3 deletes after ${change.say("rule", days)} days what it deleted ${was}`,
      ),
    ];
  });
};

const shorterLogs: Detector = (change) => {
  if (change.type !== "aws_cloudwatch_log_group") return undefined;
  // 0 keeps for ever: CloudWatch Logs' "never expire".
  const days = (value: unknown) => (typeof value === "number" ? value || Number.POSITIVE_INFINITY : undefined);
  const [before, after] = [days(change.before("retention_in_days")), days(change.after("retention_in_days"))];
  if (before === undefined || after === undefined || after >= before) return undefined;
  return danger("shorten-log-retention", `${change.fromTo("retention_in_days")}: older entries are deleted at once`);
};

export const loss: Detector[] = [removal, emptySuccessor, unguarded, shorterWindow, earlierExpiry, shorterLogs];
