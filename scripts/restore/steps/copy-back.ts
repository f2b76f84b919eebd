// Step: a recovery point of the destination vault is copied back into the stage's own vault.
import { DescribeCopyJobCommand, StartCopyJobCommand } from "@aws-sdk/client-backup";
import { copyBackRoleArn, vaultArn } from "../../../config";
import type { Step } from "../../runbook/engine";
import type { RestoreContext } from "../context";
import { waitForJob } from "../jobs";

const isLocal = (context: RestoreContext) => context.journal.facts.recoveryPoint?.accountId === context.stage.accountId;

export const copyBack: Step<RestoreContext> = {
  name: "copy-back",
  title: ({ names }) => `copy the recovery point back into vault ${names.sourceVault}`,
  skip: (context) => (isLocal(context) ? "it is in the stage's own account" : undefined),
  async run(context) {
    const { stage, destination, names } = context;
    const point = context.fact("recoveryPoint");
    if (!destination || !stage.backup.enabled)
      throw new Error("A recovery point of the destination needs both vaults in the configuration.");
    const client = context.destinationBackup();
    const { CopyJobId } = await client.send(
      new StartCopyJobCommand({
        RecoveryPointArn: point.arn,
        SourceBackupVaultName: destination.vaultName,
        DestinationBackupVaultArn: vaultArn(stage, names.sourceVault),
        IamRoleArn: copyBackRoleArn(destination),
        // The shortest time that the vault's lock accepts: the original stays where it is.
        Lifecycle: { DeleteAfterDays: stage.backup.lock.minRetentionDays },
        IdempotencyToken: context.idempotencyToken("copy-back"),
      }),
    );
    context.journal.learn({ copyJobId: CopyJobId as string });
    await waitForJob(context, `Copy job ${CopyJobId}`, async () => {
      const { CopyJob } = await client.send(new DescribeCopyJobCommand({ CopyJobId }));
      if (CopyJob?.DestinationRecoveryPointArn)
        context.journal.learn({ localRecoveryPointArn: CopyJob.DestinationRecoveryPointArn });
      return { state: CopyJob?.State, message: CopyJob?.StatusMessage };
    });
    return context.fact("localRecoveryPointArn");
  },
};

/** What is restored: the copy, or the recovery point itself where it is local. */
export const localRecoveryPoint = (context: RestoreContext): string =>
  isLocal(context) ? context.fact("recoveryPoint").arn : context.fact("localRecoveryPointArn");
