// Step: the settings of the stage's cluster that a restore leaves off, so that Terraform finds nothing to change later:
// on a protected stage it would put a change off until the next maintenance window.
import { ModifyDBClusterCommand } from "@aws-sdk/client-rds";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import type { Step } from "../../runbook/engine";
import { findCluster, MAX_WAIT_SECONDS, waitForCluster } from "../aurora";
import type { RestoreContext } from "../context";

export const applySettings: Step<RestoreContext> = {
  name: "apply-settings",
  title: () => "turn on what a restore leaves off: capacity, managed master password, backups",
  async run(context) {
    const { rds, stage } = context;
    const { scaling, backupRetentionDays, preferredBackupWindow, preferredMaintenanceWindow } = stage.db;
    const restored = await findCluster(rds, context.restoredIdentifier);
    await rds.send(
      new ModifyDBClusterCommand({
        DBClusterIdentifier: context.restoredIdentifier,
        ApplyImmediately: true,
        ServerlessV2ScalingConfiguration: {
          MinCapacity: scaling.minCapacityAcu,
          MaxCapacity: scaling.maxCapacityAcu,
          ...(scaling.minCapacityAcu === 0 && { SecondsUntilAutoPause: scaling.secondsUntilAutoPause }),
        },
        BackupRetentionPeriod: backupRetentionDays,
        PreferredBackupWindow: preferredBackupWindow,
        PreferredMaintenanceWindow: preferredMaintenanceWindow,
        CopyTagsToSnapshot: true,
        EnableIAMDatabaseAuthentication: true,
        DeletionProtection: stage.protect.enabled && !context.options.rehearse,
        // A restored cluster has no managed secret: turned on again, Secrets Manager gets a new one (RDS user guide).
        ...(!restored?.MasterUserSecret && {
          ManageMasterUserPassword: true,
          MasterUserSecretKmsKeyId: restored?.KmsKeyId,
        }),
      }),
    );
    await waitForCluster(context, context.restoredIdentifier);
    const masterSecretArn = await activeMasterSecret(context);
    context.journal.learn({ masterSecretArn });
    return undefined;
  },
};

async function activeMasterSecret(context: RestoreContext): Promise<string> {
  let arn = "";
  await context.awsWait(async () => {
    const options = { client: undefined, minDelay: 1, maxDelay: 10, maxWaitTime: MAX_WAIT_SECONDS };
    const result = await createWaiter(options, undefined, async () => {
      const secret = (await findCluster(context.rds, context.restoredIdentifier))?.MasterUserSecret;
      arn = secret?.SecretArn ?? "";
      return { state: secret?.SecretStatus === "active" ? WaiterState.SUCCESS : WaiterState.RETRY };
    });
    checkExceptions(result);
  });
  return arn;
}
