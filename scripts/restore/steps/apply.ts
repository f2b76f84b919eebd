// Steps: Terraform takes the restored cluster for its own; the gate sees every plan before it is applied; the next plan is empty.

import { join } from "node:path";
import { DescribeDBInstancesCommand } from "@aws-sdk/client-rds";
import { instanceIdentifier } from "../../../config";
import { UserError } from "../../command";
import { gate } from "../../gate";
import { changedAddresses, countChanges, type ResourceChange } from "../../gate/plan";
import type { Step } from "../../runbook/engine";
import { runbookFolder } from "../../runbook/journal";
import { type Import, idInState, StackTerraform, synthesize } from "../../terraform";
import { changesService, resumeService } from "../app-runner";
import { findCluster } from "../aurora";
import type { RestoreContext } from "../context";

/** Works in a synthesized stack; plan files, which hold secrets, do not outlive the step. */
async function inStack<T>(
  context: RestoreContext,
  stack: string,
  work: (terraform: StackTerraform) => Promise<T>,
): Promise<T> {
  const folder = join(runbookFolder(), `${context.journal.id}.cdktf.out`);
  if (!context.synthesized) {
    context.progress.update("synthesizing");
    await synthesize(folder);
    context.synthesized = true;
  }
  const terraform = await StackTerraform.initialize(stack, folder);
  try {
    context.progress.update("planning");
    return await work(terraform);
  } finally {
    terraform.discardPlans();
  }
}

/** What the change of clusters itself changes; everything else in a plan was waiting in the working copy already. */
function isOfTheRestore({ type, change }: ResourceChange): boolean {
  if (/^aws_(rds_cluster|rds_cluster_instance|lambda_invocation)$/.test(type)) return true;
  // Where the old cluster is gone, whatever refers to it has attributes that are not known yet, and no other change.
  return change.actions.join() === "update" && differsOnlyInUnknowns(change);
}

function differsOnlyInUnknowns({ before, after, after_unknown }: ResourceChange["change"]): boolean {
  const values = (side: unknown) => (side ?? {}) as Record<string, unknown>;
  const unknown = values(after_unknown);
  return Object.keys(values(after)).every(
    (key) =>
      JSON.stringify(unknown[key] ?? null).includes("true") ||
      JSON.stringify(values(before)[key]) === JSON.stringify(values(after)[key]),
  );
}

export const reviewPlan: Step<RestoreContext> = {
  name: "review-plan",
  title: ({ names }) => `plan ${names.appStack} before anything stops: what else would the apply change?`,
  readOnly: true,
  // After the swap the plan is another one, and judged when it is applied.
  skip: ({ journal }) => (journal.isDone("stop-service") ? "the names are being changed already" : undefined),
  run: (context) =>
    inStack(context, context.names.appStack, async (terraform) => {
      // What waits in the working copy, not what became of the account: that shows in the plan that is applied.
      const plan = await terraform.plan([], ["-refresh=false"]);
      const others = { ...plan, resource_changes: plan.resource_changes?.filter((entry) => !isOfTheRestore(entry)) };
      gate({ ...others, errored: false });
      const pending = changedAddresses(others);
      if (pending.length === 0) return "nothing but the restore";
      const list = pending.join(", ");
      await context.confirm(
        `The apply would also change ${pending.length} resources that wait in the working copy: ${list}. Go on?`,
      );
      return `also ${list}`;
    }),
};

export const planGateApply: Step<RestoreContext> = {
  name: "plan-gate-apply",
  title: ({ names }) => `plan ${names.appStack}, let the gate judge it, apply it`,
  run: (context) =>
    inStack(context, context.names.appStack, async (terraform) => {
      const { forget, imports } = await adoption(context, terraform);
      if (forget.length > 0) {
        context.progress.update("rehearsing on a copy of the state");
        gate(await terraform.rehearsePlan(forget, imports));
        await terraform.forget(forget);
      }
      const plan = await terraform.plan(imports);
      gate(plan);
      if (changesService(plan.resource_changes)) {
        // The names have changed by now: whatever it writes goes to the restored database.
        context.journal.learn({ resumedForApply: true });
        await resumeService(context);
      }
      await terraform.apply((line) => context.progress.update(line));
      const adopted = imports.length > 0 ? `, ${imports.length} imported` : "";
      return `${countChanges(plan)} changes${adopted}, nothing stateful destroyed`;
    }),
};

/**
 * What the state must forget and import so that its cluster addresses stand for the cluster that is there. After a swap
 * of names there is nothing: the provider reads by identifier, so the state points at the restored cluster already.
 */
async function adoption(
  context: RestoreContext,
  terraform: StackTerraform,
): Promise<{ forget: string[]; imports: Import[] }> {
  const state = await terraform.pullState();
  const forget: string[] = [];
  const imports: Import[] = [];
  for (const { address, identifier, exists } of await clusterAddresses(context)) {
    const inState = idInState(state, address);
    if (inState === identifier) continue;
    if (inState !== undefined) forget.push(address);
    if (exists) imports.push({ to: address, id: identifier });
  }
  return { forget, imports };
}

async function clusterAddresses(context: RestoreContext) {
  const cluster = context.finalIdentifier;
  const { DBInstances = [] } = await context.rds.send(
    new DescribeDBInstancesCommand({ Filters: [{ Name: "db-cluster-id", Values: [cluster] }] }),
  );
  const exists = (identifier: string) =>
    DBInstances.some(({ DBInstanceIdentifier }) => DBInstanceIdentifier === identifier);
  const instance = (address: string, number: number) => {
    const identifier = instanceIdentifier(cluster, number);
    return { address: `aws_rds_cluster_instance.${address}`, identifier, exists: exists(identifier) };
  };
  const readers = Array.from({ length: context.stage.db.dbReaders }, (_, index) =>
    instance(`reader-${index + 1}`, index + 2),
  );
  return [
    {
      address: "aws_rds_cluster.cluster",
      identifier: cluster,
      exists: (await findCluster(context.rds, cluster)) !== undefined,
    },
    instance("writer", 1),
    ...readers,
  ];
}

/** Who deletes backups removes the vault's lock first, or the plan: both come back before the night is over. */
export const protectBackups: Step<RestoreContext> = {
  name: "protect-backups",
  title: ({ names }) => `plan ${names.backupSourceStack}, gate, apply: lock, plan and selection as configured`,
  skip: ({ stage }) => (stage.backup.enabled ? undefined : "the stage has no backup"),
  run: (context) =>
    inStack(context, context.names.backupSourceStack, async (terraform) => {
      const plan = await terraform.plan();
      gate(plan);
      const changed = changedAddresses(plan);
      if (countChanges(plan) === 0) return "nothing to change";
      await terraform.apply((line) => context.progress.update(line));
      return `changed ${changed.join(", ")}`;
    }),
};

export const verifyPlan: Step<RestoreContext> = {
  name: "verify-plan",
  title: ({ names }) => `plan ${names.appStack} again: nothing may be left to change`,
  run: (context) =>
    inStack(context, context.names.appStack, async (terraform) => {
      const plan = await terraform.plan();
      const changes = countChanges(plan);
      if (changes === 0) return "empty";
      throw new UserError(
        `${changes} changes are left after the apply: ${changedAddresses(plan).join(", ")}. The database is restored and in ` +
          `service; look at: npm run cdktf -- diff ${context.names.appStack}`,
      );
    }),
};
