// Settings of a cluster that create, restore and modify share: request parameters into the shape that describes it.
import type { DBCluster } from "@aws-sdk/client-rds";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError } from "../service";
import { fault, flag, list, number, type Parameters, text } from "./state";

const VERSION = "2014-10-31";

/** @throws AwsError when a value is one that RDS refuses */
export function applySettings(shape: DBCluster, parameters: Parameters): void {
  const set = <K extends keyof DBCluster>(name: K, value: DBCluster[K] | undefined) => {
    if (value !== undefined) shape[name] = value;
  };
  const retention = number(parameters, "BackupRetentionPeriod");
  if (retention !== undefined && !(retention >= 1 && retention <= 35)) {
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
    throw fault(
      "InvalidParameterValue",
      `Invalid backup retention period: ${retention}. Must be a value from 1 to 35.`,
    );
  }
  set("BackupRetentionPeriod", retention);
  set("PreferredBackupWindow", text(parameters, "PreferredBackupWindow")?.toLowerCase());
  set("PreferredMaintenanceWindow", text(parameters, "PreferredMaintenanceWindow")?.toLowerCase());
  set("DeletionProtection", flag(parameters, "DeletionProtection"));
  set("CopyTagsToSnapshot", flag(parameters, "CopyTagsToSnapshot"));
  set("IAMDatabaseAuthenticationEnabled", flag(parameters, "EnableIAMDatabaseAuthentication"));
  set("DBClusterParameterGroup", text(parameters, "DBClusterParameterGroupName"));
  set("BacktrackWindow", number(parameters, "BacktrackWindow"));
  set("MonitoringInterval", number(parameters, "MonitoringInterval"));
  set("MonitoringRoleArn", text(parameters, "MonitoringRoleArn"));
  set("DatabaseInsightsMode", text(parameters, "DatabaseInsightsMode") as DBCluster["DatabaseInsightsMode"]);
  set("PerformanceInsightsEnabled", flag(parameters, "EnablePerformanceInsights"));
  set("PerformanceInsightsKMSKeyId", text(parameters, "PerformanceInsightsKMSKeyId"));
  set("PerformanceInsightsRetentionPeriod", number(parameters, "PerformanceInsightsRetentionPeriod"));
  set("StorageType", text(parameters, "StorageType"));
  set("EngineLifecycleSupport", text(parameters, "EngineLifecycleSupport"));

  const groups = list(parameters, "VpcSecurityGroupIds");
  set(
    "VpcSecurityGroups",
    groups?.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: "active" })),
  );

  const scaling = parameters.ServerlessV2ScalingConfiguration as Parameters | undefined;
  if (scaling) {
    const configured = { ...shape.ServerlessV2ScalingConfiguration };
    configured.MinCapacity = number(scaling, "MinCapacity") ?? configured.MinCapacity;
    configured.MaxCapacity = number(scaling, "MaxCapacity") ?? configured.MaxCapacity;
    configured.SecondsUntilAutoPause = number(scaling, "SecondsUntilAutoPause") ?? configured.SecondsUntilAutoPause;
    // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html: 300 s unless given
    if (configured.MinCapacity === 0) configured.SecondsUntilAutoPause ??= 300;
    else configured.SecondsUntilAutoPause = undefined;
    set("ServerlessV2ScalingConfiguration", configured);
  }

  const created = list(parameters, "EnableCloudwatchLogsExports");
  const modified = parameters.CloudwatchLogsExportConfiguration as Parameters | undefined;
  const exports = new Set(created ?? shape.EnabledCloudwatchLogsExports);
  for (const name of (modified && list(modified, "EnableLogTypes")) ?? []) exports.add(name);
  for (const name of (modified && list(modified, "DisableLogTypes")) ?? []) exports.delete(name);
  set("EnabledCloudwatchLogsExports", exports.size ? [...exports] : undefined);
  if (!exports.size) shape.EnabledCloudwatchLogsExports = undefined;
}

/** @throws AwsError when a group that the parameters name does not exist */
export async function checkGroups(moto: MotoClient, place: Place, parameters: Parameters): Promise<void> {
  const parameterGroup = text(parameters, "DBClusterParameterGroupName");
  if (parameterGroup && !parameterGroup.startsWith("default.")) {
    const DBClusterParameterGroupName = parameterGroup;
    await ask(moto, place, { Action: "DescribeDBClusterParameterGroups", DBClusterParameterGroupName });
  }
  const subnetGroup = text(parameters, "DBSubnetGroupName");
  if (subnetGroup) await ask(moto, place, { Action: "DescribeDBSubnetGroups", DBSubnetGroupName: subnetGroup });
}

function ask(moto: MotoClient, place: Place, parameters: Record<string, string>): Promise<Parsed> {
  return moto.query(place, "rds", { Version: VERSION, ...parameters });
}

/**
 * ARN of a key that encrypts a cluster or snapshot; AWS's own key for RDS when none is named.
 * @throws AwsError KMSKeyNotAccessibleFault when the key is missing or not usable
 */
export async function encryptionKey(moto: MotoClient, place: Place, keyId = "alias/aws/rds"): Promise<string> {
  const owner = /^arn:aws:kms:([^:]+):(\d+):/.exec(keyId);
  const home = owner ? { region: owner[1] as string, account: owner[2] as string } : place;
  const described = await moto.json(home, "kms", "TrentService.DescribeKey", { KeyId: keyId }).catch((error: Error) => {
    const why = error instanceof AwsError ? error.message : String(error);
    throw fault("KMSKeyNotAccessibleFault", `The specified KMS key [${keyId}] cannot be accessed: ${why}`);
  });
  const key = described.KeyMetadata as Parsed;
  if (key.KeyState !== "Enabled") {
    throw fault("KMSKeyNotAccessibleFault", `The specified KMS key [${keyId}] is ${String(key.KeyState)}.`);
  }
  return String(key.Arn);
}
