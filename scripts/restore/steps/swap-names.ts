// Step: old and restored cluster change names, so that endpoints, secrets and code stay as they are.
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import { findClusterByResourceId, renameCluster } from "../aurora";
import type { RestoreContext } from "../context";

export const swapNames: Step<RestoreContext> = {
  name: "swap-names",
  title: (context) =>
    `rename ${context.restoredIdentifier} to ${context.journal.facts.previousIdentifier ?? context.names.clusterIdentifier}`,
  skip: ({ options }) => (options.keepIdentifier ? "--keep-identifier" : undefined),
  async run(context) {
    const old = context.journal.facts.oldClusterResourceId;
    const oldIsThere = old !== undefined && (await findClusterByResourceId(context.rds, old)) !== undefined;
    if (oldIsThere) await renameCluster(context, old, context.replacedIdentifier);
    await renameCluster(context, context.fact("newClusterResourceId"), context.fact("previousIdentifier"));
    return oldIsThere ? `the old cluster is kept as ${context.replacedIdentifier}` : "the old cluster was gone";
  },
  async undo(context) {
    const old = context.journal.facts.oldClusterResourceId;
    if (!old || !(await findClusterByResourceId(context.rds, old)))
      throw new UserError("The old cluster is gone: there is nothing to go back to.");
    await renameCluster(context, context.fact("newClusterResourceId"), context.restoredIdentifier);
    await renameCluster(context, old, context.fact("previousIdentifier"));
    return undefined;
  },
};
