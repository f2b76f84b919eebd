// Step of --rehearse: what the rehearsal restored is removed, and nothing else.
import {
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  ModifyDBClusterCommand,
  waitUntilDBClusterDeleted,
  waitUntilDBInstanceDeleted,
} from "@aws-sdk/client-rds";
import type { Step } from "../../runbook/engine";
import { findClusterByResourceId, sortedMembers, waiter } from "../aurora";
import type { RestoreContext } from "../context";

export const removeRestored: Step<RestoreContext> = {
  name: "remove-restored",
  title: (context) => `remove the rehearsal's cluster ${context.restoredIdentifier}`,
  async isDone(context) {
    return (await findClusterByResourceId(context.rds, context.fact("newClusterResourceId"))) === undefined;
  },
  async run(context) {
    const { rds } = context;
    const cluster = await findClusterByResourceId(rds, context.fact("newClusterResourceId"));
    if (!cluster) return "it is gone already";
    if (cluster.DBClusterIdentifier !== context.restoredIdentifier) {
      throw new Error(
        `The rehearsal's cluster is called ${cluster.DBClusterIdentifier} now: somebody uses it, so it is left alone.`,
      );
    }
    for (const DBInstanceIdentifier of sortedMembers(cluster)) {
      await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
      await context.awsWait(() => waitUntilDBInstanceDeleted(waiter(rds), { DBInstanceIdentifier }));
    }
    const DBClusterIdentifier = context.restoredIdentifier;
    await rds.send(
      new ModifyDBClusterCommand({ DBClusterIdentifier, DeletionProtection: false, ApplyImmediately: true }),
    );
    // The recovery point it came from is still there: a final snapshot would hold the same.
    await rds.send(new DeleteDBClusterCommand({ DBClusterIdentifier, SkipFinalSnapshot: true }));
    await context.awsWait(() => waitUntilDBClusterDeleted(waiter(rds), { DBClusterIdentifier }));
    return undefined;
  },
};
