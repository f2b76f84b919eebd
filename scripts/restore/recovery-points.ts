// Recovery points of a stage's cluster: reading one by its ARN, listing them for a person to choose from.
import {
  type BackupClient,
  DescribeRecoveryPointCommand,
  paginateListRecoveryPointsByBackupVault,
  type RecoveryPointByBackupVault,
} from "@aws-sdk/client-backup";
import { DescribeDBClusterSnapshotsCommand, RDSClient } from "@aws-sdk/client-rds";
import type { Location } from "../../config";
import { type Account, clientConfig } from "../aws";
import { UserError } from "../command";
import type { RestoreContext } from "./context";

export interface RecoveryPoint {
  arn: string;
  accountId: string;
  /** "backup": in a vault of AWS Backup; "snapshot": a plain Aurora snapshot of the stage's account. */
  kind: "backup" | "snapshot";
  vaultName?: string;
  /** When the data was as it is in the recovery point, ISO 8601. */
  createdAt: string;
  sizeBytes?: number;
  /** Cluster it was made of. */
  clusterIdentifier: string;
  engineVersion?: string;
}

interface ParsedArn extends Location {
  service: string;
  resource: string;
}

/** @throws UserError if the text is not the ARN of an Aurora recovery point or snapshot */
export function parseRecoveryPointArn(arn: string): ParsedArn {
  const [prefix, , service = "", region = "", accountId = "", ...rest] = arn.split(":");
  const resource = rest.join(":");
  if (prefix !== "arn" || !/^\d{12}$/.test(accountId)) {
    throw new UserError(
      `--recovery-point ${arn}: this is not an ARN. Without --recovery-point, the command lists what there is.`,
    );
  }
  if (service !== "rds" || !resource.startsWith("cluster-snapshot:")) {
    throw new UserError(
      `--recovery-point ${arn}: this is not a recovery point of an Aurora cluster (arn:…:rds:…:cluster-snapshot:…). ` +
        "Files in S3 are restored from their versions or with AWS Backup's own S3 restore; see docs/recover.md.",
    );
  }
  return { service, region, accountId, resource };
}

/** Reads a recovery point, wherever it is. @throws UserError if it does not exist or cannot be used */
export async function findRecoveryPoint(context: RestoreContext, arn: string): Promise<RecoveryPoint> {
  const { accountId, region, resource } = parseRecoveryPointArn(arn);
  const { stage, destination } = context;
  if (region !== stage.region)
    throw new UserError(`${arn} is in ${region}; stage ${stage.name} is in ${stage.region}. Copy it there first.`);
  const inDestination = accountId === destination?.accountId;
  if (!inDestination && accountId !== stage.accountId) {
    throw new UserError(
      `${arn} is in account ${accountId}, which is neither the stage's (${stage.accountId}) nor the backup account (${destination?.accountId ?? "none configured"}).`,
    );
  }
  if (!inDestination && !resource.startsWith("cluster-snapshot:awsbackup:")) return describeSnapshot(context, arn);

  const vaultName = inDestination ? (destination as { vaultName: string }).vaultName : context.names.sourceVault;
  const client = inDestination ? context.destinationBackup() : context.backup;
  const found = await client
    .send(
      new DescribeRecoveryPointCommand({
        BackupVaultName: vaultName,
        RecoveryPointArn: arn,
        BackupVaultAccountId: accountId,
      }),
    )
    .catch((error: Error) => {
      if (/NotFound|AccessDenied/.test(error.name)) {
        throw new UserError(
          `Recovery point ${arn} does not exist in vault ${vaultName} of account ${accountId} (${error.name}: ${error.message}). Without --recovery-point, the command lists what there is.`,
        );
      }
      throw error;
    });
  if (found.Status !== "COMPLETED")
    throw new UserError(`Recovery point ${arn} has status ${found.Status}: only a COMPLETED one can be restored.`);
  return {
    arn,
    accountId,
    kind: "backup",
    vaultName,
    createdAt: (found.CreationDate as Date).toISOString(),
    sizeBytes: found.BackupSizeInBytes,
    clusterIdentifier: found.ResourceArn?.split(":cluster:")[1] ?? "",
    engineVersion: await engineVersionOf(inDestination && destination ? destination : stage, arn),
  };
}

