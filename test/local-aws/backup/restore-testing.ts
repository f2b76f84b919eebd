// Restore testing plans and their selections, stored only: no test is ever started.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html

import type { RestoreTestingPlanForCreate, RestoreTestingSelectionForCreate } from "@aws-sdk/client-backup";
import { Documents } from "./documents";
import { invalidParameter, invalidRequest } from "./errors";
import { page } from "./paging";
import type { Permissions } from "./permissions";
import type { Handlers } from "./protocol";
import type { BackupState, NamedDocument } from "./state";

export function restoreTestingHandlers(state: BackupState, permissions: Permissions): Handlers {
  const plans = new Documents<RestoreTestingPlanForCreate>(state, "restore-testing-plan");
  const selections = new Documents<RestoreTestingSelectionForCreate>(state, "restore-testing-selection");
  const key = (plan: string | undefined, selection: string | undefined) => `${plan}/${selection}`;

  const planReference = ({ name, arn }: NamedDocument) => ({
    RestoreTestingPlanName: name,
    RestoreTestingPlanArn: arn,
  });
  const describePlan = (document: NamedDocument<RestoreTestingPlanForCreate>) => ({
    ScheduleExpressionTimezone: "Etc/UTC",
    StartWindowHours: 24,
    ...document.content,
    ...planReference(document),
    RecoveryPointSelection: {
      ExcludeVaults: [],
      SelectionWindowDays: 30,
      ...document.content.RecoveryPointSelection,
    },
    CreationTime: document.creationTime,
    LastUpdateTime: document.lastUpdateTime,
  });
  const describeSelection = (plan: string | undefined, document: NamedDocument<RestoreTestingSelectionForCreate>) => ({
    ProtectedResourceArns: [],
    ProtectedResourceConditions: { StringEquals: [], StringNotEquals: [] },
    RestoreMetadataOverrides: {},
    ValidationWindowHours: 0,
    ...document.content,
    RestoreTestingPlanName: plan,
    CreationTime: document.creationTime,
  });

  return {
    CreateRestoreTestingPlan: (input, { account }) => {
      const content = input.RestoreTestingPlan;
      if (!content?.RestoreTestingPlanName) throw invalidParameter("RestoreTestingPlanName is required.");
      const document = plans.create(account, content.RestoreTestingPlanName, content, input.Tags);
      return { ...planReference(document), CreationTime: document.creationTime };
    },
    GetRestoreTestingPlan: (input, { account }) => ({
      RestoreTestingPlan: describePlan(plans.get(account, input.RestoreTestingPlanName)),
    }),
    UpdateRestoreTestingPlan: (input, { account }) => {
      const { RecoveryPointSelection: selection, ...rest } = input.RestoreTestingPlan ?? {};
      const known = plans.get(account, input.RestoreTestingPlanName).content.RecoveryPointSelection;
      const changes = { ...rest, RecoveryPointSelection: { ...known, ...selection } };
      const document = plans.update(account, input.RestoreTestingPlanName, changes);
      return { ...planReference(document), CreationTime: document.creationTime, UpdateTime: document.lastUpdateTime };
    },
    DeleteRestoreTestingPlan: (input, { account }) => {
      const prefix = key(plans.get(account, input.RestoreTestingPlanName).name, "");
      if (selections.list(account).some(({ name }) => name.startsWith(prefix))) {
        throw invalidRequest("Restore testing selections must be deleted before their plan.");
      }
      plans.delete(account, input.RestoreTestingPlanName);
      return {};
    },
    ListRestoreTestingPlans: (input, { account }) => {
      const { items, nextToken } = page(plans.list(account), input);
      return { RestoreTestingPlans: items.map(describePlan), NextToken: nextToken };
    },

    CreateRestoreTestingSelection: async (input, { account }) => {
      const plan = plans.get(account, input.RestoreTestingPlanName);
      const content = input.RestoreTestingSelection;
      if (!content?.RestoreTestingSelectionName) throw invalidParameter("RestoreTestingSelectionName is required.");
      await permissions.requireAssumableRole(account, content.IamRoleArn ?? "");
      const document = selections.create(account, key(plan.name, content.RestoreTestingSelectionName), content);
      return {
        ...planReference(plan),
        RestoreTestingSelectionName: content.RestoreTestingSelectionName,
        CreationTime: document.creationTime,
      };
    },
    GetRestoreTestingSelection: (input, { account }) => {
      const { RestoreTestingPlanName: plan, RestoreTestingSelectionName: name } = input;
      return { RestoreTestingSelection: describeSelection(plan, selections.get(account, key(plan, name))) };
    },
    UpdateRestoreTestingSelection: (input, { account }) => {
      const { RestoreTestingPlanName: plan, RestoreTestingSelectionName: name } = input;
      const document = selections.update(account, key(plan, name), input.RestoreTestingSelection ?? {});
      return {
        ...planReference(plans.get(account, plan)),
        RestoreTestingSelectionName: name,
        CreationTime: document.creationTime,
        UpdateTime: document.lastUpdateTime,
      };
    },
    DeleteRestoreTestingSelection: (input, { account }) => {
      selections.delete(account, key(input.RestoreTestingPlanName, input.RestoreTestingSelectionName));
      return {};
    },
    ListRestoreTestingSelections: (input, { account }) => {
      const prefix = key(plans.get(account, input.RestoreTestingPlanName).name, "");
      const ours = selections.list(account).filter(({ name }) => name.startsWith(prefix));
      const { items, nextToken } = page(ours, input);
      const list = items.map((document) => describeSelection(input.RestoreTestingPlanName, document));
      return { RestoreTestingSelections: list, NextToken: nextToken };
    },
  };
}
