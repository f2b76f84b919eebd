// Aurora clusters as AWS Backup sees them: a recovery point is a cluster snapshot in RDS, its data are there.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-aur.html

import {
  CopyDBClusterSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  type DBCluster,
  type DBClusterSnapshot,
  DeleteDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  ModifyDBClusterSnapshotAttributeCommand,
  paginateDescribeDBClusters,
  RestoreDBClusterFromSnapshotCommand,
} from "@aws-sdk/client-rds";
import { describeCluster, readRestoreMetadata } from "./aurora-metadata";
import type { ClientsOf } from "./clients";
import { isNamed, type Permissions, serviceLinkedRole } from "./permissions";
import type { BackupRequest, Captured, CopyRequest, ResourceDriver, Restored, RestoreRequest } from "./resource-driver";
import type { Resource } from "./selection-match";
import type { RecoveryPoint, Tags } from "./state";

const GIB = 1024 ** 3;
const POLL_MS = 200;
/** A snapshot or a restored cluster that takes longer than this has failed. */
const PATIENCE_MS = 300_000;

export class AuroraDriver implements ResourceDriver {
  readonly type = "Aurora";

  constructor(
    private readonly clientsOf: ClientsOf,
    private readonly permissions: Permissions,
  ) {}

  owns(arn: string): boolean {
    return /^arn:aws[^:]*:rds:[^:]*:[^:]*:cluster:/.test(arn);
  }

  async list(account: string): Promise<Resource[]> {
    const clusters = await this.clusters(account);
    return clusters.map((cluster) => ({ arn: cluster.DBClusterArn ?? "", type: this.type, tags: tagsOf(cluster) }));
  }

  async backup({ vault, resourceArn, jobId, tags }: BackupRequest): Promise<Captured> {
    const cluster = (await this.clusters(vault.account)).find(({ DBClusterArn }) => DBClusterArn === resourceArn);
    if (!cluster?.DBClusterIdentifier) throw new Error(`DBCluster ${resourceArn} not found: it does not exist.`);
    const identifier = `awsbackup:job-${jobId}`;
    await this.clientsOf(vault.account).rds.send(
      new CreateDBClusterSnapshotCommand({
        DBClusterIdentifier: cluster.DBClusterIdentifier,
        DBClusterSnapshotIdentifier: identifier,
        Tags: toRdsTags({ ...tagsOf(cluster), ...tags }),
      }),
    );
    const snapshot = await this.availableSnapshot(vault.account, identifier);
    return {
      ...captured(snapshot),
      resourceName: cluster.DBClusterIdentifier,
      resourceTags: tagsOf(cluster),
      restoreMetadata: describeCluster(cluster),
    };
  }

  /**
   * A snapshot keeps the cluster's key until it is copied to another account, which must be allowed to use it; a key
   * that AWS manages cannot be shared.
   * https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html#copy-encryption
   */
  async keyProblem({ point, destinationVault }: CopyRequest): Promise<string | undefined> {
    const keyArn = point.encryptionKeyArn;
    if (keyArn === undefined || point.account === destinationVault.account) return undefined;
    if (await this.permissions.isAwsManaged(keyArn)) {
      return "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.";
    }
    const isAllowed = await this.permissions.allowsCopy(keyArn, serviceLinkedRole(destinationVault.account), "rds");
    if (isAllowed) return undefined;
    return (
      `The source snapshot KMS key [${keyArn}] does not exist, is not enabled or you do not have permissions to ` +
      "access it."
    );
  }

