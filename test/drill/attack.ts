// What somebody does who has taken over the application's account: the cluster goes, then its recovery points, then the
// files. The recovery points in the backup account are tried, too.
import {
  BackupClient,
  BackupServiceException,
  DeleteBackupVaultCommand,
  DeleteBackupVaultLockConfigurationCommand,
  DeleteRecoveryPointCommand,
  paginateListRecoveryPointsByBackupVault,
  UpdateRecoveryPointLifecycleCommand,
} from "@aws-sdk/client-backup";
import {
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  RDSClient,
  waitUntilDBClusterDeleted,
  waitUntilDBInstanceDeleted,
} from "@aws-sdk/client-rds";
import { DeleteObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { type BackupDestinationConfig, type StageConfig, stageNames } from "../../config";
import { type Account, clientConfig } from "../../scripts/aws";

/** Deletes the cluster without a final snapshot, its protection first. @returns whether it is gone */
export async function destroyCluster(stage: StageConfig): Promise<boolean> {
  const client = new RDSClient(clientConfig(stage));
  const DBClusterIdentifier = stageNames(stage).clusterIdentifier;
  const wait = { client, minDelay: 1, maxDelay: 5, maxWaitTime: 600 };
  const { DBClusters = [] } = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier }));
  await client.send(
    new ModifyDBClusterCommand({ DBClusterIdentifier, DeletionProtection: false, ApplyImmediately: true }),
  );
  for (const { DBInstanceIdentifier } of DBClusters[0]?.DBClusterMembers ?? []) {
    await client.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
    await waitUntilDBInstanceDeleted(wait, { DBInstanceIdentifier });
  }
  await client.send(new DeleteDBClusterCommand({ DBClusterIdentifier, SkipFinalSnapshot: true }));
  await waitUntilDBClusterDeleted(wait, { DBClusterIdentifier });
  const left = await client.send(new DescribeDBClustersCommand({}));
  return left.DBClusters?.every((cluster) => cluster.DBClusterIdentifier !== DBClusterIdentifier) ?? false;
}

/** ARN and end of life of each recovery point. */
async function recoveryPoints(account: Account, BackupVaultName: string): Promise<Map<string, Date | undefined>> {
  const points = new Map<string, Date | undefined>();
  for await (const { RecoveryPoints = [] } of paginateListRecoveryPointsByBackupVault(
    { client: new BackupClient(clientConfig(account)) },
    { BackupVaultName },
  )) {
    for (const { RecoveryPointArn = "", CalculatedLifecycle } of RecoveryPoints)
      points.set(RecoveryPointArn, CalculatedLifecycle?.DeleteAt);
  }
  return points;
}

/** A call's outcome: AWS's error code, or `done`. @throws Error for what is not AWS's refusal, such as a network error */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (error instanceof BackupServiceException && Math.floor((error.$metadata.httpStatusCode ?? 0) / 100) === 4)
      return error.name;
    throw error;
  }
}

/** What a lock or a policy answers; a vault that is not there, or a request that is malformed, is another matter. */
const REFUSAL = /^(AccessDenied|InvalidRequest|InvalidParameterValue)(Exception)?$/;

export interface EmptiedVault {
  pointsBefore: number;
  /** Whether every deletion was refused before the lock was taken away. */
  lockRefused: boolean;
  pointsAfter: number;
}

/** Tries to empty the stage's vault, then removes its governance lock and empties it. */
export async function emptySourceVault(stage: StageConfig): Promise<EmptiedVault> {
  const BackupVaultName = stageNames(stage).sourceVault;
  const client = new BackupClient(clientConfig(stage));
  const arns = [...(await recoveryPoints(stage, BackupVaultName)).keys()];
  const remove = (RecoveryPointArn: string) =>
    client.send(new DeleteRecoveryPointCommand({ BackupVaultName, RecoveryPointArn }));
  const refusals: boolean[] = [];
  for (const arn of arns) refusals.push(REFUSAL.test(await outcome(remove(arn))));
  const kept = (await recoveryPoints(stage, BackupVaultName)).size === arns.length;
  await client.send(new DeleteBackupVaultLockConfigurationCommand({ BackupVaultName }));
  for (const arn of arns) await remove(arn);
  return {
    pointsBefore: arns.length,
    lockRefused: kept && refusals.every(Boolean),
    pointsAfter: (await recoveryPoints(stage, BackupVaultName)).size,
  };
}

/** Deletes every file, as an application may; the bucket keeps the versions. @returns how many there are to be seen now */
export async function deleteFiles(stage: StageConfig): Promise<number> {
  const client = new S3Client(clientConfig(stage));
  const Bucket = stageNames(stage).filesBucket;
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket }))
    for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }));
  let left = 0;
  for await (const { KeyCount = 0 } of paginateListObjectsV2({ client }, { Bucket })) left += KeyCount;
  return left;
}

/**
 * Tries to destroy or shorten what the destination vault holds, with the taken-over account's credentials and with the
 * destination's own. Its lock is left alone: in its days of grace, the destination's administrators may take it away.
 * @returns what was not refused, in words; empty if all is well
 */
export async function attackDestination(stage: StageConfig, destination: BackupDestinationConfig): Promise<string[]> {
  const BackupVaultName = destination.vaultName;
  const before = await recoveryPoints(destination, BackupVaultName);
  const succeeded = before.size > 0 ? [] : ["the vault is empty: there was nothing to delete"];
  for (const thief of [stage, destination]) {
    const client = new BackupClient(clientConfig(thief));
    const attempt = async (what: string, call: Promise<unknown>) => {
      const result = await outcome(call);
      // To the stage's account the vault does not exist: whatever AWS answers, but success. The vault's own must refuse.
      const refused = thief === stage ? result !== "done" : REFUSAL.test(result);
      if (!refused) succeeded.push(`${what} with account ${thief.accountId}: ${result}`);
    };
    for (const RecoveryPointArn of before.keys()) {
      const point = { BackupVaultName, RecoveryPointArn };
      const shortest = { ...point, Lifecycle: { DeleteAfterDays: 1 } };
      await attempt("DeleteRecoveryPoint", client.send(new DeleteRecoveryPointCommand(point)));
      await attempt("UpdateRecoveryPointLifecycle", client.send(new UpdateRecoveryPointLifecycleCommand(shortest)));
    }
    await attempt("DeleteBackupVault", client.send(new DeleteBackupVaultCommand({ BackupVaultName })));
  }
  const after = await recoveryPoints(destination, BackupVaultName);
  for (const [arn, end] of before) {
    if (!after.has(arn)) succeeded.push(`${arn} is gone`);
    else if (after.get(arn)?.getTime() !== end?.getTime()) succeeded.push(`${arn} ends at another time`);
  }
  return succeeded;
}
