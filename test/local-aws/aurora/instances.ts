// Instances of an Aurora cluster: without one, nobody can connect to it. The first is the writer, others are readers.
import { randomBytes } from "node:crypto";
import type { DBInstance } from "@aws-sdk/client-rds";
import type { Place } from "../host/moto-client";
import { sleep } from "../host/processes";
import {
  arn,
  fault,
  filterValues,
  flag,
  type Instance,
  LAG_SECONDS,
  number,
  type Parameters,
  type RdsState,
  required,
  tags,
  text,
} from "./state";

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
export async function createInstance(state: RdsState, place: Place, parameters: Parameters): Promise<DBInstance> {
  const cluster = state.cluster(place, required(parameters, "DBClusterIdentifier"));
  const { DBClusterIdentifier, Status } = cluster.shape;
  if (Status !== "available") {
    const message = `DB cluster ${DBClusterIdentifier} is in state ${Status}, expected: available.`;
    throw fault("InvalidDBClusterStateFault", message);
  }
  const identifier = checkName(state, place, required(parameters, "DBInstanceIdentifier"));
  const engine = required(parameters, "Engine");
  if (engine !== cluster.shape.Engine) {
    const message = `The engine name requested for your DB instance (${engine}) doesn't match the engine name of your DB cluster (${cluster.shape.Engine}).`;
    throw fault("InvalidParameterCombination", message);
  }
  if (required(parameters, "DBInstanceClass") === "db.serverless" && !cluster.shape.ServerlessV2ScalingConfiguration) {
    // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.create.html
    const message =
      "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.";
    throw fault("InvalidDBClusterStateFault", message);
  }
  const writer = cluster.instances.length === 0;
  const instance: Instance = {
    place,
    cluster,
    writer,
    awaitingReboot: [],
    shape: {
      DBInstanceIdentifier: identifier,
      DBInstanceArn: arn(place, "db", identifier),
      DbiResourceId: `db-${randomBytes(16).toString("hex").toUpperCase().slice(0, 26)}`,
      DBClusterIdentifier: cluster.shape.DBClusterIdentifier,
      AllocatedStorage: 1,
      AvailabilityZone: text(parameters, "AvailabilityZone") ?? place.region + (writer ? "a" : "b"),
      CACertificateIdentifier: text(parameters, "CACertificateIdentifier") ?? "rds-ca-rsa2048-g1",
      DBParameterGroups: [
        {
          DBParameterGroupName: text(parameters, "DBParameterGroupName") ?? "default.aurora-mysql8.0",
          ParameterApplyStatus: "in-sync",
        },
      ],
      DBInstanceStatus: "creating",
      Engine: engine,
      LicenseModel: "general-public-license",
      NetworkType: "IPV4",
      PromotionTier: 1,
      PubliclyAccessible: flag(parameters, "PubliclyAccessible") ?? false,
      AutoMinorVersionUpgrade: true,
      MonitoringInterval: 0,
      InstanceCreateTime: new Date(),
      PreferredMaintenanceWindow: "sun:05:00-sun:05:30",
      TagList: tags(parameters),
    },
  };
  applySettings(instance.shape, parameters);
  cluster.instances.push(instance);
  state.instances.add(instance);
  void start(state, instance);
  return describe(instance);
}

async function start(state: RdsState, instance: Instance): Promise<void> {
  try {
    await instance.cluster.server;
    await sleep(state.changeSeconds * 1000);
    if (!state.instances.has(instance)) return;
    instance.shape.DBInstanceStatus = "available";
    await state.connect(instance.cluster);
  } catch (error) {
    instance.shape.DBInstanceStatus = "failed";
    state.host.log(`Instance ${instance.shape.DBInstanceIdentifier}: ${(error as Error).message}`);
  }
}

function checkName(state: RdsState, place: Place, name: string): string {
  if (state.findInstance(place, name)) throw fault("DBInstanceAlreadyExists", `DB instance already exists: ${name}`);
  if (!/^[a-z](-?[a-z0-9])*$/i.test(name) || name.length > 63) {
    throw fault("InvalidParameterValue", `The parameter DBInstanceIdentifier is not a valid identifier: ${name}`);
  }
  return name.toLowerCase();
}

