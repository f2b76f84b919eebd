// What a plan's schedule does when its time comes: a backup job for every selected resource, then the rule's copies.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html

import type { BackupRule, RecoveryPointCreator } from "@aws-sdk/client-backup";
import { startBackup } from "./backup-jobs";
import { startCopy } from "./copy";
import { notFound } from "./errors";
import type { BackupJob } from "./job-records";
import type { Jobs } from "./jobs";
import { currentVersion } from "./plans";
import { type Resource, selectedResources } from "./selection-match";
import { isOptedIn } from "./settings";
import type { Plan } from "./state";

/**
 * Runs a plan's rules once, as their schedule would.
 *
 * @param ruleName only this rule; all of them if left out.
 * @returns the backup jobs that were started; the copy jobs follow by themselves, each once its backup has completed.
 * @throws AwsError ResourceNotFoundException if there is no such plan or rule.
 */
export async function runSchedule(jobs: Jobs, account: string, plan: string, ruleName?: string): Promise<BackupJob[]> {
  const found = [...jobs.state.of(account).plans.values()].find(
    (one) => one.id === plan || currentVersion(one).plan.BackupPlanName === plan,
  );
  if (!found) throw notFound(`Cannot find Backup plan ${plan}`);
  const rules = currentVersion(found).plan.Rules.filter((rule) => ruleName === undefined || rule.RuleName === ruleName);
  if (rules.length === 0) throw notFound(`Cannot find rule ${ruleName} in Backup plan ${plan}`);

  const resources = (await Promise.all(jobs.drivers.map((driver) => driver.list(account)))).flat();
  found.lastExecutionDate = jobs.state.now();
  return rules.flatMap((rule) => startRule(jobs, found, rule, resources));
}

function startRule(jobs: Jobs, plan: Plan, rule: BackupRule, resources: Resource[]): BackupJob[] {
  const { state } = jobs;
  const vault = state.vault(plan.account, rule.TargetBackupVaultName);
  const createdBy = creator(plan, rule);
  const started = [...plan.selections.values()].flatMap(({ selection }) => {
    const selected = selectedResources(selection, resources, (type) => isOptedIn(state, plan.account, type));
    return selected.map((resource) =>
      startBackup(jobs, {
        vault,
        resourceArn: resource.arn,
        iamRoleArn: selection.IamRoleArn ?? "",
        lifecycle: rule.Lifecycle,
        tags: { ...rule.RecoveryPointTags },
        createdBy,
      }),
    );
  });
  for (const job of started) void job.run.ended.then(() => startCopies(jobs, job, rule));
  return started;
}

function startCopies(jobs: Jobs, job: BackupJob, rule: BackupRule): void {
  const sourceVault = jobs.state.vault(job.account, job.vaultName);
  const point = sourceVault.recoveryPoints.get(job.recoveryPointArn ?? "");
  if (!point) return;
  for (const action of rule.CopyActions ?? []) {
    startCopy(jobs, {
      point,
      sourceVault,
      destinationVaultArn: action.DestinationBackupVaultArn ?? "",
      iamRoleArn: job.iamRoleArn,
      lifecycle: action.Lifecycle,
      createdByBackupJobId: job.id,
      ...(job.createdBy && { createdBy: job.createdBy }),
    });
  }
}

function creator(plan: Plan, rule: BackupRule): RecoveryPointCreator {
  const { versionId, plan: document } = currentVersion(plan);
  return {
    BackupPlanId: plan.id,
    BackupPlanArn: plan.arn,
    BackupPlanName: document.BackupPlanName,
    BackupPlanVersion: versionId,
    BackupRuleId: rule.RuleId,
    BackupRuleName: rule.RuleName,
    BackupRuleCron: rule.ScheduleExpression,
    BackupRuleTimezone: rule.ScheduleExpressionTimezone,
  };
}
