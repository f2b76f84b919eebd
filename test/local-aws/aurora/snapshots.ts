// Cluster snapshots: taken, copied (also from another account), shared, described, deleted.
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DBClusterSnapshot, Tag } from "@aws-sdk/client-rds";
import { isAwsManaged } from "../gaps/kms";
import type { Place } from "../host/moto-client";
import { encryptionKey } from "./cluster-settings";
import { copyData } from "./mariadb";
import {
  arn,
  type Cluster,
  fault,
  filterValues,
  flag,
  list,
  type Parameters,
  type RdsState,
  required,
  type Snapshot,
  tags,
  text,
} from "./state";

/** Snapshots that AWS Backup owns are named so; users can neither make nor delete them through RDS.
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/deleting-backups.html */
const BACKUP_PREFIX = "awsbackup:";

export async function createSnapshot(
  state: RdsState,
  place: Place,
  parameters: Parameters,
  internal: boolean,
): Promise<{ DBClusterSnapshot: DBClusterSnapshot }> {
  const cluster = state.cluster(place, required(parameters, "DBClusterIdentifier"));
  const identifier = required(parameters, "DBClusterSnapshotIdentifier");
  if (cluster.shape.Status !== "available") {
    throw fault("InvalidDBClusterStateFault", `The cluster is in state ${cluster.shape.Status}, expected: available.`);
  }
  const given = tags(parameters);
  const inherited = cluster.shape.CopyTagsToSnapshot ? cluster.shape.TagList : [];
  const snapshot = snapshotCluster(state, cluster, identifier, given.length ? given : inherited, internal);
  return { DBClusterSnapshot: snapshot.shape };
}

/** Takes a snapshot of the data as it is now. @throws AwsError when the name is taken or not allowed */
export function snapshotCluster(
  state: RdsState,
  cluster: Cluster,
  identifier: string,
  tagList: Tag[],
  internal = false,
): Snapshot {
  checkName(state, cluster.place, identifier, internal);
  const { shape } = cluster;
  const folder = join(state.host.folder, `snapshot-${randomUUID()}`);
  return add(state, cluster.place, identifier, {
    data: cluster.server.then((server) => server.copyTo(folder)).then(() => folder),
    cluster: shape,
    shape: {
      DBClusterIdentifier: shape.DBClusterIdentifier,
      DbClusterResourceId: shape.DbClusterResourceId,
      ClusterCreateTime: shape.ClusterCreateTime,
      AvailabilityZones: shape.AvailabilityZones,
      Engine: shape.Engine,
      EngineMode: shape.EngineMode,
      EngineVersion: shape.EngineVersion,
      MasterUsername: shape.MasterUsername,
      Port: shape.Port,
      AllocatedStorage: 1,
      IAMDatabaseAuthenticationEnabled: shape.IAMDatabaseAuthenticationEnabled,
      StorageEncrypted: shape.StorageEncrypted,
      KmsKeyId: shape.KmsKeyId,
      LicenseModel: "general-public-license",
    },
    tagList,
  });
}

function checkName(state: RdsState, place: Place, identifier: string, internal: boolean): void {
  if (state.snapshotsOf(place).some(({ shape }) => shape.DBClusterSnapshotIdentifier === identifier.toLowerCase())) {
    throw fault(
      "DBClusterSnapshotAlreadyExistsFault",
      `Cannot create the snapshot because one with the identifier ${identifier} already exists.`,
    );
  }
  if (!internal && !/^[a-z](-?[a-z0-9])*$/i.test(identifier)) {
    throw fault(
      "InvalidParameterValue",
      `The parameter DBClusterSnapshotIdentifier is not a valid identifier: ${identifier}`,
    );
  }
}

