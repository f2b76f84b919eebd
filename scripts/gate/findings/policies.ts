// What policies let through after a plan that they did not before: actions, principals, trust, conditions, Deny.
import type { Change } from "../change";
import { type Detected, type Detector, danger, notice } from "../finding";
import { coversAll, matches, policyOf, type Statement, sayOf, UNKNOWN } from "../policy";

/** Attributes that hold a policy. */
const POLICIES: Record<string, string> = {
  aws_backup_vault_policy: "policy",
  aws_cloudwatch_log_resource_policy: "policy_document",
  aws_ecr_repository_policy: "policy",
  aws_iam_group_policy: "policy",
  aws_iam_policy: "policy",
  aws_iam_role: "assume_role_policy",
  aws_iam_role_policy: "policy",
  aws_iam_user_policy: "policy",
  aws_kms_key: "policy",
  aws_kms_key_policy: "policy",
  aws_s3_bucket: "policy",
  aws_s3_bucket_policy: "policy",
  aws_secretsmanager_secret_policy: "policy",
  aws_sns_topic: "policy",
  aws_sns_topic_policy: "policy",
  aws_sqs_queue: "policy",
  aws_sqs_queue_policy: "policy",
  aws_vpc_endpoint: "policy",
};

/** Types whose policy, where there is none, lets everybody of the account through: AWS's default for endpoints. */
const OPEN_BY_DEFAULT = new Set(["aws_vpc_endpoint"]);

/** Who has one of these on everything can give itself the rest, or take the backups with it. */
const POWERS = [
  "backup:DeleteBackupVault",
  "backup:DeleteBackupVaultAccessPolicy",
  "backup:DeleteBackupVaultLockConfiguration",
  "backup:DeleteRecoveryPoint",
  "backup:PutBackupVaultAccessPolicy",
  "iam:AttachRolePolicy",
  "iam:AttachUserPolicy",
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:CreatePolicyVersion",
  "iam:PutRolePolicy",
  "iam:PutUserPolicy",
  "iam:UpdateAssumeRolePolicy",
  "kms:DisableKey",
  "kms:PutKeyPolicy",
  "kms:ScheduleKeyDeletion",
  "organizations:LeaveOrganization",
  "rds:DeleteDBCluster",
  "rds:DeleteDBClusterSnapshot",
  "rds:ModifyDBClusterSnapshotAttribute",
  "s3:DeleteBucket",
  "s3:DeleteObjectVersion",
  "s3:PutBucketPolicy",
  "secretsmanager:DeleteSecret",
];

const allows = (statements: Statement[]) => statements.filter(({ effect }) => effect === "Allow");

/** A condition on who calls, or from where, closes what `*` opens. Keys: IAM's "global condition context keys". */
const CALLER =
  /aws:(SourceArn|SourceAccount|SourceOrgID|PrincipalArn|PrincipalAccount|PrincipalOrgID|SourceVpc|SourceVpce)|kms:CallerAccount|sts:ExternalId|AWS:SourceOwner/i;
const isForEverybody = ({ principals, conditions, inverted }: Statement): boolean =>
  (principals.includes("*") || (inverted && principals.length > 0)) && !conditions.some(narrows);

/** An account, or without one (S3) a resource; a value that begins like many others' names nobody. */
function namesSomebody(value: string): boolean {
  const [start, , , , account, ...resource] = value.split(":");
  if (start !== "arn") return value === UNKNOWN || (value !== "" && !/[*?]/.test(value));
  return /^\d{12}$/.test(account ?? "") || (account === "" && /^[^*?]/.test(resource.join(":")));
}

/** What is denied, missing or any account leaves everybody in. */
function narrows(condition: string): boolean {
  const [operator = "", key = "", ...values] = condition.split(" ");
  if (!CALLER.test(key) || /Not|IfExists$|^Null$|^ForAllValues/i.test(operator)) return false;
  return values.join(" ").split(",").every(namesSomebody);
}

const allActions = ({ actions, inverted }: Statement): string[] =>
  (inverted ? [] : actions).filter((action) => action === "*" || /^[\w-]+:\*$/.test(action));