function applySettings(shape: DBInstance, parameters: Parameters): void {
  const set = <K extends keyof DBInstance>(name: K, value: DBInstance[K] | undefined) => {
    if (value !== undefined) shape[name] = value;
  };
  set("DBInstanceClass", text(parameters, "DBInstanceClass"));
  set("PromotionTier", number(parameters, "PromotionTier"));
  set("AutoMinorVersionUpgrade", flag(parameters, "AutoMinorVersionUpgrade"));
  set("MonitoringInterval", number(parameters, "MonitoringInterval"));
  set("MonitoringRoleArn", text(parameters, "MonitoringRoleArn"));
  set("CopyTagsToSnapshot", flag(parameters, "CopyTagsToSnapshot"));
  set("CACertificateIdentifier", text(parameters, "CACertificateIdentifier"));
  set("PreferredMaintenanceWindow", text(parameters, "PreferredMaintenanceWindow")?.toLowerCase());
  set("PerformanceInsightsEnabled", flag(parameters, "EnablePerformanceInsights"));
  set("PerformanceInsightsKMSKeyId", text(parameters, "PerformanceInsightsKMSKeyId"));
  set("PerformanceInsightsRetentionPeriod", number(parameters, "PerformanceInsightsRetentionPeriod"));
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html */
export async function modifyInstance(state: RdsState, instance: Instance, parameters: Parameters): Promise<DBInstance> {
  const { shape } = instance;
  if (shape.DBInstanceStatus !== "available") {
    throw fault(
      "InvalidDBInstanceState",
      `DB instance ${shape.DBInstanceIdentifier} is in state ${shape.DBInstanceStatus}.`,
    );
  }
  applySettings(shape, parameters);
  const newName = text(parameters, "NewDBInstanceIdentifier");
  const identifier = newName && checkName(state, instance.place, newName);
  if (identifier && flag(parameters, "ApplyImmediately")) void rename(state, instance, identifier);
  else {
    if (identifier) shape.PendingModifiedValues = { ...shape.PendingModifiedValues, DBInstanceIdentifier: identifier };
    void passThrough(state, shape, "modifying");
  }
  return describe(instance);
}

function rename(state: RdsState, { place, shape }: Instance, identifier: string): Promise<void> {
  return passThrough(state, shape, "renaming", () => {
    shape.DBInstanceIdentifier = identifier;
    shape.DBInstanceArn = arn(place, "db", identifier);
  });
}

/** Shows a state of change for a while, but not at once: the call is answered, and the instance still `available`. */
async function passThrough(state: RdsState, shape: DBInstance, status: string, change = () => {}): Promise<void> {
  await sleep(LAG_SECONDS * 1000);
  if (shape.DBInstanceStatus === "deleting") return;
  shape.DBInstanceStatus = status;
  change();
  await sleep(state.changeSeconds * 1000);
  if (shape.DBInstanceStatus === status) shape.DBInstanceStatus = "available";
}

/** The cluster's data stay; a reader takes over when the writer goes. */
export async function deleteInstance(state: RdsState, instance: Instance): Promise<DBInstance> {
  const { cluster, shape } = instance;
  state.instances.delete(instance);
  cluster.instances = cluster.instances.filter((other) => other !== instance);
  const [next] = cluster.instances;
  if (instance.writer && next) next.writer = true;
  await state.connect(cluster);
  shape.DBInstanceStatus = "deleting";
  return describe(instance);
}

const yearAfter = (start = new Date()): Date => new Date(start.getTime() + 365 * 86_400_000);

/** The instance as DescribeDBInstances shows it: what belongs to the cluster is the cluster's. */
export function describe({ shape, cluster }: Instance): DBInstance {
  const { shape: shared } = cluster;
  return {
    ...shape,
    // A server's certificate is valid for a year, and renewed by RDS in time.
    CertificateDetails: { CAIdentifier: shape.CACertificateIdentifier, ValidTill: yearAfter(shape.InstanceCreateTime) },
    DBClusterIdentifier: shared.DBClusterIdentifier,
    DBName: shared.DatabaseName,
    DBSubnetGroup: { DBSubnetGroupName: shared.DBSubnetGroup },
    VpcSecurityGroups: shared.VpcSecurityGroups,
    EngineVersion: shared.EngineVersion,
    MasterUsername: shared.MasterUsername,
    BackupRetentionPeriod: shared.BackupRetentionPeriod,
    PreferredBackupWindow: shared.PreferredBackupWindow,
    StorageEncrypted: shared.StorageEncrypted,
    KmsKeyId: shared.KmsKeyId,
    StorageType: shared.StorageType ?? "aurora",
    MultiAZ: false,
    DeletionProtection: false,
    IAMDatabaseAuthenticationEnabled: shared.IAMDatabaseAuthenticationEnabled,
    EnabledCloudwatchLogsExports: shared.EnabledCloudwatchLogsExports,
    Endpoint: { Address: "127.0.0.1", Port: shared.Port, HostedZoneId: shared.HostedZoneId },
  };
}

export function describeInstances(
  state: RdsState,
  place: Place,
  parameters: Parameters,
): { DBInstances: DBInstance[] } {
  const name = text(parameters, "DBInstanceIdentifier");
  const clusters = filterValues(parameters, "db-cluster-id");
  const names = filterValues(parameters, "db-instance-id");
  const found = name ? [state.findInstance(place, name)] : state.instancesOf(place);
  if (found.includes(undefined)) throw fault("DBInstanceNotFound", `DBInstance ${name} not found.`, 404);
  const matching = (found as Instance[]).filter(({ shape, cluster: { shape: cluster } }) => {
    const inCluster = [cluster.DBClusterIdentifier, cluster.DBClusterArn.toLowerCase()].some((id) =>
      clusters?.includes(id),
    );
    const named = [shape.DBInstanceIdentifier, shape.DBInstanceArn.toLowerCase()].some((id) => names?.includes(id));
    return (!clusters || inCluster) && (!names || named);
  });
  return { DBInstances: matching.map(describe) };
}
