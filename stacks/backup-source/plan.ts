// A backup plan: when recovery points are made, how long they live, and where each is copied to.
import { BackupPlan, type BackupPlanRule, type BackupPlanRuleLifecycle } from "@cdktf/provider-aws/lib/backup-plan";
import { BackupSelection, type BackupSelectionSelectionTag } from "@cdktf/provider-aws/lib/backup-selection";
import { Construct } from "constructs";
import type { BackupRule } from "../../config";

export interface PlanProps {
  name: string;
  vaultName: string;
  /** Vault in the backup account that rules with `copy` copy to. */
  copyVaultArn: string | undefined;
  rules: BackupRule[];
  /** Role with which AWS Backup works on the selected resources. */
  roleArn: string;
  /** Resources to back up, by ARN and by tag: each that fits either is backed up once per rule. */
  resourceArns: string[];
  tag?: { key: string; value: string };
}

export class Plan extends Construct {
  constructor(scope: Construct, id: string, props: PlanProps) {
    super(scope, id);
    const plan = new BackupPlan(this, "plan", {
      name: props.name,
      rule: props.rules.map((rule) => planRule(rule, props.vaultName, props.copyVaultArn)),
    });
    // One selection for both. AWS Backup joins `resources` and `selection_tag` with OR, so that a resource fitting both
    // is one job; `condition` instead would be AND, and two selections would be two jobs. The tag still finds the
    // cluster when a restore gave it another identifier; the ARN still finds it when somebody dropped the tag.
    new BackupSelection(this, "selection", {
      name: props.name,
      planId: plan.id,
      iamRoleArn: props.roleArn,
      resources: props.resourceArns,
      selectionTag: props.tag ? [tagEquals(props.tag)] : undefined,
    });
  }
}

function planRule(rule: BackupRule, vaultName: string, copyVaultArn: string | undefined): BackupPlanRule {
  return {
    ruleName: rule.name,
    targetVaultName: vaultName,
    schedule: rule.schedule,
    startWindow: rule.startWindowMinutes,
    completionWindow: rule.completionWindowMinutes,
    lifecycle: lifecycle(rule),
    copyAction:
      rule.copy && copyVaultArn ? [{ destinationVaultArn: copyVaultArn, lifecycle: lifecycle(rule.copy) }] : undefined,
  };
}

function lifecycle(of: { deleteAfterDays: number; coldStorageAfterDays?: number }): BackupPlanRuleLifecycle {
  return {
    deleteAfter: of.deleteAfterDays,
    coldStorageAfter: of.coldStorageAfterDays,
    // Without it AWS Backup leaves EBS snapshots where they are (AWS Backup API, Lifecycle).
    optInToArchiveForSupportedResources: of.coldStorageAfterDays === undefined ? undefined : true,
  };
}

const tagEquals = ({ key, value }: { key: string; value: string }): BackupSelectionSelectionTag => ({
  type: "STRINGEQUALS",
  key,
  value,
});
