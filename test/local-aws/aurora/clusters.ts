// Aurora clusters: created, restored from a snapshot, described.
import { randomBytes } from "node:crypto";
import type { DBCluster } from "@aws-sdk/client-rds";
import { compareVersions } from "../../../scripts/database/engine-version";
import type { Place } from "../host/moto-client";
import { applySettings, checkGroups, encryptionKey } from "./cluster-settings";
import { createLogGroups } from "./log-groups";
import { MariaDb } from "./mariadb";
import { createMasterSecret } from "./master-secret";
import { groupParameters } from "./parameter-groups";
import {
  arn,
  type Cluster,
  fault,
  filterValues,
  flag,
  type Parameters,
  type RdsState,
  required,
  type Snapshot,
  tags,
  text,
} from "./state";

/** The LTS release, when a request names none. */
const DEFAULT_ENGINE_VERSION = "8.0.mysql_aurora.3.10.1";

export async function createCluster(state: RdsState, place: Place, parameters: Parameters): Promise<DBCluster> {
  const managed = flag(parameters, "ManageMasterUserPassword") ?? false;
  const password = text(parameters, "MasterUserPassword");
  const user = required(parameters, "MasterUsername");
  if (managed === Boolean(password)) {
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    throw fault(
      "InvalidParameterCombination",
      managed
        ? "You can't specify MasterUserPassword when you specify ManageMasterUserPassword."
        : "The parameter MasterUserPassword must be provided and must not be blank.",
    );
  }
  if (password) checkPassword(password);

  const cluster = await newCluster(state, place, parameters, {
    MasterUsername: user,
    DatabaseName: text(parameters, "DatabaseName"),
    StorageEncrypted: flag(parameters, "StorageEncrypted") ?? false,
    KmsKeyId: flag(parameters, "StorageEncrypted")
      ? await encryptionKey(state.moto, place, text(parameters, "KmsKeyId"))
      : undefined,
  });
  const secret = managed
    ? await createMasterSecret(state.moto, cluster, text(parameters, "MasterUserSecretKmsKeyId"))
    : "";
  begin(state, cluster, async () => {
    const { DBClusterParameterGroup: group, DatabaseName, DBClusterIdentifier } = cluster.shape;
    const settings = await groupParameters(state.moto, place, group);
    const server = await MariaDb.start(state.host, DBClusterIdentifier, settings);
    await server.setMaster(user, password ?? secret);
    if (DatabaseName) await server.createDatabase(DatabaseName);
    return server;
  });
  return describe(state, cluster);
}

/**
 * A cluster without instances and without a managed secret, whose users and passwords are the snapshot's.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
 */
export async function restoreCluster(state: RdsState, place: Place, parameters: Parameters): Promise<DBCluster> {
  const snapshot = state.snapshot(place, required(parameters, "SnapshotIdentifier"));
  checkRestorable(snapshot, place);
  const source = snapshot.shape;
  const engineVersion = text(parameters, "EngineVersion") ?? source.EngineVersion;
  if (compareVersions(engineVersion ?? "", source.EngineVersion ?? "") < 0) {
    const message = `Cannot restore a snapshot of ${source.EngineVersion} into the older engine version ${engineVersion}.`;
    throw fault("InvalidParameterCombination", message);
  }
  const key = text(parameters, "KmsKeyId") ?? source.KmsKeyId;
  const cluster = await newCluster(
    state,
    place,
    { ...parameters, ...(engineVersion ? { EngineVersion: engineVersion } : {}) },
    {
      MasterUsername: snapshot.cluster.MasterUsername,
      DatabaseName: text(parameters, "DatabaseName") ?? snapshot.cluster.DatabaseName,
      StorageEncrypted: Boolean(key),
      KmsKeyId: key && (await encryptionKey(state.moto, place, key)),
    },
  );
  begin(state, cluster, async () => {
    const settings = await groupParameters(state.moto, place, cluster.shape.DBClusterParameterGroup);
    return MariaDb.start(state.host, cluster.shape.DBClusterIdentifier, settings, await snapshot.data);
  });
  return describe(state, cluster);
}

function checkRestorable(snapshot: Snapshot, place: Place): void {
  const { shape } = snapshot;
  if (shape.Status !== "available") {
    const message = `The snapshot ${shape.DBClusterSnapshotIdentifier} is in state ${shape.Status}, expected: available.`;
    throw fault("InvalidDBClusterSnapshotStateFault", message);
  }
  // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-share-snapshot.html: a shared and encrypted
  // snapshot must be copied first, then the copy restored.
  if (snapshot.place.account !== place.account && shape.StorageEncrypted) {
    const message = "A snapshot that is both shared and encrypted cannot be restored: copy it first.";
    throw fault("InvalidDBClusterSnapshotStateFault", message);
  }
}

