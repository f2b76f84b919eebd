// Step of --rollback: there is something to go back to, before the service is stopped for it.
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import { findClusterByResourceId } from "../aurora";
import type { RestoreContext } from "../context";
import { findOldCluster } from "./swap-names";

export const canRollBack: Step<RestoreContext> = {
  name: "can-roll-back",
  title: () => "check that there is something to go back to",
  readOnly: true,
  async run(context) {
    const restored = context.journal.facts.newClusterResourceId;
    if (!restored || !(await findClusterByResourceId(context.rds, restored))) {
      throw new UserError("This run has restored no cluster: there is nothing to take back.");
    }
    const old = await findOldCluster(context);
    if (!old) throw new UserError("The old cluster is gone: there is nothing to go back to. Nothing was changed.");
    if (old.Status !== "available")
      throw new UserError(
        `The old cluster ${old.DBClusterIdentifier} is ${old.Status}: start it first. Nothing was changed.`,
      );
    return `${old.DBClusterIdentifier} gets its place back; what was written since the restore stays in ${context.restoredIdentifier}`;
  },
};
