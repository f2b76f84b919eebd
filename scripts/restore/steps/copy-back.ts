// Step: a recovery point of the destination vault is copied back into the stage's own vault.
import { DescribeCopyJobCommand, StartCopyJobCommand } from "@aws-sdk/client-backup";
import { copyBackRoleArn, type LockConfig, vaultArn } from "../../../config";
import type { Step } from "../../runbook/engine";
import type { RestoreContext } from "../context";
import { runJob } from "../jobs";
import type { RecoveryPoint } from "../recovery-points";

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
    const { lock } = stage.backup;
    const client = context.destinationBackup();
    await runJob(context, {
      fact: "copyJobId",
      what: "Copy job",
      async start(IdempotencyToken) {
        const { CopyJobId } = await client.send(
          new StartCopyJobCommand({
            RecoveryPointArn: point.arn,
            SourceBackupVaultName: destination.vaultName,
            DestinationBackupVaultArn: vaultArn(stage, names.sourceVault),
            IamRoleArn: copyBackRoleArn(destination),
            Lifecycle: { DeleteAfterDays: copyLifetimeDays(point, lock) },
            IdempotencyToken,
          }),
        );
        return CopyJobId;
      },
      async describe(CopyJobId) {
        const { CopyJob } = await client.send(new DescribeCopyJobCommand({ CopyJobId }));
        const arn = CopyJob?.DestinationRecoveryPointArn;
        if (arn) context.journal.learn({ localRecoveryPointArn: arn });
        return { state: CopyJob?.State, message: CopyJob?.StatusMessage };
      },
    });
    return context.fact("localRecoveryPointArn");
  },
};

/** Days that the copy is needed for, at least: a restore, a second thought, another restore. */
const USEFUL_DAYS = 7;

/**
 * Retention of the copy. A copy keeps the creation date of its original, and its retention counts from that: an old
 * recovery point with a short retention would be gone on arrival (AWS Backup, creating a copy).
 */
export function copyLifetimeDays(
  { createdAt }: Pick<RecoveryPoint, "createdAt">,
  lock: LockConfig,
  now = Date.now(),
): number {
  const age = Math.ceil((now - Date.parse(createdAt)) / 86_400_000);
  return age + Math.max(USEFUL_DAYS, lock.minRetentionDays);
}

/** What is restored: the copy, or the recovery point itself where it is local. */
export const localRecoveryPoint = (context: RestoreContext): string =>
  isLocal(context) ? context.fact("recoveryPoint").arn : context.fact("localRecoveryPointArn");
