// Backup plans and their versions.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/about-backup-plans.html

import type { BackupPlanInput } from "@aws-sdk/client-backup";
import { alreadyExists, invalidRequest, notFound } from "./errors";
import { requireValidLifecycle } from "./lifecycle";
import { page } from "./paging";
import type { Handlers } from "./protocol";
import { type BackupState, newId, type Plan, type PlanVersion } from "./state";

export function planHandlers(state: BackupState): Handlers {
  return {
    CreateBackupPlan: (input, { account }) => {
      const name = input.BackupPlan?.BackupPlanName;
      const plans = state.of(account).plans;
      const twin = [...plans.values()].find((plan) => currentVersion(plan).plan.BackupPlanName === name);
      if (twin) throw alreadyExists("Backup plan with the same name already exists", twin.arn, twin.creatorRequestId);
      const id = newId();
      const plan: Plan = {
        id,
        account,
        arn: state.arn(account, `backup-plan:${id}`),
        tags: { ...input.BackupPlanTags },
        versions: [versionOf(input.BackupPlan, state.now())],
        selections: new Map(),
        ...(input.CreatorRequestId && { creatorRequestId: input.CreatorRequestId }),
      };
      plans.set(id, plan);
      return { ...identity(plan), ...versionFields(plan) };
    },

    UpdateBackupPlan: (input, { account }) => {
      const plan = findPlan(state, account, input.BackupPlanId);
      plan.versions.push(versionOf(input.BackupPlan, state.now()));
      return { ...identity(plan), ...versionFields(plan) };
    },

    GetBackupPlan: (input, { account }) => {
      const plan = findPlan(state, account, input.BackupPlanId);
      const version = plan.versions.find(({ versionId }) => versionId === input.VersionId) ?? currentVersion(plan);
      return {
        ...identity(plan),
        BackupPlan: version.plan,
        VersionId: version.versionId,
        CreationDate: version.creationDate,
        CreatorRequestId: plan.creatorRequestId,
        LastExecutionDate: plan.lastExecutionDate,
        AdvancedBackupSettings: version.plan.AdvancedBackupSettings,
      };
    },

    DeleteBackupPlan: (input, { account }) => {
      const plan = findPlan(state, account, input.BackupPlanId);
      if (plan.selections.size > 0) {
        throw invalidRequest("Related backup plan selections must be deleted prior to backup plan deletion");
      }
      state.of(account).plans.delete(plan.id);
      return { ...identity(plan), VersionId: currentVersion(plan).versionId, DeletionDate: state.now() };
    },

    ListBackupPlans: (input, { account }) => {
      const { items, nextToken } = page([...state.of(account).plans.values()], input);
      return { BackupPlansList: items.map(describe), NextToken: nextToken };
    },

    ListBackupPlanVersions: (input, { account }) => {
      const plan = findPlan(state, account, input.BackupPlanId);
      const { items, nextToken } = page(plan.versions, input);
      const versions = items.map((version) => ({
        ...describe(plan),
        VersionId: version.versionId,
        CreationDate: version.creationDate,
      }));
      return { BackupPlanVersionsList: versions, NextToken: nextToken };
    },
  };
}

/** @throws AwsError ResourceNotFoundException. */
export function findPlan(state: BackupState, account: string, id: string | undefined): Plan {
  const plan = state.of(account).plans.get(id ?? "");
  if (!plan) throw notFound(`Cannot find Backup plan with ID ${id}`);
  return plan;
}

export function currentVersion(plan: Plan): PlanVersion {
  const version = plan.versions.at(-1);
  if (!version) throw new Error(`Backup plan ${plan.id} has no version.`);
  return version;
}

/** The plan as AWS keeps it: every rule with an id and the defaults filled in. */
function versionOf(input: BackupPlanInput | undefined, now: Date): PlanVersion {
  const rules = (input?.Rules ?? []).map((rule) => {
    const problem = "Error in some rules due to : ";
    requireValidLifecycle(rule.Lifecycle, problem);
    for (const action of rule.CopyActions ?? []) requireValidLifecycle(action.Lifecycle, problem);
    return {
      ScheduleExpressionTimezone: "Etc/UTC",
      StartWindowMinutes: 480,
      CompletionWindowMinutes: 10_080,
      EnableContinuousBackup: false,
      ...rule,
      RuleId: newId(),
    };
  });
  return { versionId: newId(), creationDate: now, plan: { BackupPlanName: undefined, ...input, Rules: rules } };
}

const identity = (plan: Plan) => ({ BackupPlanId: plan.id, BackupPlanArn: plan.arn });

function versionFields(plan: Plan) {
  const version = currentVersion(plan);
  return {
    CreationDate: version.creationDate,
    VersionId: version.versionId,
    AdvancedBackupSettings: version.plan.AdvancedBackupSettings,
  };
}

function describe(plan: Plan) {
  return {
    ...identity(plan),
    ...versionFields(plan),
    BackupPlanName: currentVersion(plan).plan.BackupPlanName,
    CreatorRequestId: plan.creatorRequestId,
    LastExecutionDate: plan.lastExecutionDate,
  };
}
