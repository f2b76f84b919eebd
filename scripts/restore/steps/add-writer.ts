// Step: the writer instance; Aurora restored by AWS Backup is a cluster without instances.
import { CreateDBInstanceCommand, DescribeDBInstancesCommand } from "@aws-sdk/client-rds";
import {
  INSIGHTS_RETENTION_DAYS,
  instanceIdentifier,
  MONITORING_INTERVAL,
  promotionTier,
  roleArn,
} from "../../../config";
import type { Step } from "../../runbook/engine";
import { findCluster, waitForInstance } from "../aurora";
import type { RestoreContext } from "../context";

const writer = (context: RestoreContext) => instanceIdentifier(context.restoredIdentifier, 1);

export const addWriter: Step<RestoreContext> = {
  name: "add-writer",
  title: (context) => `add the writer instance ${writer(context)}`,
  async run(context) {
    const { rds, stage, names } = context;
    const DBInstanceIdentifier = writer(context);
    const exists = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier })).then(
      () => true,
      (error: Error) => {
        if (error.name.startsWith("DBInstanceNotFound")) return false;
        throw error;
      },
    );
    if (!exists) {
      const cluster = await findCluster(rds, context.restoredIdentifier);
      await rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier,
          DBClusterIdentifier: context.restoredIdentifier,
          DBInstanceClass: "db.serverless",
          Engine: "aurora-mysql",
          AutoMinorVersionUpgrade: false,
          PubliclyAccessible: false,
          PromotionTier: promotionTier(1),
          CopyTagsToSnapshot: true,
          PreferredMaintenanceWindow: stage.db.preferredMaintenanceWindow,
          EnablePerformanceInsights: true,
          PerformanceInsightsKMSKeyId: cluster?.KmsKeyId,
          PerformanceInsightsRetentionPeriod: INSIGHTS_RETENTION_DAYS,
          MonitoringInterval: MONITORING_INTERVAL,
          MonitoringRoleArn: roleArn(stage, names.databaseMonitoringRole),
        }),
      );
    }
    await waitForInstance(context, DBInstanceIdentifier);
    return undefined;
  },
};