/** AWS Backup does not tell the engine's version; the snapshot behind an Aurora recovery point does. */
async function engineVersionOf(account: Account, arn: string): Promise<string | undefined> {
  const rds = new RDSClient(clientConfig(account));
  const { DBClusterSnapshots = [] } = await rds.send(
    new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: arn }),
  );
  return DBClusterSnapshots[0]?.EngineVersion;
}

async function describeSnapshot(context: RestoreContext, arn: string): Promise<RecoveryPoint> {
  const { DBClusterSnapshots = [] } = await context.rds
    .send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: arn }))
    .catch((error: Error) => {
      if (error.name.includes("NotFound"))
        throw new UserError(`Snapshot ${arn} does not exist in account ${context.stage.accountId}.`);
      throw error;
    });
  const snapshot = DBClusterSnapshots[0];
  if (snapshot?.Status !== "available")
    throw new UserError(`Snapshot ${arn} is ${snapshot?.Status ?? "not there"}: it must be available.`);
  return {
    arn,
    accountId: context.stage.accountId,
    kind: "snapshot",
    createdAt: (snapshot.SnapshotCreateTime as Date).toISOString(),
    clusterIdentifier: snapshot.DBClusterIdentifier ?? "",
    engineVersion: snapshot.EngineVersion,
  };
}

export interface ListedRecoveryPoint {
  point: RecoveryPointByBackupVault;
  vaultName: string;
  accountId: string;
}

/** Aurora recovery points of the stage in both vaults, newest first. A vault that is gone or unreachable is reported and left out. */
export async function listRecoveryPoints(context: RestoreContext): Promise<ListedRecoveryPoint[]> {
  const vaults: { client: () => BackupClient; vaultName: string; accountId: string }[] = [
    { client: () => context.backup, vaultName: context.names.sourceVault, accountId: context.stage.accountId },
  ];
  const { destination } = context;
  if (destination)
    vaults.push({
      client: () => context.destinationBackup(),
      vaultName: destination.vaultName,
      accountId: destination.accountId,
    });
  const listed: ListedRecoveryPoint[] = [];
  for (const { client, vaultName, accountId } of vaults) {
    try {
      const pages = paginateListRecoveryPointsByBackupVault(
        { client: client() },
        { BackupVaultName: vaultName, ByResourceType: "Aurora" },
      );
      for await (const page of pages) {
        for (const point of page.RecoveryPoints ?? []) {
          if (isWorthListing(context, point)) listed.push({ point, vaultName, accountId });
        }
      }
    } catch (error) {
      console.error(`Vault ${vaultName} of account ${accountId} cannot be listed: ${(error as Error).message}`);
    }
  }
  return listed.sort((a, b) => Number(b.point.CreationDate) - Number(a.point.CreationDate));
}

/** Clusters of a stage begin with its prefix, whatever a restore has made of their names. */
export function belongsToStage({ names }: RestoreContext, clusterIdentifier: string): boolean {
  const patterns = [names.restoredCluster("\\d{14}"), names.replacedCluster("\\d{14}")];
  return [names.prefix, names.clusterIdentifier, ...patterns].some((pattern) =>
    new RegExp(`^${pattern}$`).test(clusterIdentifier),
  );
}

/** Whether a listed recovery point is of this stage and not of a cluster that a restore has put aside as damaged. */
function isWorthListing(context: RestoreContext, { Status, ResourceArn = "" }: RecoveryPointByBackupVault): boolean {
  const [account, cluster = ""] = [ResourceArn.split(":")[4], ResourceArn.split(":cluster:")[1]];
  const putAside = cluster.startsWith(context.names.replacedCluster(""));
  return Status === "COMPLETED" && account === context.stage.accountId && belongsToStage(context, cluster) && !putAside;
}