/** Whether a statement lets through all that another does; conditions must be the same or fewer. */
function covers(old: Statement, now: Statement): boolean {
  if (old.inverted || now.inverted) return JSON.stringify({ ...old, sid: "" }) === JSON.stringify({ ...now, sid: "" });
  const known = (values: string[]) => values.filter((value) => value !== UNKNOWN);
  return (
    coversAll(old.actions, known(now.actions)) &&
    coversAll(old.resources, known(now.resources)) &&
    (old.principals.includes("*") || known(now.principals).every((one) => old.principals.includes(one))) &&
    old.conditions.every((one) => now.conditions.includes(one) || isUnknownNow(one, now.conditions))
  );
}

/** The same operator and key, with a value that is known only after the apply. */
const isUnknownNow = (condition: string, now: string[]): boolean => {
  const start = `${condition.split(" ").slice(0, 2).join(" ")} `;
  return now.some((other) => other.startsWith(start) && other.includes(UNKNOWN));
};

/** `kms:*` for the root of its own account is AWS's default for a key, and keeps it manageable. */
const isOwnerOfKey = (change: Change, { principals }: Statement): boolean =>
  change.type.startsWith("aws_kms_key") &&
  principals.length > 0 &&
  principals.every((one) => {
    const account = /^AWS:arn:aws[\w-]*:iam::(\d{12}):root$/.exec(one)?.[1];
    return (
      account !== undefined &&
      (change.facts.ownAccounts.size === 0 ? change.isCreate : change.facts.ownAccounts.has(account))
    );
  });

const widenedPolicy: Detector = (change) => {
  const attribute = POLICIES[change.type];
  if (!attribute || change.isDelete) return undefined;
  const after = policyOf(change, "after", attribute);
  const shown = (values: string[]) => sayOf(change, attribute, values);
  if (!after)
    return change.isUnknown(attribute) && !change.isCreate
      ? notice("change-policy", `${attribute} is known only after the apply`)
      : undefined;
  const before = policyOf(change, "before", attribute);
  if (before === undefined && OPEN_BY_DEFAULT.has(change.type)) return undefined;
  return allows(after)
    .filter((statement) => !allows(before ?? []).some((old) => covers(old, statement)))
    .flatMap((statement) => judge(change, statement, before, shown));
};

function judge(
  change: Change,
  statement: Statement,
  before: Statement[] | undefined,
  shown: (values: string[]) => string,
): Detected[] {
  const { actions, principals, inverted } = statement;
  const found: Detected[] = [];
  if (isForEverybody(statement)) found.push(danger("allow-everybody", `lets everybody do ${shown(actions)}`));
  const all = allActions(statement);
  if (all.length > 0 && !isOwnerOfKey(change, statement))
    found.push(
      danger("allow-all-actions", `allows ${shown(all)}${principals.length ? ` to ${shown(principals)}` : ""}`),
    );
  if (inverted && !isForEverybody(statement))
    found.push(danger("allow-all-but", `allows everything except what a Not… element names: ${shown(actions)}`));
  const old = allows(before ?? []);
  if (change.type === "aws_iam_role") found.push(...trust(change, statement, before, shown));
  else if (before && principals.length > 0 && !isForEverybody(statement)) {
    const more = principals.filter((one) => one !== UNKNOWN && !old.some((was) => was.principals.includes(one)));
    if (more.length > 0) found.push(danger("allow-principal", `lets in ${shown(more)}: ${shown(actions)}`));
  } else if (!before && !isForEverybody(statement) && isForExistingResource(change)) {
    const others = foreign(change, principals);
    if (others.length > 0) found.push(danger("allow-principal", `lets in ${shown(others)}: ${shown(actions)}`));
  }
  if (found.length > 0) return found;
  if (before) return widened(statement, old, shown);
  return principals.length === 0 && isForExistingRole(change) ? powersOf(statement, [], shown) : [];
}

