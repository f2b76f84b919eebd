// Step: writer and readers; Aurora restored by AWS Backup is a cluster without instances.
import { CreateDBInstanceCommand } from "@aws-sdk/client-rds";
import {
  INSIGHTS_RETENTION_DAYS,
  instanceIdentifier,
  MONITORING_INTERVAL,
  promotionTier,
  roleArn,
} from "../../../config";
import type { Step } from "../../runbook/engine";
import { findCluster, findInstance, waitForCluster, waitForInstance } from "../aurora";
import type { RestoreContext } from "../context";

/** A rehearsal looks into the database: the writer is enough for that. */
const readers = ({ options, stage }: RestoreContext): number => (options.rehearse ? 0 : stage.db.dbReaders);

export const addInstances: Step<RestoreContext> = {
  name: "add-instances",
  title: (context) =>
    `add the writer${readers(context) > 0 ? ` and ${readers(context)} reader(s)` : ""} to ${context.restoredIdentifier}`,
  async run(context) {
    // The first instance becomes the writer; readers get ready while the content is checked.
    await createInstance(context, 1);
    await waitForInstance(context, instanceIdentifier(context.restoredIdentifier, 1));
    await waitForCluster(context, context.restoredIdentifier);
    for (let reader = 1; reader <= readers(context); reader++) await createInstance(context, reader + 1);
    return undefined;
  },
};

async function createInstance(context: RestoreContext, number: number): Promise<void> {
  const { rds, stage, names } = context;
  const DBInstanceIdentifier = instanceIdentifier(context.restoredIdentifier, number);
  if (await findInstance(rds, DBInstanceIdentifier)) return;
  const cluster = await findCluster(rds, context.restoredIdentifier);
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier,
      DBClusterIdentifier: context.restoredIdentifier,
      DBInstanceClass: "db.serverless",
      Engine: "aurora-mysql",
      AutoMinorVersionUpgrade: false,
      PubliclyAccessible: false,
      PromotionTier: promotionTier(number),
      CopyTagsToSnapshot: true,
      CACertificateIdentifier: stage.db.caCertificateIdentifier,
      PreferredMaintenanceWindow: stage.db.preferredMaintenanceWindow,
      EnablePerformanceInsights: true,
      PerformanceInsightsKMSKeyId: cluster?.KmsKeyId,
      PerformanceInsightsRetentionPeriod: INSIGHTS_RETENTION_DAYS,
      MonitoringInterval: MONITORING_INTERVAL,
      MonitoringRoleArn: roleArn(stage, names.databaseMonitoringRole),
    }),
  );
}
