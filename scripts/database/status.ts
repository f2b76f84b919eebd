// The state of a stage's database that Terraform's plan does not show: what waits, for a reboot or a maintenance window; what
// somebody changed; until when its certificates are valid.
import {
  type DBCluster,
  type DBInstance,
  DescribeDBEngineVersionsCommand,
  DescribePendingMaintenanceActionsCommand,
  paginateDescribeDBClusterParameters,
  paginateDescribeDBInstances,
  RDSClient,
} from "@aws-sdk/client-rds";
import { clusterParameters, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { findCluster } from "../restore/aurora";
import { minorLine } from "./engine-version";

export interface InstanceStatus {
  identifier: string;
  isWriter: boolean;
  status: string;
  /** Of its TLS certificate. */
  authority: string;
  certificateUntil?: Date | undefined;
  /** Its parameter group has values that it gets with its next reboot only. */
  pendingReboot: boolean;
}

export interface DatabaseStatus {
  identifier: string;
  arn: string;
  status: string;
  engineVersion: string;
  /** Waits for the maintenance window. */
  pendingEngineVersion?: string | undefined;
  /** Versions of the same minor line that it can go to, oldest first. */
  patches: string[];
  /** UTC, as `sun:03:00-sun:04:00`. */
  maintenanceWindow: string;
  /** Since when it can be rewound; undefined where backtrack is off. */
  backtrack?: { hours: number; earliest?: Date | undefined } | undefined;
  instances: InstanceStatus[];
  /** What AWS wants to do. */
  maintenance: { resourceArn: string; action: string; description: string; onItsOwn?: Date | undefined }[];
  /** Parameters of the group that differ from the configuration; undefined is the engine's default. */
  drift: { name: string; value: string | undefined; configured: string | undefined }[];
}

/** @throws UserError where there is no such cluster */
export async function databaseStatus(
  stage: StageConfig,
  rds = new RDSClient(clientConfig(stage)),
): Promise<DatabaseStatus> {
  const { clusterIdentifier, appStack } = stageNames(stage);
  const cluster = await findCluster(rds, clusterIdentifier);
  if (!cluster) throw new UserError(`Cluster ${clusterIdentifier} is not there: ${appStack} is not deployed.`);
  const [instances, patches, maintenance, drift] = await Promise.all([
    instancesOf(rds, cluster),
    patchesOf(rds, cluster.EngineVersion ?? ""),
    maintenanceOf(rds, clusterIdentifier),
    driftOf(rds, stage),
  ]);
  return {
    identifier: clusterIdentifier,
    arn: cluster.DBClusterArn ?? "",
    status: cluster.Status ?? "unknown",
    engineVersion: cluster.EngineVersion ?? "unknown",
    pendingEngineVersion: cluster.PendingModifiedValues?.EngineVersion,
    patches,
    maintenanceWindow: cluster.PreferredMaintenanceWindow ?? "unknown",
    backtrack: cluster.BacktrackWindow
      ? { hours: cluster.BacktrackWindow / 3_600, earliest: cluster.EarliestBacktrackTime }
      : undefined,
    instances,
    maintenance,
    drift,
  };
}

async function instancesOf(rds: RDSClient, { DBClusterIdentifier = "", DBClusterMembers = [] }: DBCluster) {
  const found: DBInstance[] = [];
  const Filters = [{ Name: "db-cluster-id", Values: [DBClusterIdentifier] }];
  for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client: rds }, { Filters }))
    found.push(...DBInstances);
  return found.map((instance): InstanceStatus => {
    const member = DBClusterMembers.find(
      ({ DBInstanceIdentifier }) => DBInstanceIdentifier === instance.DBInstanceIdentifier,
    );
    return {
      identifier: instance.DBInstanceIdentifier ?? "",
      isWriter: member?.IsClusterWriter ?? false,
      status: instance.DBInstanceStatus ?? "unknown",
      authority: instance.CACertificateIdentifier ?? "unknown",
      certificateUntil: instance.CertificateDetails?.ValidTill,
      pendingReboot: member?.DBClusterParameterGroupStatus === "pending-reboot",
    };
  });
}

async function patchesOf(rds: RDSClient, version: string): Promise<string[]> {
  const { DBEngineVersions = [] } = await rds.send(
    new DescribeDBEngineVersionsCommand({ Engine: "aurora-mysql", EngineVersion: version }),
  );
  const targets = DBEngineVersions.flatMap(({ ValidUpgradeTarget = [] }) => ValidUpgradeTarget);
  return targets.flatMap(({ EngineVersion }) =>
    EngineVersion && minorLine(EngineVersion) === minorLine(version) ? [EngineVersion] : [],
  );
}

/** Of the cluster and its instances, whose names begin with the cluster's. */
async function maintenanceOf(rds: RDSClient, clusterIdentifier: string): Promise<DatabaseStatus["maintenance"]> {
  const { PendingMaintenanceActions = [] } = await rds.send(new DescribePendingMaintenanceActionsCommand({}));
  const own = new RegExp(`:(cluster:${clusterIdentifier}|db:${clusterIdentifier}-\\d+)$`);
  return PendingMaintenanceActions.filter(({ ResourceIdentifier = "" }) => own.test(ResourceIdentifier)).flatMap(
    ({ ResourceIdentifier = "", PendingMaintenanceActionDetails = [] }) =>
      PendingMaintenanceActionDetails.map(({ Action = "", Description = "", ...when }) => ({
        resourceArn: ResourceIdentifier,
        action: Action,
        description: Description,
        onItsOwn: when.CurrentApplyDate ?? when.AutoAppliedAfterDate ?? when.ForcedApplyDate,
      })),
  );
}

async function driftOf(rds: RDSClient, stage: StageConfig): Promise<DatabaseStatus["drift"]> {
  const values: Record<string, string> = {};
  const group = { DBClusterParameterGroupName: stageNames(stage).clusterParameterGroup, Source: "user" };
  for await (const { Parameters = [] } of paginateDescribeDBClusterParameters({ client: rds }, group))
    for (const { ParameterName, ParameterValue } of Parameters)
      if (ParameterName && ParameterValue !== undefined) values[ParameterName] = ParameterValue;
  const configured = clusterParameters(stage.db);
  return [...new Set([...Object.keys(configured), ...Object.keys(values)])].flatMap((name) =>
    values[name] === configured[name] ? [] : [{ name, value: values[name], configured: configured[name] }],
  );
}
