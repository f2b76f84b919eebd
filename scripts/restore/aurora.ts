// Aurora clusters and instances as the restore's steps see them: find, wait, rename.
import {
  type ClusterPendingModifiedValues,
  type DBCluster,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBClusters,
  type RDSClient,
} from "@aws-sdk/client-rds";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { instanceIdentifier } from "../../config";
import { UserError } from "../command";
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

export async function findInstance(rds: RDSClient, identifier: string): Promise<DBInstance | undefined> {
  try {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }));
    return DBInstances[0];
  } catch (error) {
    if ((error as Error).name.startsWith("DBInstanceNotFound")) return undefined;
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

/** States that do not end by waiting. */
const STUCK = /^(failed|deleting|stopped|incompatible-.*|inaccessible-encryption-credentials.*)$/;

/**
 * Waits until something is available and stays so: right after a change, AWS shows the old state for a moment.
 * @throws UserError if it gets stuck; whatever AWS says, but that it is not there (yet)
 */
async function waitUntilSettled(
  context: RestoreContext,
  what: string,
  read: () => Promise<{ status?: string; pending: boolean } | undefined>,
): Promise<void> {
  let seen = 0;
  await context.awsWait(async () => {
    const options = { client: undefined, minDelay: 1, maxDelay: 10, maxWaitTime: MAX_WAIT_SECONDS };
    const result = await createWaiter(options, undefined, async () => {
      const { status, pending } = (await read()) ?? { pending: true };
      context.progress.update(`${what} ${status ?? "is not there yet"}`);
      if (status && STUCK.test(status))
        throw new UserError(
          `${what} is ${status}: this does not end by waiting. Look at its events in the RDS console.`,
        );
      seen = status === "available" && !pending ? seen + 1 : 0;
      return { state: seen > 1 ? WaiterState.SUCCESS : WaiterState.RETRY };
    });
    checkExceptions(result);
  });
}

/** Whether something is under way. An engine version that waits for the maintenance window is not: it can wait for days. */
const isPending = ({ EngineVersion: _, ...values }: ClusterPendingModifiedValues = {}): boolean =>
  Object.values(values).some((value) => value !== undefined);

export const waitForCluster = (context: RestoreContext, identifier: string): Promise<void> =>
  waitUntilSettled(context, identifier, async () => {
    const cluster = await findCluster(context.rds, identifier);
    return cluster && { status: cluster.Status, pending: isPending(cluster.PendingModifiedValues) };
  });

export const waitForInstance = (context: RestoreContext, identifier: string): Promise<void> =>
  waitUntilSettled(context, identifier, async () => {
    const instance = await findInstance(context.rds, identifier);
    return instance && { status: instance.DBInstanceStatus, pending: false };
  });

/**
 * Gives a cluster and its instances another name; what is renamed already is left as it is.
 * Endpoints follow the name (Aurora user guide, renaming a cluster).
 */
export async function renameCluster(context: RestoreContext, resourceId: string, target: string): Promise<void> {
  const { rds, progress } = context;
  const cluster = await findClusterByResourceId(rds, resourceId);
  if (!cluster?.DBClusterIdentifier)
    throw new Error(`The cluster with resource id ${resourceId} is not there any more.`);
  if (cluster.Status === "renaming") await waitForCluster(context, target);
  else if (cluster.DBClusterIdentifier !== target) {
    await waitForCluster(context, cluster.DBClusterIdentifier);
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
    const state = member === wanted ? undefined : await findInstance(rds, member);
    if (state && state.DBInstanceStatus !== "renaming") {
      await waitForInstance(context, member);
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