function add(
  state: RdsState,
  place: Place,
  name: string,
  made: Pick<Snapshot, "data" | "cluster"> & { shape: DBClusterSnapshot; tagList: Tag[] },
): Snapshot {
  const identifier = name.toLowerCase();
  const { DatabaseName, EngineVersion, MasterUsername, BacktrackWindow } = made.cluster;
  const snapshot: Snapshot = {
    place,
    sharedWith: [],
    data: made.data,
    cluster: { DatabaseName, EngineVersion, MasterUsername, BacktrackWindow },
    shape: {
      ...made.shape,
      DBClusterSnapshotIdentifier: identifier,
      DBClusterSnapshotArn: arn(place, "cluster-snapshot", identifier),
      SnapshotType: identifier.startsWith(BACKUP_PREFIX) ? "awsbackup" : "manual",
      SnapshotCreateTime: new Date(),
      Status: "creating",
      PercentProgress: 0,
      TagList: [...made.tagList],
    },
  };
  made.data.then(
    () => Object.assign(snapshot.shape, { Status: "available", PercentProgress: 100 }),
    (error: Error) => {
      snapshot.shape.Status = "failed";
      state.host.log(`Snapshot ${identifier}: ${error.message}`);
    },
  );
  state.snapshots.add(snapshot);
  return snapshot;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html */
export async function copySnapshot(
  state: RdsState,
  place: Place,
  parameters: Parameters,
  internal: boolean,
): Promise<{ DBClusterSnapshot: DBClusterSnapshot }> {
  const source = state.snapshot(place, required(parameters, "SourceDBClusterSnapshotIdentifier"));
  const target = required(parameters, "TargetDBClusterSnapshotIdentifier");
  checkName(state, place, target, internal);
  if (source.shape.Status !== "available") {
    throw fault("InvalidDBClusterSnapshotStateFault", `The source snapshot is in state ${source.shape.Status}.`);
  }
  const named = text(parameters, "KmsKeyId");
  // An encrypted snapshot of another account must get a key of one's own.
  if (source.place.account !== place.account && source.shape.StorageEncrypted && !named) {
    const message = "KmsKeyId is required to copy an encrypted DB cluster snapshot that another account shared.";
    throw fault("InvalidParameterCombination", message);
  }
  const key = named ? await encryptionKey(state.moto, place, named) : source.shape.KmsKeyId;
  const folder = join(state.host.folder, `snapshot-${randomUUID()}`);
  const given = tags(parameters);
  const inherited = flag(parameters, "CopyTags") ? source.shape.TagList : [];
  const copy = add(state, place, target, {
    data: source.data.then((from) => copyData(from, folder, "link")).then(() => folder),
    cluster: source.cluster,
    shape: {
      ...source.shape,
      SourceDBClusterSnapshotArn: source.shape.DBClusterSnapshotArn,
      StorageEncrypted: Boolean(key),
      KmsKeyId: key,
    },
    tagList: given.length ? given : inherited,
  });
  return { DBClusterSnapshot: copy.shape };
}

export async function deleteSnapshot(
  state: RdsState,
  place: Place,
  parameters: Parameters,
  internal: boolean,
): Promise<{ DBClusterSnapshot: DBClusterSnapshot }> {
  const snapshot = state.snapshot(place, required(parameters, "DBClusterSnapshotIdentifier"));
  const { shape } = snapshot;
  if (snapshot.place.account !== place.account) {
    throw fault(
      "DBClusterSnapshotNotFoundFault",
      `DBClusterSnapshot not found: ${shape.DBClusterSnapshotIdentifier}`,
      404,
    );
  }
  if (shape.SnapshotType !== "manual" && !internal) {
    const message = `Snapshots of type ${shape.SnapshotType} cannot be deleted: delete the recovery point in AWS Backup.`;
    throw fault("InvalidDBClusterSnapshotStateFault", message);
  }
  state.snapshots.delete(snapshot);
  snapshot.data.then(
    (folder) => rm(folder, { recursive: true, force: true }),
    () => undefined,
  );
  return { DBClusterSnapshot: { ...shape, Status: "deleted" } };
}

export function describeSnapshots(
  state: RdsState,
  place: Place,
  parameters: Parameters,
): { DBClusterSnapshots: DBClusterSnapshot[] } {
  const name = text(parameters, "DBClusterSnapshotIdentifier");
  const cluster = text(parameters, "DBClusterIdentifier")?.toLowerCase();
  const type = text(parameters, "SnapshotType") ?? filterValues(parameters, "snapshot-type")?.[0];
  const clusters = filterValues(parameters, "db-cluster-id");
  const names = filterValues(parameters, "db-cluster-snapshot-id");
  const shared = [...state.snapshots].filter(
    (snapshot) => snapshot.sharedWith.includes(place.account) && snapshot.place.region === place.region,
  );
  const own =
    type === "shared" ? shared : [...state.snapshotsOf(place), ...(flag(parameters, "IncludeShared") ? shared : [])];
  const candidates = name ? [state.snapshot(place, name)] : own;
  const found = candidates.filter(
    ({ shape }) =>
      (!cluster || shape.DBClusterIdentifier === cluster) &&
      (!clusters || clusters.includes(shape.DBClusterIdentifier ?? "")) &&
      (!names || names.includes(shape.DBClusterSnapshotIdentifier)) &&
      (!type || type === "shared" || shape.SnapshotType === type),
  );
  return { DBClusterSnapshots: found.map(({ shape }) => shape) };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBClusterSnapshotAttribute.html */
export async function shareSnapshot(state: RdsState, place: Place, parameters: Parameters): Promise<object> {
  const snapshot = state.snapshot(place, required(parameters, "DBClusterSnapshotIdentifier"));
  const added = list(parameters, "ValuesToAdd") ?? [];
  const { KmsKeyId, StorageEncrypted } = snapshot.shape;
  if (
    added.length &&
    StorageEncrypted &&
    (added.includes("all") || (await isAwsManaged(state.moto, snapshot.place, KmsKeyId ?? "")))
  ) {
    const message =
      "An encrypted snapshot can be shared with named accounts only, and not when AWS's own key encrypts it.";
    throw fault("InvalidDBClusterSnapshotStateFault", message);
  }
  const removed = list(parameters, "ValuesToRemove") ?? [];
  snapshot.sharedWith = [...new Set([...snapshot.sharedWith, ...added])].filter(
    (account) => !removed.includes(account),
  );
  return snapshotAttributes(snapshot);
}

export function snapshotAttributes({ shape, sharedWith }: Snapshot): object {
  return {
    DBClusterSnapshotAttributesResult: {
      DBClusterSnapshotIdentifier: shape.DBClusterSnapshotIdentifier,
      DBClusterSnapshotAttributes: [{ AttributeName: "restore", AttributeValues: sharedWith }],
    },
  };
}
