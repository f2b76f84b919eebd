// Aurora clusters and instances as the restore's steps see them: find, wait, rename.
import {
  type DBCluster,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBClusters,
  type RDSClient,
  waitUntilDBClusterAvailable,
  waitUntilDBInstanceAvailable,
} from "@aws-sdk/client-rds";
import { instanceIdentifier } from "../../config";
import type { RestoreContext } from "./context";

/** Seconds: an upper bound for one of AWS's own operations on a cluster or instance. */
export const MAX_WAIT_SECONDS = 3 * 3_600;

export const waiter = (client: RDSClient) => ({ client, minDelay: 1, maxDelay: 15, maxWaitTime: MAX_WAIT_SECONDS });

export async function findCluster(rds: RDSClient, identifier: string): Promise<DBCluster | undefined> {
  try {
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }));
    return DBClusters[0];
  } catch (error) {
    if ((error as Error).name.startsWith("DBClusterNotFound")) return undefined;
    throw error;
  }
}

/** The cluster with this id, whatever it is called now. */
export async function findClusterByResourceId(rds: RDSClient, resourceId: string): Promise<DBCluster | undefined> {
  for await (const page of paginateDescribeDBClusters({ client: rds }, {})) {
    const found = page.DBClusters?.find((cluster) => cluster.DbClusterResourceId === resourceId);
    if (found) return found;
  }
  return undefined;
}

export async function waitForCluster(context: RestoreContext, identifier: string): Promise<void> {
  await context.awsWait(() => waitUntilDBClusterAvailable(waiter(context.rds), { DBClusterIdentifier: identifier }));
}

export async function waitForInstance(context: RestoreContext, identifier: string): Promise<void> {
  await context.awsWait(() => waitUntilDBInstanceAvailable(waiter(context.rds), { DBInstanceIdentifier: identifier }));
}

/**
 * Gives a cluster and its instances another name; what is renamed already is left as it is.
 * Endpoints follow the name (Aurora user guide, renaming a cluster).
 */
export async function renameCluster(context: RestoreContext, resourceId: string, target: string): Promise<void> {
  const { rds, progress } = context;
  const cluster = await findClusterByResourceId(rds, resourceId);
  if (!cluster?.DBClusterIdentifier)
    throw new Error(`The cluster with resource id ${resourceId} is not there any more.`);
  if (cluster.DBClusterIdentifier !== target) {
    progress.update(`${cluster.DBClusterIdentifier} → ${target}`);
    await rds.send(
      new ModifyDBClusterCommand({
        DBClusterIdentifier: cluster.DBClusterIdentifier,
        NewDBClusterIdentifier: target,
        ApplyImmediately: true,
      }),
    );
  }
  await waitForCluster(context, target);
  for (const [index, member] of sortedMembers(cluster).entries()) {
    const wanted = instanceIdentifier(target, Number(/-(\d+)$/.exec(member)?.[1] ?? index + 1));
    if (member !== wanted) {
      progress.update(`${member} → ${wanted}`);
      await rds.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: member,
          NewDBInstanceIdentifier: wanted,
          ApplyImmediately: true,
        }),
      );
    }
    await waitForInstance(context, wanted);
  }
}

/** Instances of a cluster, the writer first. */
export function sortedMembers(cluster: DBCluster): string[] {
  const members = [...(cluster.DBClusterMembers ?? [])].sort(
    (a, b) => Number(b.IsClusterWriter) - Number(a.IsClusterWriter),
  );
  return members.flatMap(({ DBInstanceIdentifier }) => (DBInstanceIdentifier ? [DBInstanceIdentifier] : []));
}
