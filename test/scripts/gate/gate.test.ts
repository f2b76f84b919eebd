// The gate refuses to destroy or replace what is stateful, and lets everything else through.
import { gate, judge } from "../../../scripts/gate";
import { countChanges, parsePlan, type ResourceChange, type TerraformPlan } from "../../../scripts/gate/plan";

const change = (
  address: string,
  actions: ResourceChange["change"]["actions"],
  more: Partial<ResourceChange["change"]> = {},
): ResourceChange => {
  const [type = "", name = ""] = address.split(".");
  return { address, mode: "managed", type, name, change: { actions, before: {}, after: {}, ...more } };
};
const plan = (...resource_changes: ResourceChange[]): TerraformPlan => ({ format_version: "1.2", resource_changes });

it("refuses a destroy, naming the resource", () => {
  expect(() => gate(plan(change("aws_rds_cluster.cluster", ["delete"])))).toThrow("destroy aws_rds_cluster.cluster");
});

it.each([[["delete", "create"] as const], [["create", "delete"] as const]])(
  "refuses a replacement (%s), naming the attribute that forces it",
  (actions) => {
    const replaced = plan(
      change("aws_rds_cluster.cluster", [...actions], { replace_paths: [["kms_key_id"], ["scaling", 0, "max"]] }),
    );
    expect(() => gate(replaced)).toThrow(
      "replace aws_rds_cluster.cluster: kms_key_id forces it, scaling[0].max forces it",
    );
  },
);

it("refuses to forget something stateful", () => {
  expect(judge(plan(change("aws_s3_bucket.files", ["forget"])))).toEqual([
    expect.objectContaining({ address: "aws_s3_bucket.files", action: "forget", because: [] }),
  ]);
});

it("lets a secret go whose value a function makes anew, and no other", () => {
  const both = plan(
    change("aws_secretsmanager_secret.cron", ["delete"]),
    change("aws_secretsmanager_secret.salt", ["delete"]),
  );
  expect(judge(both).map(({ address }) => address)).toEqual(["aws_secretsmanager_secret.salt"]);
});

it("names every one", () => {
  const two = plan(change("aws_s3_bucket.files", ["delete"]), change("aws_kms_key.database", ["delete", "create"]));
  expect(judge(two).map(({ address }) => address)).toEqual(["aws_s3_bucket.files", "aws_kms_key.database"]);
});

it("reads a plan that prevent_destroy stopped", () => {
  const errored = {
    ...plan(change("aws_rds_cluster.cluster", ["delete", "create"], { replace_paths: [["kms_key_id"]] })),
    errored: true,
  };
  expect(() => gate(errored)).toThrow("kms_key_id forces it");
});

it("refuses a plan that ended with another error", () => {
  expect(() => gate({ ...plan(), errored: true })).toThrow("ended with an error");
});

it("lets updates, creations, imports and the replacement of what holds no data through", () => {
  const ordinary = plan(
    change("aws_rds_cluster.cluster", ["update"]),
    change("aws_rds_cluster_instance.reader-1", ["create"]),
    change("aws_lambda_invocation.users", ["delete", "create"]),
    change("aws_rds_cluster.imported", ["no-op"], { importing: { id: "redcap-prod" } }),
  );
  expect(() => gate(ordinary)).not.toThrow();
});

it.each([
  "aws_backup_selection",
  "aws_backup_vault_policy",
  "aws_backup_vault_lock_configuration",
  "aws_s3_bucket_versioning",
])("lets %s be replaced, but not go", (type) => {
  expect(() => gate(plan(change(`${type}.one`, ["delete", "create"])))).not.toThrow();
  expect(() => gate(plan(change(`${type}.one`, ["delete"])))).toThrow(`destroy ${type}.one`);
});

it("gives Terraform's reason where no attribute forces it, and tells a deposed object from the live one", () => {
  const removed = {
    ...change("aws_s3_bucket.files", ["delete"]),
    action_reason: "delete_because_no_resource_config",
    deposed: "ab12",
  };
  expect(() => gate(plan(removed))).toThrow(
    "destroy aws_s3_bucket.files (deposed ab12): delete because no resource config",
  );
});

it("counts what an apply would do: changes, imports and outputs, not reads", () => {
  const counted: TerraformPlan = {
    ...plan(
      change("aws_rds_cluster.cluster", ["no-op"]),
      change("aws_rds_cluster.imported", ["no-op"], { importing: { id: "redcap-prod" } }),
      change("aws_s3_bucket.files", ["update"]),
      { ...change("aws_iam_policy_document.task", ["read"]), mode: "data" },
    ),
    output_changes: { url: { actions: ["update"] }, name: { actions: ["no-op"] } },
  };
  expect(countChanges(counted)).toBe(3);
});

it("says that a text is no plan", () => {
  expect(() => parsePlan('{"planned_values": {}}')).toThrow("format_version");
});