/** Only an existing policy is compared; what a new one of a new role allows was reviewed as code. */
function widened(now: Statement, before: Statement[], shown: (values: string[]) => string): Detected[] {
  const { actions, conditions, principals, resources } = now;
  const dropped = before.find(
    (old) =>
      old.conditions.length > 0 &&
      !old.conditions.every((each) => conditions.includes(each)) &&
      covers({ ...old, conditions: [] }, now),
  );
  if (dropped) {
    const other = conditions.length > 0 ? `, but where ${shown(conditions)}` : "";
    const action = conditions.length < dropped.conditions.length ? "drop-condition" : "change-condition";
    return [danger(action, `allows ${shown(actions)} no longer only where ${shown(dropped.conditions)}${other}`)];
  }
  const wasNarrower = before.some((old) => coversAll(old.actions, actions) && !old.resources.includes("*"));
  if (resources.includes("*") && wasNarrower)
    return [danger("allow-all-resources", `allows ${shown(actions)} on everything`)];
  const power = principals.length === 0 ? powersOf(now, before, shown) : [];
  return power.length > 0 ? power : [notice("allow-more", `allows more: ${shown(actions)} on ${shown(resources)}`)];
}

function powersOf(now: Statement, before: Statement[], shown: (values: string[]) => string): Detected[] {
  const given = POWERS.filter(
    (power) =>
      now.actions.some((pattern) => matches(pattern, power)) &&
      !before.some((old) => old.actions.some((pattern) => matches(pattern, power))),
  );
  return given.length > 0 ? [danger("allow-power", `newly allows ${shown(given)} on ${shown(now.resources)}`)] : [];
}

/** A role's policy whose role is not made by the same plan. */
function isForExistingRole(change: Change): boolean {
  const [attribute, type] = change.type === "aws_iam_user_policy" ? ["user", "aws_iam_user"] : ["role", "aws_iam_role"];
  const name = change.after(attribute as string);
  return typeof name === "string" && !change.facts.isCreated(type as string, name);
}

function trust(
  change: Change,
  statement: Statement,
  before: Statement[] | undefined,
  shown: (values: string[]) => string,
): Detected[] {
  const { principals } = statement;
  if (isForEverybody(statement)) return []; // said already
  if (before) return [danger("change-trust", `lets ${shown(principals)} take this role on other terms than before`)];
  const others = foreign(change, principals);
  return others.length > 0
    ? [danger("trust-account", `a new role that ${shown(others)} of another account can take`)]
    : [];
}

/** Principals of accounts that the stack is not in. */
function foreign({ facts: { ownAccounts } }: Change, principals: string[]): string[] {
  return principals.filter((one) => {
    const account = /^AWS:arn:aws[\w-]*:(?:iam|sts)::(\d{12}):/.exec(one)?.[1];
    return account !== undefined && ownAccounts.size > 0 && !ownAccounts.has(account);
  });
}

/** What a policy of a resource is attached to. */
const ATTACHED_TO = [
  "arn",
  "backup_vault_name",
  "bucket",
  "key_id",
  "queue_url",
  "repository",
  "resource_arn",
  "secret_arn",
];

/** A resource's policy whose resource is not made by the same plan. */
function isForExistingResource(change: Change): boolean {
  if (!change.type.endsWith("_policy")) return false;
  const attribute = ATTACHED_TO.find((one) => change.after(one) !== undefined || change.isUnknown(one));
  if (attribute === undefined) return false;
  const targets = change.facts
    .references(change.entry.address, attribute)
    .flatMap((one) => change.facts.entry(one) ?? []);
  return targets.every(({ change: { actions } }) => !actions.includes("create"));
}

/** Deny statements are what holds even against an administrator. */
const droppedDeny: Detector = (change) => {
  const attribute = POLICIES[change.type];
  if (!attribute || change.isCreate || change.isDelete) return undefined;
  const after = policyOf(change, "after", attribute);
  const denies = policyOf(change, "before", attribute)?.filter(({ effect }) => effect === "Deny") ?? [];
  if (!after) return undefined;
  return denies
    .filter((deny) => !after.some((now) => now.effect === "Deny" && covers(now, deny)))
    .map(({ sid, actions }) =>
      danger(
        "drop-deny",
        `no longer denies ${sayOf(change, attribute, [`${sid ? `${sid}: ` : ""}${actions.join(", ")}`])}`,
      ),
    );
};

export const policies: Detector[] = [widenedPolicy, droppedDeny];
