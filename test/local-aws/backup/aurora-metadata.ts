// Restore metadata of Aurora clusters: what GetRecoveryPointRestoreMetadata tells, and what StartRestoreJob takes.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-aur.html

import type { DBCluster, RestoreDBClusterFromSnapshotCommandInput } from "@aws-sdk/client-rds";
import { invalidParameter } from "./errors";

type RestoreInput = Partial<RestoreDBClusterFromSnapshotCommandInput>;
type Reader = (value: string, key: string) => RestoreInput;

const text =
  (name: keyof RestoreInput): Reader =>
  (value) => ({ [name]: value });
const number =
  (name: keyof RestoreInput): Reader =>
  (value, key) => {
    if (!/^\d+$/.test(value)) throw invalidParameter(`Invalid restore metadata. ${key} must be a number: ${value}`);
    return { [name]: Number(value) };
  };
const boolean =
  (name: keyof RestoreInput): Reader =>
  (value, key) => {
    if (!/^(true|false)$/i.test(value)) {
      throw invalidParameter(`Invalid restore metadata. ${key} must be true or false: ${value}`);
    }
    return { [name]: value.toLowerCase() === "true" };
  };
/** Lists and objects travel as JSON inside the string: a bare `sg-…` is refused. */
const json =
  (name: keyof RestoreInput, isValid: (value: unknown) => boolean, what: string): Reader =>
  (value, key) => {
    const parsed = parse(value);
    if (!isValid(parsed)) throw invalidParameter(`Invalid restore metadata. ${key} must be ${what}: ${value}`);
    return { [name]: parsed };
  };
const list = (name: keyof RestoreInput) => json(name, isStringList, "a JSON array of strings");

/** Keys are taken in any case. ServerlessV2ScalingConfiguration is none of them: it has to be set after the restore. */
const READERS: Record<string, Reader> = {
  availabilityzones: list("AvailabilityZones"),
  backtrackwindow: number("BacktrackWindow"),
  copytagstosnapshot: boolean("CopyTagsToSnapshot"),
  databasename: text("DatabaseName"),
  dbclusteridentifier: text("DBClusterIdentifier"),
  dbclusterparametergroupname: text("DBClusterParameterGroupName"),
  dbsubnetgroupname: text("DBSubnetGroupName"),
  enablecloudwatchlogsexports: list("EnableCloudwatchLogsExports"),
  enableiamdatabaseauthentication: boolean("EnableIAMDatabaseAuthentication"),
  engine: text("Engine"),
  enginemode: text("EngineMode"),
  engineversion: text("EngineVersion"),
  kmskeyid: text("KmsKeyId"),
  optiongroupname: text("OptionGroupName"),
  port: number("Port"),
  scalingconfiguration: json("ScalingConfiguration", (value) => typeof value === "object", "a JSON object"),
  vpcsecuritygroupids: list("VpcSecurityGroupIds"),
};
const REQUIRED = ["DBClusterIdentifier", "Engine"] as const;

/**
 * Reads restore metadata into RDS's own parameters. Empty values count as left out, as AWS's own metadata has some.
 *
 * @throws AwsError InvalidParameterValueException for an unknown key, a missing one, or a value of the wrong form.
 */
export function readRestoreMetadata(metadata: Record<string, string>): RestoreInput {
  const input: RestoreInput = {};
  for (const [key, value] of Object.entries(metadata)) {
    const reader = READERS[key.toLowerCase()];
    if (!reader) throw invalidParameter(`Invalid restore metadata. Unrecognized key: ${key}`);
    if (value !== "") Object.assign(input, reader(value, key));
  }
  const missing = REQUIRED.filter((key) => input[key] === undefined);
  if (missing.length > 0) throw invalidParameter(`Invalid restore metadata. Missing: ${missing.join(", ")}`);
  return input;
}

/** The metadata of a cluster when it is backed up. Its identifier is not in it: a restore has to choose one. */
export function describeCluster(cluster: DBCluster): Record<string, string> {
  const groups = (cluster.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId);
  return {
    AvailabilityZones: JSON.stringify(cluster.AvailabilityZones ?? []),
    CopyTagsToSnapshot: String(cluster.CopyTagsToSnapshot ?? false),
    DatabaseName: cluster.DatabaseName ?? "",
    DBClusterParameterGroupName: cluster.DBClusterParameterGroup ?? "",
    DBSubnetGroupName: cluster.DBSubnetGroup ?? "",
    EnableCloudwatchLogsExports: JSON.stringify(cluster.EnabledCloudwatchLogsExports ?? []),
    EnableIAMDatabaseAuthentication: String(cluster.IAMDatabaseAuthenticationEnabled ?? false),
    Engine: cluster.Engine ?? "",
    EngineMode: cluster.EngineMode ?? "provisioned",
    EngineVersion: cluster.EngineVersion ?? "",
    Port: String(cluster.Port ?? 3306),
    VpcSecurityGroupIds: JSON.stringify(groups),
    ...(cluster.BacktrackWindow && { BacktrackWindow: String(cluster.BacktrackWindow) }),
    ...(cluster.KmsKeyId && { KmsKeyId: cluster.KmsKeyId }),
  };
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isStringList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
