// What stands in the way of destroying a stage, found before anything is planned.
import { BackupClient, paginateListRecoveryPointsByBackupVault } from "@aws-sdk/client-backup";
import { DescribeDBClustersCommand, RDSClient } from "@aws-sdk/client-rds";
import { type Deployment, hostName, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { requireNoServer } from "../maintenance/running";
import { requireUnlocked } from "../restore/operator-lock";

/** @throws UserError naming what protects the stage, and the next step */
export async function requireDestroyable(stage: StageConfig, config: Deployment): Promise<void> {
  const { name, protect } = stage;
  if (protect.enabled) {
    throw new UserError(
      `Stage ${name} is protected. First set its protect to { enabled: false, reason: "…" } in stages.ts and run ` +
        `npm run deploy -- --stage ${name}; then this command again.`,
    );
  }
  if (await isDeletionProtected(stage)) {
    throw new UserError(
      `Stage ${name}: protect is off in the configuration, but its database is still protected. ` +
        `Apply it first: npm run deploy -- --stage ${name}`,
    );
  }
  requireNotDelegated(stage, config);
  await requireUnlocked(stage);
  await requireNoServer(stage);
  const points = await recoveryPoints(stage);
  if (points.count > 0) {
    const { sourceVault } = stageNames(stage);
    throw new UserError(
      `The vault ${sourceVault} still holds ${points.count} recovery points, and AWS deletes only an empty one. ` +
        `The last one expires ${points.lastExpiry?.toISOString().slice(0, 10) ?? "never"}. Wait, or delete them if the vault's lock lets you: ` +
        `aws backup delete-recovery-point --backup-vault-name ${sourceVault} --recovery-point-arn …`,
    );
  }
}

/**
 * Name servers that hold no zone of the name answer for whoever makes one there: the name could be taken over
 * (Route 53 developer guide, protection from dangling delegation records).
 */
function requireNotDelegated(stage: StageConfig, { route53Ns }: Deployment): void {
  const host = hostName(stage);
  if (stage.hostInRoute53 !== true || !route53Ns || !host) return;
  const app = route53Ns.apps.find((entry) => `${entry.name}.${route53Ns.domain}` === host);
  if (!app) return;
  throw new UserError(
    `route53Ns.apps still leads ${host} to the zone of stage ${stage.name}; without the zone, somebody else could take the name over. ` +
      `Remove the app "${app.name}" in stages.ts, then: npm run cdktf -- deploy route53-ns; then this command again.`,
  );
}

async function isDeletionProtected(stage: StageConfig): Promise<boolean> {
  const { clusterIdentifier } = stageNames(stage);
  try {
    const found = await new RDSClient(clientConfig(stage)).send(
      new DescribeDBClustersCommand({ DBClusterIdentifier: clusterIdentifier }),
    );
    return found.DBClusters?.[0]?.DeletionProtection ?? false;
  } catch (error) {
    if ((error as Error).name === "DBClusterNotFoundFault") return false;
    throw error;
  }
}

async function recoveryPoints(stage: StageConfig): Promise<{ count: number; lastExpiry: Date | undefined }> {
  const client = new BackupClient(clientConfig(stage));
  const vault = { BackupVaultName: stageNames(stage).sourceVault };
  const expiries: (Date | undefined)[] = [];
  try {
    for await (const { RecoveryPoints = [] } of paginateListRecoveryPointsByBackupVault({ client }, vault)) {
      expiries.push(...RecoveryPoints.map(({ CalculatedLifecycle }) => CalculatedLifecycle?.DeleteAt));
    }
  } catch (error) {
    // There never was one, or it is gone already. AWS Backup hides a vault that is not there behind "access denied".
    const { name } = error as Error;
    if (name !== "ResourceNotFoundException" && name !== "AccessDeniedException") throw error;
  }
  const last = Math.max(...expiries.map((expiry) => expiry?.getTime() ?? Number.POSITIVE_INFINITY));
  return { count: expiries.length, lastExpiry: Number.isFinite(last) ? new Date(last) : undefined };
}
