// Steps: Terraform takes the restored cluster for its own; the gate sees every plan before it is applied; the next plan is empty.

import { join } from "node:path";
import { DescribeDBInstancesCommand } from "@aws-sdk/client-rds";
import { instanceIdentifier } from "../../../config";
import { UserError } from "../../command";
import { gate } from "../../gate";
import { countChanges } from "../../gate/plan";
import type { Step } from "../../runbook/engine";
import { runbookFolder } from "../../runbook/journal";
import { type Import, idInState, StackTerraform } from "../../terraform";
import { findCluster } from "../aurora";
import type { RestoreContext } from "../context";

const open = (context: RestoreContext, stack = context.names.appStack) =>
  StackTerraform.open(stack, join(runbookFolder(), `${context.journal.id}.cdktf.out`));

export const planGateApply: Step<RestoreContext> = {
  name: "plan-gate-apply",
  title: ({ names }) => `plan ${names.appStack}, let the gate judge it, apply it`,
  async run(context) {
    const { progress } = context;
    const terraform = await open(context);
    const { forget, imports } = await adoption(context, terraform);
    if (forget.length > 0) {
      progress.update("rehearsing on a copy of the state");
      gate(await terraform.rehearsePlan(forget, imports));
      await terraform.forget(forget);
    }
    progress.update("planning");
    const plan = await terraform.plan(imports);
    gate(plan);
    await terraform.apply((line) => progress.update(line));
    const adopted = imports.length > 0 ? `, ${imports.length} imported` : "";
    return `${countChanges(plan)} changes${adopted}, nothing stateful destroyed`;
  },
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
  async run(context) {
    const terraform = await open(context, context.names.backupSourceStack);
    const plan = await terraform.plan();
    gate(plan);
    const changes = countChanges(plan);
    if (changes > 0) await terraform.apply((line) => context.progress.update(line));
    return changes > 0 ? `${changes} changes` : "nothing to change";
  },
};

export const verifyPlan: Step<RestoreContext> = {
  name: "verify-plan",
  title: ({ names }) => `plan ${names.appStack} again: nothing may be left to change`,
  async run(context) {
    const plan = await (await open(context)).plan();
    const changes = countChanges(plan);
    if (changes > 0) {
      const addresses = (plan.resource_changes ?? [])
        .filter(({ change }) => !["no-op", "read"].includes(change.actions[0] ?? ""))
        .map(({ address }) => address);
      throw new UserError(
        `${changes} changes are left after the apply: ${addresses.join(", ")}. The database is restored and in service; look at: npm run cdktf -- diff ${context.names.appStack}`,
      );
    }
    return "empty";
  },
};
