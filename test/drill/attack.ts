// What somebody does who has taken over the application's account: the cluster goes, then its recovery points.
import {
  BackupClient,
  DeleteBackupVaultLockConfigurationCommand,
  DeleteRecoveryPointCommand,
  paginateListRecoveryPointsByBackupVault,
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
import { type BackupDestinationConfig, type StageConfig, stageNames } from "../../config";
import { type Account, clientConfig } from "../../scripts/aws";

/** Deletes the cluster without a final snapshot, its protection first. */
export async function destroyCluster(stage: StageConfig): Promise<void> {
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
}

async function recoveryPoints(account: Account, BackupVaultName: string): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListRecoveryPointsByBackupVault(
    { client: new BackupClient(clientConfig(account)) },
    { BackupVaultName },
  )) {
    arns.push(...(page.RecoveryPoints ?? []).flatMap(({ RecoveryPointArn }) => RecoveryPointArn ?? []));
  }
  return arns;
}

/** Removes the source vault's governance lock, then everything in it. @returns how many recovery points there were */
export async function emptySourceVault(stage: StageConfig): Promise<number> {
  const BackupVaultName = stageNames(stage).sourceVault;
  const client = new BackupClient(clientConfig(stage));
  await client.send(new DeleteBackupVaultLockConfigurationCommand({ BackupVaultName }));
  const arns = await recoveryPoints(stage, BackupVaultName);
  for (const RecoveryPointArn of arns)
    await client.send(new DeleteRecoveryPointCommand({ BackupVaultName, RecoveryPointArn }));
  return arns.length;
}

/**
 * Tries to delete the destination's recovery points, with the taken-over account's credentials and with the
 * destination's own.
 * @returns true if every try was refused and everything is still there
 */
export async function destinationRefusesDeletion(
  stage: StageConfig,
  destination: BackupDestinationConfig,
): Promise<boolean> {
  const before = await recoveryPoints(destination, destination.vaultName);
  let refused = before.length > 0;
  for (const thief of [stage, destination]) {
    const client = new BackupClient(clientConfig(thief));
    for (const RecoveryPointArn of before) {
      const outcome = await client
        .send(new DeleteRecoveryPointCommand({ BackupVaultName: destination.vaultName, RecoveryPointArn }))
        .then(
          () => "deleted",
          ({ name }: Error) => name,
        );
      // The thief's own account has no such vault; the destination's must say no itself, not stumble over something else.
      refused &&=
        thief === stage ? outcome !== "deleted" : /AccessDenied|InvalidRequest|InvalidParameter/.test(outcome);
    }
  }
  const after = await recoveryPoints(destination, destination.vaultName);
  return refused && after.length === before.length;
}