/** Master passwords have at least 8 characters and none of / " @ or space (API_CreateDBCluster). */
export function checkPassword(password: string): void {
  if (!/^[\x21-\x7e]{8,41}$/.test(password) || /[/"@]/.test(password)) {
    throw fault(
      "InvalidParameterValue",
      'The parameter MasterUserPassword is not a valid password: 8 to 41 printable ASCII characters besides /, @, " and space.',
    );
  }
}

async function newCluster(
  state: RdsState,
  place: Place,
  parameters: Parameters,
  facts: Pick<DBCluster, "MasterUsername" | "DatabaseName" | "StorageEncrypted" | "KmsKeyId">,
): Promise<Cluster> {
  const identifier = checkIdentifier(state, place, required(parameters, "DBClusterIdentifier"));
  const engine = required(parameters, "Engine");
  if (engine !== "aurora-mysql") throw fault("InvalidParameterValue", `Invalid DB engine here: ${engine}`);
  await checkGroups(state.moto, place, parameters);
  const now = new Date();
  const shape: Cluster["shape"] = {
    DBClusterIdentifier: identifier,
    DBClusterArn: arn(place, "cluster", identifier),
    DbClusterResourceId: `cluster-${randomBytes(16).toString("hex").toUpperCase().slice(0, 26)}`,
    AllocatedStorage: 1,
    AvailabilityZones: ["a", "b", "c"].map((zone) => place.region + zone),
    Engine: engine,
    EngineMode: text(parameters, "EngineMode") ?? "provisioned",
    EngineVersion: text(parameters, "EngineVersion") ?? DEFAULT_ENGINE_VERSION,
    EngineLifecycleSupport: "open-source-rds-extended-support",
    ...facts,
    MasterUsername: facts.MasterUsername ?? "",
    DBSubnetGroup: text(parameters, "DBSubnetGroupName") ?? "default",
    DBClusterParameterGroup: "default.aurora-mysql8.0",
    BackupRetentionPeriod: 1,
    PreferredBackupWindow: "03:00-03:30",
    PreferredMaintenanceWindow: "sun:05:00-sun:05:30",
    VpcSecurityGroups: [],
    HostedZoneId: "Z1TTGA775OQIYO",
    NetworkType: "IPV4",
    MultiAZ: false,
    DeletionProtection: false,
    CopyTagsToSnapshot: false,
    IAMDatabaseAuthenticationEnabled: false,
    HttpEndpointEnabled: false,
    CrossAccountClone: false,
    AutoMinorVersionUpgrade: false,
    ClusterCreateTime: now,
    EarliestRestorableTime: now,
    Status: "creating",
    Port: (await state.endpoint(place, identifier)).port,
    TagList: tags(parameters),
  };
  applySettings(shape, parameters);
  const cluster: Cluster = {
    place,
    shape,
    instances: [],
    server: Promise.reject(new Error("The server does not run yet.")),
  };
  cluster.server.catch(() => undefined);
  state.clusters.add(cluster);
  return cluster;
}

/** Lets the server start while the cluster shows `creating`, as AWS does. */
function begin(state: RdsState, cluster: Cluster, start: () => Promise<MariaDb>): void {
  cluster.server = start().then(async (server) => {
    await createLogGroups(state.moto, cluster);
    return server;
  });
  cluster.server.then(
    () => {
      cluster.shape.Status = "available";
    },
    (error: Error) => {
      cluster.shape.Status = "failed";
      state.host.log(`Cluster ${cluster.shape.DBClusterIdentifier}: ${error.message}`);
    },
  );
}

/** Identifiers are lower case, at most 63 letters, digits and single hyphens, and unique per account and region. */
export function checkIdentifier(state: RdsState, place: Place, name: string): string {
  const identifier = name.toLowerCase();
  if (!/^[a-z](-?[a-z0-9])*$/.test(identifier) || identifier.length > 63) {
    throw fault("InvalidParameterValue", `The parameter DBClusterIdentifier is not a valid identifier: ${name}`);
  }
  if (state.findCluster(place, identifier))
    throw fault("DBClusterAlreadyExistsFault", `DB Cluster already exists: ${identifier}`);
  return identifier;
}

/** The cluster as DescribeDBClusters shows it. */
export function describe({ clusters }: RdsState, cluster: Cluster): DBCluster {
  const { shape, instances } = cluster;
  return {
    ...shape,
    Endpoint: "127.0.0.1",
    ReaderEndpoint: "127.0.0.1",
    Status: clusters.has(cluster) ? shape.Status : "deleting",
    LatestRestorableTime: new Date(),
    DBClusterMembers: instances.map(({ shape: { DBInstanceIdentifier, PromotionTier }, writer, awaitingReboot }) => ({
      DBInstanceIdentifier,
      IsClusterWriter: writer,
      DBClusterParameterGroupStatus: awaitingReboot.length > 0 ? "pending-reboot" : "in-sync",
      PromotionTier,
    })),
  };
}

export function describeClusters(state: RdsState, place: Place, parameters: Parameters): { DBClusters: DBCluster[] } {
  const name = text(parameters, "DBClusterIdentifier");
  const wanted = filterValues(parameters, "db-cluster-id");
  const engines = filterValues(parameters, "engine");
  const found = (name ? [state.cluster(place, name)] : state.clustersOf(place)).filter(
    ({ shape }) =>
      (!wanted || wanted.includes(shape.DBClusterIdentifier) || wanted.includes(shape.DBClusterArn.toLowerCase())) &&
      (!engines || engines.includes(shape.Engine ?? "")),
  );
  return { DBClusters: found.map((cluster) => describe(state, cluster)) };
}
