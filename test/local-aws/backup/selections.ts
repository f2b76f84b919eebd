// Selections of a plan: their API.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html

import { alreadyExists, invalidParameter, notFound } from "./errors";
import { page } from "./paging";
import type { Permissions } from "./permissions";
import type { Handlers } from "./protocol";
import { type BackupState, newId, type Plan, type Selection } from "./state";

export function selectionHandlers(state: BackupState, permissions: Permissions): Handlers {
  return {
    CreateBackupSelection: async (input, { account }) => {
      const plan = planOf(state, account, input.BackupPlanId);
      const wanted = input.BackupSelection;
      if (!wanted) throw invalidParameter("BackupSelection is required.");
      await permissions.requireAssumableRole(account, wanted.IamRoleArn ?? "");
      const wildcard = [...(wanted.Resources ?? []), ...(wanted.NotResources ?? [])].find((arn) => /\*./.test(arn));
      if (wildcard && !isTypePattern(wildcard)) {
        throw invalidParameter(`Invalid ARN: ${wildcard}. A wildcard must be at its end.`);
      }
      const twin = [...plan.selections.values()].find(
        ({ selection }) => selection.SelectionName === wanted.SelectionName,
      );
      if (twin)
        throw alreadyExists("Backup selection with the same name already exists", plan.arn, twin.creatorRequestId);
      const selection: Selection = {
        id: newId(),
        creationDate: state.now(),
        selection: wanted,
        ...(input.CreatorRequestId && { creatorRequestId: input.CreatorRequestId }),
      };
      plan.selections.set(selection.id, selection);
      return { SelectionId: selection.id, BackupPlanId: plan.id, CreationDate: selection.creationDate };
    },

    GetBackupSelection: (input, { account }) => {
      const plan = planOf(state, account, input.BackupPlanId);
      const found = plan.selections.get(input.SelectionId ?? "");
      if (!found) throw notFound(`Cannot find Backup selection with ID ${input.SelectionId}`);
      return {
        // AWS answers the lists that were not given as empty ones.
        BackupSelection: {
          Resources: [],
          NotResources: [],
          ListOfTags: [],
          Conditions: { StringEquals: [], StringNotEquals: [], StringLike: [], StringNotLike: [] },
          ...found.selection,
        },
        BackupPlanId: plan.id,
        SelectionId: found.id,
        CreationDate: found.creationDate,
        CreatorRequestId: found.creatorRequestId,
      };
    },

    ListBackupSelections: (input, { account }) => {
      const plan = planOf(state, account, input.BackupPlanId);
      const { items, nextToken } = page([...plan.selections.values()], input);
      const list = items.map(({ id, creationDate, creatorRequestId, selection }) => ({
        SelectionId: id,
        SelectionName: selection.SelectionName,
        BackupPlanId: plan.id,
        CreationDate: creationDate,
        CreatorRequestId: creatorRequestId,
        IamRoleArn: selection.IamRoleArn,
      }));
      return { BackupSelectionsList: list, NextToken: nextToken };
    },

    DeleteBackupSelection: (input, { account }) => {
      const plan = planOf(state, account, input.BackupPlanId);
      if (!plan.selections.delete(input.SelectionId ?? "")) {
        throw invalidParameter(`Cannot find Backup selection with ID ${input.SelectionId}`);
      }
      return {};
    },
  };
}

/** For selections a missing plan is a wrong parameter, not a missing resource: the Terraform provider relies on it. */
function planOf(state: BackupState, account: string, id: string | undefined): Plan {
  const plan = state.of(account).plans.get(id ?? "");
  if (!plan) throw invalidParameter(`Cannot find Backup plan with ID ${id}`);
  return plan;
}

/** All resources of a type, e.g. `arn:aws:rds:*:*:cluster:*`: region and account may be wildcards then. */
function isTypePattern(arn: string): boolean {
  return /^arn:aws[^:]*:[^:*]+:\*?[^:*]*:\*?[^:*]*:[^*]*\*?$/.test(arn);
}
