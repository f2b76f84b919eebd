// The Aurora MySQL Serverless v2 cluster, its writer and readers.

import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { RdsCluster } from "@cdktf/provider-aws/lib/rds-cluster";
import { RdsClusterInstance } from "@cdktf/provider-aws/lib/rds-cluster-instance";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Id as RandomId } from "@cdktf/provider-random/lib/id";
import { Annotations, conditional, Op, TerraformLocal, Token } from "cdktf";
import { Construct } from "constructs";
import {
  BACKUP_TAG,
  backtrack,
  databaseLogs,
  INSIGHTS_RETENTION_DAYS,
  instanceIdentifier,
  MONITORING_INTERVAL,
  partitionOf,
  promotionTier,
  type StageConfig,
  stageNames,
} from "../../config";
import { Role } from "../role";
import { keep } from "../stateful";
import { databaseParameters } from "./database-parameters";
import { createdFrom, refuseNewerSnapshot } from "./database-snapshot";
import type { EncryptionKeys } from "./encryption-keys";
import { logGroup } from "./log-group";
import type { Network } from "./network";
import { securityGroup } from "./security-group";

const MASTER_USERNAME = "admin";
const MYSQL_PORT = 3_306;

export interface DatabaseProps {
  stage: StageConfig;
  network: Network;
  keys: EncryptionKeys;
}

