// Step: the recovery point exists, is complete, and is one of this stage.
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import type { RestoreContext } from "../context";
import { belongsToStage, findRecoveryPoint } from "../recovery-points";

export const findRecoveryPointStep = (arn: string): Step<RestoreContext> => ({
  name: "find-recovery-point",
  title: () => "find the recovery point",
  readOnly: true,
  async run(context) {
    const known = context.journal.facts.recoveryPoint;
    // What was restored from it is there: whether the recovery point still is does not matter any more.
    if (context.isRestored && known) return `${known.clusterIdentifier} of ${known.createdAt}`;
    const point = await findRecoveryPoint(context, arn);
    if (!belongsToStage(context, point.clusterIdentifier)) {
      throw new UserError(
        `${arn} is of cluster ${point.clusterIdentifier}, not of stage ${context.stage.name}. Name the right --stage.`,
      );
    }
    context.journal.learn({ recoveryPoint: point });
    const where = point.kind === "snapshot" ? "snapshot" : `vault ${point.vaultName}`;
    return `${point.clusterIdentifier} of ${point.createdAt}, ${where}, account ${point.accountId}`;
  },
});
