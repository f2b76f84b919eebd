// Who gets in other than by a policy's text: managed policies, boundaries, public buckets, functions, shared snapshots.
import { type Detector, danger } from "../finding";
import { policies } from "./policies";

const BROAD_MANAGED = /:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess|.*FullAccess)$/;

const attachment: Detector = (change) => {
  if (!/^aws_iam_(role|user|group)_policy_attachment$/.test(change.type) || change.isDelete) return undefined;
  const arn = change.after("policy_arn");
  if (typeof arn !== "string" || arn === change.before("policy_arn") || !BROAD_MANAGED.test(arn)) return undefined;
  return danger("allow-all-actions", `attaches ${change.show("after", "policy_arn")}`);
};

const boundary: Detector = (change) => {
  if (!/^aws_iam_(role|user)$/.test(change.type) || change.isCreate || change.isDelete) return undefined;
  if (
    !change.before("permissions_boundary") ||
    change.after("permissions_boundary") ||
    change.isUnknown("permissions_boundary")
  )
    return undefined;
  return danger("drop-boundary", `${change.fromTo("permissions_boundary")}: nothing limits its policies`);
};

const BLOCKS = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];

const publicBucket: Detector = (change) => {
  if (change.isDelete) return undefined;
  if (change.type === "aws_s3_bucket_public_access_block") {
    const off = BLOCKS.filter((flag) => change.after(flag) === false && change.before(flag) !== false);
    return off.length > 0
      ? danger("unblock-public-access", `${off.join(", ")} off: a policy or an ACL may open the bucket`)
      : undefined;
  }
  const acl = change.after("acl");
  if (!/^aws_s3_(bucket_acl|bucket|object)$/.test(change.type) || typeof acl !== "string") return undefined;
  if (!/^(public-|authenticated-read)/.test(acl) || acl === change.before("acl")) return undefined;
  return danger("allow-everybody", `${change.fromTo("acl")}`);
};

const functionPermission: Detector = (change) => {
  if (change.type !== "aws_lambda_permission" || change.isDelete || change.after("principal") !== "*") return undefined;
  const narrowed = ["source_arn", "source_account", "principal_org_id"].some(
    (key) => change.after(key) || change.isUnknown(key),
  );
  return narrowed ? undefined : danger("allow-everybody", "lets everybody call the function");
};

const sharedSnapshot: Detector = (change) => {
  if (!/^aws_(db_cluster_snapshot|db_snapshot)$/.test(change.type) || change.isDelete) return undefined;
  const accounts = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const more = accounts(change.after("shared_accounts")).filter(
    (one) => !accounts(change.before("shared_accounts")).includes(one),
  );
  return more.length > 0
    ? danger("share-snapshot", `gives the snapshot to ${change.say("shared_accounts", more.join(", "))}`)
    : undefined;
};

export const access: Detector[] = [...policies, attachment, boundary, publicBucket, functionPermission, sharedSnapshot];