export class Database extends Construct {
  readonly cluster: RdsCluster;
  readonly writer: RdsClusterInstance;
  /** Reader endpoint, as `host:port` where the port is not MySQL's own; none without readers. */
  readonly readerHost: string | undefined;
  /** Who is let into this group's port reaches the database. */
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { stage, network, keys }: DatabaseProps) {
    super(scope, id);
    const { db, protect } = stage;
    const names = stageNames(stage);
    this.securityGroup = securityGroup(this, "security-group", {
      name: `${names.prefix}-database`,
      vpcId: network.vpcId,
      description: "Aurora cluster",
    });
    const subnetGroup = new DbSubnetGroup(this, "subnet-group", {
      name: names.dbSubnetGroup,
      subnetIds: network.privateSubnetIds,
    });
    const rewind = backtrack(stage);
    if (rewind.warning) {
      console.error(rewind.warning);
      Annotations.of(this).addWarning(rewind.warning);
    }
    // Made before the cluster: RDS would create them without encryption and keep them for ever.
    const logs = databaseLogs(db);
    const logGroups = logs.map((log) =>
      logGroup(this, `${log}-logs`, {
        stage,
        name: `/aws/rds/cluster/${names.clusterIdentifier}/${log}`,
        key: keys.logs,
      }),
    );

    refuseNewerSnapshot(this, "snapshot", stage);
    this.cluster = keep(
      new RdsCluster(this, "cluster", {
        clusterIdentifier: names.clusterIdentifier,
        engine: "aurora-mysql",
        engineVersion: db.engineVersion,
        databaseName: names.databaseName,
        masterUsername: MASTER_USERNAME,
        manageMasterUserPassword: true,
        masterUserSecretKmsKeyId: keys.database.arn,
        iamDatabaseAuthenticationEnabled: true,
        snapshotIdentifier: db.dbSnapshotId,
        serverlessv2ScalingConfiguration: {
          minCapacity: db.scaling.minCapacityAcu,
          maxCapacity: db.scaling.maxCapacityAcu,
          secondsUntilAutoPause: db.scaling.minCapacityAcu === 0 ? db.scaling.secondsUntilAutoPause : undefined,
        },
        dbSubnetGroupName: subnetGroup.name,
        vpcSecurityGroupIds: [this.securityGroup.id],
        dbClusterParameterGroupName: databaseParameters(this, "parameters", stage).name,
        storageEncrypted: true,
        kmsKeyId: keys.database.arn,
        backupRetentionPeriod: db.backupRetentionDays,
        preferredBackupWindow: db.preferredBackupWindow,
        preferredMaintenanceWindow: db.preferredMaintenanceWindow,
        backtrackWindow: rewind.windowSeconds,
        copyTagsToSnapshot: true,
        enabledCloudwatchLogsExports: logs,
        deletionProtection: protect.enabled,
        skipFinalSnapshot: false,
        finalSnapshotIdentifier: this.finalSnapshotIdentifier(names.clusterIdentifier),
        // Automated backups outlive a protected cluster for their retention time.
        deleteAutomatedBackups: !protect.enabled,
        // What restarts a protected database waits for its maintenance window.
        applyImmediately: !protect.enabled,
        tags: stage.backup.enabled ? { [BACKUP_TAG]: names.prefix } : undefined,
        dependsOn: logGroups,
        // Each forces a replacement. The snapshot is read at creation only; a cluster made from one has the snapshot's
        // master user and database name, whatever is written here.
        lifecycle: {
          ignoreChanges: ["snapshot_identifier", "master_username", "database_name"],
          postcondition: createdFrom(stage),
        },
      }),
      "cluster",
      protect.enabled,
    );
    this.writer = this.instances(stage, keys.database);
    this.readerHost = db.dbReaders > 0 ? this.localReaderHost(this.cluster) : undefined;
  }

  /** AWS chooses the port, so the plan does not know it. */
  private localReaderHost({ port, readerEndpoint }: RdsCluster): string {
    const other = `${readerEndpoint}:${Token.asString(port)}`;
    return new TerraformLocal(this, "reader-host", conditional(Op.eq(port, MYSQL_PORT), readerEndpoint, other))
      .asString;
  }

  /** With a random part, so that the snapshot of an earlier cluster of this name is never in the way of deleting this one. */
  private finalSnapshotIdentifier(clusterIdentifier: string): string {
    const suffix = new RandomId(this, "final-snapshot", { byteLength: 4, keepers: { cluster: clusterIdentifier } });
    return `${clusterIdentifier}-final-${suffix.hex}`;
  }

  /** @returns the first, which becomes the writer */
  private instances(stage: StageConfig, key: KmsKey): RdsClusterInstance {
    const { clusterIdentifier, databaseMonitoringRole } = stageNames(stage);
    const monitoring = new Role(this, "monitoring-role", {
      iam: stage.iam,
      name: databaseMonitoringRole,
      description: "Writes Enhanced Monitoring's metrics",
      assumedBy: "monitoring.rds.amazonaws.com",
      managedPolicyArns: [
        `arn:${partitionOf(stage.region)}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole`,
      ],
    });
    const instance = (number: number, logicalId: string, dependsOn: RdsClusterInstance[]) => {
      const made = new RdsClusterInstance(this, logicalId, {
        identifier: instanceIdentifier(clusterIdentifier, number),
        clusterIdentifier: this.cluster.id,
        engine: this.cluster.engine,
        instanceClass: "db.serverless",
        publiclyAccessible: false,
        promotionTier: promotionTier(number),
        // Long-term-support versions are changed by whoever runs the stage, in `db.engineVersion`.
        autoMinorVersionUpgrade: false,
        copyTagsToSnapshot: true,
        caCertIdentifier: stage.db.caCertificateIdentifier,
        preferredMaintenanceWindow: stage.db.preferredMaintenanceWindow,
        performanceInsightsEnabled: true,
        performanceInsightsKmsKeyId: key.arn,
        performanceInsightsRetentionPeriod: INSIGHTS_RETENTION_DAYS,
        monitoringInterval: MONITORING_INTERVAL,
        monitoringRoleArn: monitoring.arn,
        applyImmediately: !stage.protect.enabled,
        dependsOn: [...monitoring.rights, ...dependsOn],
      });
      made.overrideLogicalId(logicalId);
      return made;
    };
    const writer = instance(1, "writer", []);
    for (let reader = 1; reader <= stage.db.dbReaders; reader += 1) {
      // Created after the writer, which is otherwise whichever comes first.
      instance(reader + 1, `reader-${reader}`, [writer]);
    }
    return writer;
  }
}
