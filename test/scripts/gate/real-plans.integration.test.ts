// Plans of the project's own stacks by real Terraform and the real provider: what is ordinary passes, what is made
// dangerous is found, and so is what prevent_destroy stops.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { findings } from "../../../scripts/gate/findings";
import type { TerraformPlan } from "../../../scripts/gate/plan";
import { readPlan } from "../../../scripts/plan-review/command";
import { synthesize } from "../../../scripts/terraform";
import { OfflineStack, type Synthesized } from "./offline-terraform";

jest.setTimeout(600_000);

let folder: string;
const open = (stack: string) =>
  OfflineStack.create(join(folder, "offline", stack), join(folder, "stacks", stack, "cdk.tf.json"));
const dangers = (plan: TerraformPlan) =>
  findings(plan)
    .filter(({ level }) => level === "danger")
    .map(({ action, address }) => `${action} ${address}`.trim())
    .sort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-real-plans-"));
  process.env.REDCAP_STAGES_FILE = join(PROJECT_ROOT, "stages.sample.ts");
  await synthesize(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(["app-prod", "backup-destination"])("making %s for the first time raises no alarm", async (stack) => {
  const plan = (await open(stack)).plan();
  expect(plan.errored).toBe(false);
  expect(plan.resource_changes?.length).toBeGreaterThan(10);
  expect(dangers(plan)).toEqual([]);
});

describe("backups of production", () => {
  let stack: OfflineStack;
  const body = (of: Synthesized, type: string) => Object.values(of.resource[type] ?? {})[0] as Record<string, unknown>;
  const statements = (of: Synthesized, document: RegExp) => {
    const [name = ""] = Object.keys(of.data?.aws_iam_policy_document ?? {}).filter((one) => document.test(one));
    return of.data?.aws_iam_policy_document?.[name]?.statement as Record<string, unknown>[];
  };

  beforeAll(async () => {
    stack = await open("backup-source-prod");
    const { first } = stack.converge();
    expect(dangers(first)).toEqual([]);
  });

  test("once they are there, nothing is alarming, and each address has its construct", () => {
    const plan = stack.plan();
    expect(dangers(plan)).toEqual([]);
    const { constructs } = readPlan(join(stack.folder, "plan.json"));
    expect(constructs.stack).toBe("backup-source-prod");
    expect(constructs.pathOf("aws_backup_vault.vault")).toBe("backup-source-prod/vault/vault");
  });

  test("each weakening is found", () => {
    const plan = stack.plan((changed) => {
      const [first = {}, second = {}] = body(changed, "aws_backup_plan").rule as Record<string, unknown>[];
      first.lifecycle = { delete_after: 7 };
      second.copy_action = [];
      body(changed, "aws_backup_vault_lock_configuration").min_retention_days = 1;
      (body(changed, "aws_backup_selection").resources as string[]).pop();
      delete changed.resource.aws_backup_vault_notifications;
      const key = changed.resource.aws_kms_key?.vault as Record<string, unknown>;
      Object.assign(key, { deletion_window_in_days: 7, enable_key_rotation: false });
      statements(changed, /access-policy/)[0] = {
        actions: ["backup:CopyIntoBackupVault"],
        principals: [{ type: "*", identifiers: ["*"] }],
        resources: ["*"],
      };
      Object.assign(statements(changed, /^role-use-keys/)[0] ?? {}, { actions: ["kms:*"] });
    });
    expect(dangers(plan).map((one) => one.replace(/_[0-9A-F]{8}$/, ""))).toEqual([
      "allow-all-actions aws_iam_role_policy.role_policy-use-keys",
      "allow-everybody aws_backup_vault_policy.vault_policy",
      "narrow-selection aws_backup_selection.plan_selection",
      "remove-copy aws_backup_plan.plan",
      "shorten-recovery-window aws_kms_key.vault",
      "shorten-retention aws_backup_plan.plan",
      "silence-vault aws_backup_vault_notifications.notifications_events",
      "stop-key-rotation aws_kms_key.vault",
      "weaken-lock aws_backup_vault_lock_configuration.lock",
    ]);
  });

  test("what prevent_destroy stops is read, with the attribute that forces it", () => {
    const plan = stack.plan((changed) => {
      body(changed, "aws_backup_vault").name = "another";
    });
    expect(plan.errored).toBe(true);
    expect(dangers(plan)).toEqual(["errored", "replace aws_backup_vault.vault"]);
    expect(findings(plan)).toContainEqual(
      expect.objectContaining({ address: "aws_backup_vault.vault", because: ["name forces it"] }),
    );
  });

  test("what protects may not go", () => {
    const plan = stack.plan((changed) => {
      for (const type of ["aws_backup_vault_policy", "aws_backup_plan", "aws_backup_selection"])
        delete changed.resource[type];
    });
    expect(dangers(plan)).toHaveLength(3);
  });

  test("a moved resource is named by both addresses", () => {
    const plan = stack.plan((changed) => {
      const [old = ""] = Object.keys(changed.resource.aws_sns_topic ?? {});
      const renamed = JSON.stringify(changed).replaceAll(`aws_sns_topic.${old}`, "aws_sns_topic.renamed");
      Object.assign(changed, JSON.parse(renamed), {
        moved: [{ from: `aws_sns_topic.${old}`, to: "aws_sns_topic.renamed" }],
      });
      changed.resource.aws_sns_topic = { renamed: changed.resource.aws_sns_topic?.[old] ?? {} };
    });
    expect(findings(plan)).toContainEqual(
      expect.objectContaining({
        concern: "move",
        address: "aws_sns_topic.renamed",
        what: expect.stringContaining("aws_sns_topic.notifications"),
      }),
    );
    expect(dangers(plan)).toEqual([]);
  });
});