  async copy({ point, sourceVault, destinationVault, jobId }: CopyRequest): Promise<Captured> {
    const isShared = sourceVault.account !== destinationVault.account;
    const source = this.clientsOf(sourceVault.account).rds;
    const share = (values: { ValuesToAdd?: string[]; ValuesToRemove?: string[] }) =>
      source.send(
        new ModifyDBClusterSnapshotAttributeCommand({
          DBClusterSnapshotIdentifier: snapshotId(point.arn),
          AttributeName: "restore",
          ...values,
        }),
      );
    const identifier = `awsbackup:copyjob-${jobId}`;
    if (isShared) await share({ ValuesToAdd: [destinationVault.account] });
    try {
      await this.clientsOf(destinationVault.account).rds.send(
        new CopyDBClusterSnapshotCommand({
          SourceDBClusterSnapshotIdentifier: point.arn,
          TargetDBClusterSnapshotIdentifier: identifier,
          Tags: toRdsTags(point.tags),
          ...(point.encryptionKeyArn && { KmsKeyId: destinationVault.encryptionKeyArn }),
        }),
      );
      const snapshot = await this.availableSnapshot(destinationVault.account, identifier);
      const { resourceName, resourceTags, restoreMetadata } = point;
      const { KmsKeyId: _sourceKey, ...rest } = restoreMetadata;
      const key = snapshot.KmsKeyId && { KmsKeyId: snapshot.KmsKeyId };
      return { ...captured(snapshot), resourceName, resourceTags, restoreMetadata: { ...rest, ...key } };
    } finally {
      if (isShared) await share({ ValuesToRemove: [destinationVault.account] });
    }
  }

  requireValidMetadata(metadata: Record<string, string>): void {
    readRestoreMetadata(metadata);
  }

  /** The cluster only: instances, Serverless v2 scaling and a managed master password are not part of a restore. */
  async restore({ account, point, metadata, tags }: RestoreRequest): Promise<Restored> {
    const { DBClusterIdentifier, Engine, ...rest } = readRestoreMetadata(metadata);
    const { DBCluster: created } = await this.clientsOf(account).rds.send(
      new RestoreDBClusterFromSnapshotCommand({
        ...rest,
        DBClusterIdentifier,
        Engine,
        SnapshotIdentifier: point.arn,
        Tags: toRdsTags(tags),
      }),
    );
    const identifier = created?.DBClusterIdentifier;
    const cluster = await until(`cluster ${identifier} to be available`, async () => {
      const found = (await this.clusters(account)).find((one) => one.DBClusterIdentifier === identifier);
      return found?.Status === "available" ? found : undefined;
    });
    return { createdResourceArn: cluster.DBClusterArn ?? "" };
  }

  async remove(point: RecoveryPoint): Promise<void> {
    const command = new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: snapshotId(point.arn) });
    try {
      await this.clientsOf(point.account).rds.send(command);
    } catch (error) {
      if (!isNamed(error, "DBClusterSnapshotNotFoundFault")) throw error;
    }
  }

  /** Clusters of Aurora's engines; RDS lists those of DocumentDB and Neptune, too. */
  private async clusters(account: string): Promise<DBCluster[]> {
    const all: DBCluster[] = [];
    for await (const answer of paginateDescribeDBClusters({ client: this.clientsOf(account).rds }, {})) {
      all.push(...(answer.DBClusters ?? []));
    }
    return all.filter((cluster) => cluster.Engine?.startsWith("aurora"));
  }

  private availableSnapshot(account: string, identifier: string): Promise<DBClusterSnapshot> {
    const command = new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: identifier });
    return until(`snapshot ${identifier} to be available`, async () => {
      const [snapshot] = (await this.clientsOf(account).rds.send(command)).DBClusterSnapshots ?? [];
      if (snapshot?.Status === "failed") throw new Error(`Snapshot ${identifier} failed.`);
      return snapshot?.Status === "available" ? snapshot : undefined;
    });
  }
}

function captured(snapshot: DBClusterSnapshot) {
  return {
    arn: snapshot.DBClusterSnapshotArn ?? "",
    sizeBytes: (snapshot.AllocatedStorage ?? 0) * GIB,
    ...(snapshot.KmsKeyId && { encryptionKeyArn: snapshot.KmsKeyId }),
  };
}

/** `arn:aws:rds:eu-west-2:111111111111:cluster-snapshot:awsbackup:job-…` has the identifier after its sixth colon. */
function snapshotId(arn: string): string {
  return arn.split(":").slice(6).join(":");
}

function tagsOf(cluster: DBCluster): Tags {
  return Object.fromEntries((cluster.TagList ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
}

function toRdsTags(tags: Tags) {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Timed out waiting for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
  }
}
