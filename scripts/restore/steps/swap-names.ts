// Step: old and restored cluster change names, so that endpoints, secrets and code stay as they are.
import {
  type CloudwatchLogsExportConfiguration,
  type DBCluster,
  ModifyDBClusterCommand,
  RemoveTagsFromResourceCommand,
} from "@aws-sdk/client-rds";
import { BACKUP_TAG, DATABASE_LOGS, databaseLogs } from "../../../config";
import type { Step } from "../../runbook/engine";
import { findCluster, findClusterByResourceId, renameCluster, waitForCluster } from "../aurora";
import type { RestoreContext } from "../context";

export const swapNames: Step<RestoreContext> = {
  name: "swap-names",
  title: (context) =>
    `rename ${context.restoredIdentifier} to ${context.journal.facts.previousIdentifier ?? context.names.clusterIdentifier}`,
  skip: ({ options }) => (options.keepIdentifier ? "--keep-identifier" : undefined),
  async run(context) {
    const old = await findOldCluster(context);
    if (old) {
      await renameCluster(context, context.fact("oldClusterResourceId"), context.replacedIdentifier);
      await stopBackups(context, old);
    }
    await renameCluster(context, context.fact("newClusterResourceId"), context.fact("previousIdentifier"));
    await exportLogs(context, { EnableLogTypes: databaseLogs(context.stage.db) });
    return old ? `the old cluster is kept as ${context.replacedIdentifier}` : "the old cluster was gone";
  },
  async undo(context) {
    await exportLogs(context, { DisableLogTypes: DATABASE_LOGS });
    await renameCluster(context, context.fact("newClusterResourceId"), context.restoredIdentifier);
    await renameCluster(context, context.fact("oldClusterResourceId"), context.fact("previousIdentifier"));
    return undefined;
  },
};

export async function findOldCluster(context: RestoreContext): Promise<DBCluster | undefined> {
  const old = context.journal.facts.oldClusterResourceId;
  return old ? findClusterByResourceId(context.rds, old) : undefined;
}

/** Recovery points of the damaged cluster would stand first in the list, the newest of all. Terraform tags the live one. */
async function stopBackups(context: RestoreContext, old: DBCluster): Promise<void> {
  const ResourceName = old.DBClusterArn?.replace(/[^:]*$/, context.replacedIdentifier);
  await context.rds.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: [BACKUP_TAG] }));
}

/** Only while the cluster has the live name: Aurora makes log groups of any other name, without key and retention. */
async function exportLogs(context: RestoreContext, change: CloudwatchLogsExportConfiguration): Promise<void> {
  const DBClusterIdentifier = context.fact("previousIdentifier");
  const cluster = await findCluster(context.rds, DBClusterIdentifier);
  if (cluster?.DbClusterResourceId !== context.fact("newClusterResourceId")) return;
  await waitForCluster(context, DBClusterIdentifier);
  await context.rds.send(
    new ModifyDBClusterCommand({
      DBClusterIdentifier,
      CloudwatchLogsExportConfiguration: change,
      ApplyImmediately: true,
    }),
  );
  await waitForCluster(context, DBClusterIdentifier);
}
