// Step: the cluster is restored beside the old one, with the cluster's own key, network and parameters.
import {
  DescribeRestoreJobCommand,
  GetRecoveryPointRestoreMetadataCommand,
  StartRestoreJobCommand,
} from "@aws-sdk/client-backup";
import { DescribeSecurityGroupsCommand } from "@aws-sdk/client-ec2";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { RestoreDBClusterFromSnapshotCommand } from "@aws-sdk/client-rds";
import { backtrack, roleArn } from "../../../config";
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import { findCluster, findClusterByResourceId, waitForCluster } from "../aurora";
import type { RestoreContext } from "../context";
import { runJob } from "../jobs";
import { localRecoveryPoint } from "./copy-back";

/** Restore metadata that AWS gives and takes back; the rest of what it gives is informational and would be refused. */
const CARRIED_OVER = ["Engine", "EngineMode", "DatabaseName", "Port", "CopyTagsToSnapshot"];

export const restoreCluster: Step<RestoreContext> = {
  name: "restore-cluster",
  title: (context) => `restore beside the old cluster as ${context.restoredIdentifier}`,
  async isDone({ journal, rds }) {
    const { newClusterResourceId } = journal.facts;
    return (
      newClusterResourceId !== undefined && (await findClusterByResourceId(rds, newClusterResourceId)) !== undefined
    );
  },
  async run(context) {
    const point = context.fact("recoveryPoint");
    const settings = await ownSettings(context);
    if (point.kind === "snapshot") await restoreSnapshot(context, settings);
    else await restoreRecoveryPoint(context, settings);
    await waitForCluster(context, context.restoredIdentifier);
    const restored = await findCluster(context.rds, context.restoredIdentifier);
    if (restored?.KmsKeyId !== settings.kmsKeyArn) {
      throw new UserError(
        `${context.restoredIdentifier} was restored with key ${restored?.KmsKeyId}, not the cluster's own ${settings.kmsKeyArn}: Terraform would replace it.`,
      );
    }
    context.journal.learn({ newClusterResourceId: restored.DbClusterResourceId as string });
    return context.restoredIdentifier;
  },
};

interface OwnSettings {
  kmsKeyArn: string;
  securityGroupId: string;
  backtrackSeconds: number;
}

async function ownSettings({ kms, ec2, names, stage }: RestoreContext): Promise<OwnSettings> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: names.databaseKeyAlias }));
  const Filters = [{ Name: "group-name", Values: [names.databaseSecurityGroup] }];
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  const securityGroupId = SecurityGroups[0]?.GroupId;
  if (!KeyMetadata?.Arn || !securityGroupId || SecurityGroups.length > 1) {
    throw new UserError(
      `${SecurityGroups.length} security groups are called ${names.databaseSecurityGroup}; the restore needs exactly one. Deploy ${names.appStack} first.`,
    );
  }
  return { kmsKeyArn: KeyMetadata.Arn, securityGroupId, backtrackSeconds: backtrack(stage).windowSeconds ?? 0 };
}

async function restoreRecoveryPoint(context: RestoreContext, settings: OwnSettings): Promise<void> {
  const { backup, names, stage } = context;
  const RecoveryPointArn = localRecoveryPoint(context);
  const { RestoreMetadata = {} } = await backup.send(
    new GetRecoveryPointRestoreMetadataCommand({
      BackupVaultName: names.sourceVault,
      RecoveryPointArn,
      BackupVaultAccountId: stage.accountId,
    }),
  );
  const carriedOver = Object.fromEntries(
    Object.entries(RestoreMetadata).filter(([key, value]) => CARRIED_OVER.includes(key) && value),
  );
  const metadata = () => ({
    ...carriedOver,
    EngineVersion: stage.db.engineVersion,
    DBClusterIdentifier: context.restoredIdentifier,
    DBSubnetGroupName: names.dbSubnetGroup,
    DBClusterParameterGroupName: names.clusterParameterGroup,
    VpcSecurityGroupIds: JSON.stringify([settings.securityGroupId]),
    KmsKeyId: settings.kmsKeyArn,
    // Backtrack can be turned on only when a cluster is created or restored.
    ...(settings.backtrackSeconds > 0 && { BacktrackWindow: String(settings.backtrackSeconds) }),
  });
  await runJob(context, {
    fact: "restoreJobId",
    what: "Restore job",
    async start(IdempotencyToken) {
      const IamRoleArn = roleArn(stage, names.backupRole);
      const { RestoreJobId } = await backup.send(
        new StartRestoreJobCommand({
          RecoveryPointArn,
          ResourceType: "Aurora",
          IamRoleArn,
          IdempotencyToken,
          Metadata: metadata(),
        }),
      );
      return RestoreJobId;
    },
    async describe(RestoreJobId) {
      const job = await backup.send(new DescribeRestoreJobCommand({ RestoreJobId }));
      return { state: job.Status, percent: job.PercentDone, message: job.StatusMessage };
    },
  });
}

/** A plain Aurora snapshot is restored by Aurora itself. */
async function restoreSnapshot(context: RestoreContext, settings: OwnSettings): Promise<void> {
  const { rds, names, stage } = context;
  if (await findCluster(rds, context.restoredIdentifier)) return;
  await rds.send(
    new RestoreDBClusterFromSnapshotCommand({
      SnapshotIdentifier: context.fact("recoveryPoint").arn,
      DBClusterIdentifier: context.restoredIdentifier,
      Engine: "aurora-mysql",
      EngineVersion: stage.db.engineVersion,
      DBSubnetGroupName: names.dbSubnetGroup,
      DBClusterParameterGroupName: names.clusterParameterGroup,
      VpcSecurityGroupIds: [settings.securityGroupId],
      KmsKeyId: settings.kmsKeyArn,
      CopyTagsToSnapshot: true,
      ...(settings.backtrackSeconds > 0 && { BacktrackWindow: settings.backtrackSeconds }),
    }),
  );
}
