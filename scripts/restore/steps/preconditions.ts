// Step: everything a restore needs is there, before anything is changed.
import { DescribeBackupVaultCommand } from "@aws-sdk/client-backup";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import {
  DescribeAccountAttributesCommand,
  DescribeDBClusterParameterGroupsCommand,
  DescribeDBSubnetGroupsCommand,
} from "@aws-sdk/client-rds";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { stateNames } from "../../../config";
import { clientConfig } from "../../aws";
import { UserError } from "../../command";
import { compareVersions } from "../../database/engine-version";
import type { Step } from "../../runbook/engine";
import { remoteState } from "../../terraform/remote-state";
import { findCluster } from "../aurora";
import type { RestoreContext } from "../context";
import { copyLifetimeDays } from "./copy-back";

export const preconditions: Step<RestoreContext> = {
  name: "check-preconditions",
  title: () => "check key, names, quotas, state lock",
  readOnly: true,
  async run(context) {
    await keyIsUsable(context);
    // Once the restored cluster is there, the rest has served: it must not keep an interrupted run from finishing.
    if (context.isRestored) return "the cluster is restored already";
    await Promise.all([
      ownResourcesExist(context),
      vaultIsThere(context),
      quotasSuffice(context),
      stateIsFree(context),
    ]);
    await serviceIsAsConfigured(context);
    engineVersionFits(context);
    copyFitsLock(context);
    const { previousIdentifier = context.names.clusterIdentifier } = context.journal.facts;
    context.journal.learn({ previousIdentifier });
    const old = await findCluster(context.rds, previousIdentifier);
    snapshotIsForgotten(context, old !== undefined);
    if (!old?.DbClusterResourceId) return `the old cluster ${previousIdentifier} is gone`;
    if (old.Status !== "available" && !context.options.rehearse && !context.options.keepIdentifier) {
      throw new UserError(
        `The old cluster ${previousIdentifier} is ${old.Status}, so it cannot give up its name. Start it or wait until it is ` +
          "available or gone, or restore with --keep-identifier.",
      );
    }
    context.journal.learn({ oldClusterResourceId: old.DbClusterResourceId });
    return `the old cluster ${previousIdentifier} is there and will be kept`;
  },
};

/** The restored cluster must have the cluster's own key: Terraform would replace it for any other. */
async function keyIsUsable({ kms, names }: RestoreContext): Promise<void> {
  const alias = names.databaseKeyAlias;
  const { KeyMetadata } = await kms
    .send(new DescribeKeyCommand({ KeyId: alias }))
    .catch(missing(`KMS key ${alias}`, names.appStack));
  if (KeyMetadata?.KeyState !== "Enabled") {
    throw new UserError(
      `KMS key ${alias} is ${KeyMetadata?.KeyState}: without it the snapshot cannot be read. Cancel its deletion (aws kms cancel-key-deletion) and enable it.`,
    );
  }
}

async function ownResourcesExist({ rds, lambda, names }: RestoreContext): Promise<void> {
  const { dbSubnetGroup, clusterParameterGroup, databaseUsersFunction, appStack } = names;
  await Promise.all([
    rds
      .send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: dbSubnetGroup }))
      .catch(missing(`Subnet group ${dbSubnetGroup}`, appStack)),
    rds
      .send(new DescribeDBClusterParameterGroupsCommand({ DBClusterParameterGroupName: clusterParameterGroup }))
      .catch(missing(`Parameter group ${clusterParameterGroup}`, appStack)),
    lambda
      .send(new GetFunctionCommand({ FunctionName: databaseUsersFunction }))
      .catch(missing(`Function ${databaseUsersFunction}`, appStack)),
  ]);
}

/** A copy from the destination needs the stage's own vault to come back to. */
async function vaultIsThere(context: RestoreContext): Promise<void> {
  const { recoveryPoint } = context.journal.facts;
  if (recoveryPoint?.kind !== "backup") return;
  const { sourceVault, backupSourceStack } = context.names;
  await context.backup
    .send(new DescribeBackupVaultCommand({ BackupVaultName: sourceVault }))
    .catch(missing(`Vault ${sourceVault}`, backupSourceStack));
}

async function quotasSuffice(context: RestoreContext): Promise<void> {
  const { AccountQuotas = [] } = await context.rds.send(new DescribeAccountAttributesCommand({}));
  const needed = { DBClusters: 1, DBInstances: context.options.rehearse ? 1 : 1 + context.stage.db.dbReaders };
  for (const [name, more] of Object.entries(needed)) {
    const quota = AccountQuotas.find((entry) => entry.AccountQuotaName === name);
    if (quota && Number(quota.Used) + more > Number(quota.Max)) {
      throw new UserError(
        `The restore needs ${more} more of the account's quota ${name}, of which ${quota.Used} of ${quota.Max} are used. ` +
          "Ask AWS for more in Service Quotas, or delete what is not needed.",
      );
    }
  }
}

/** Terraform holds the lock while it works; a second writer would lose one of the two states. */
async function stateIsFree({ stage, names, s3, options }: RestoreContext): Promise<void> {
  if (options.rehearse) return;
  const { bucket, lockTable, stateKey } = stateNames(stage);
  const key = stateKey(names.appStack);
  const dynamodb = new DynamoDBClient(clientConfig(stage));
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: lockTable, Key: { LockID: { S: `${bucket}/${key}` } }, ConsistentRead: true }),
  );
  const lockFile = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: `${key}.tflock` })).then(
    () => true,
    (error: Error) => {
      if (error.name === "NotFound" || error.name === "NoSuchKey") return false;
      throw error;
    },
  );
  if (Item || lockFile) {
    throw new UserError(
      `The state of ${names.appStack} is locked${Item?.Info?.S ? `: ${Item.Info.S}` : ""}. Wait until that command has ended; ` +
        "if it was killed, run terraform force-unlock with the id it names.",
    );
  }
}

/** The service that is stopped must be the one that writes. */
export async function serviceIsAsConfigured({
  s3,
  stage,
  names,
  options,
}: Pick<RestoreContext, "s3" | "stage" | "names" | "options">): Promise<void> {
  if (options.rehearse) return;
  const deployed = (await remoteState(s3, stage, names.appStack))?.resources.map(({ type }) => type) ?? [];
  const other = stage.service.type === "fargate" ? "aws_apprunner_service" : "aws_ecs_service";
  if (deployed.includes(other))
    throw new UserError(
      `service.type of stage ${stage.name} is "${stage.service.type}", which is not deployed: ${names.appStack} has an ${other}. ` +
        "Write what is deployed, restore, and change it afterwards.",
    );
}

/** Aurora restores into the snapshot's version; a lower one in the configuration would be refused at the next apply. */
function engineVersionFits({ journal, stage }: RestoreContext): void {
  const snapshot = journal.facts.recoveryPoint?.engineVersion;
  if (snapshot && compareVersions(snapshot, stage.db.engineVersion) > 0) {
    throw new UserError(
      `The snapshot has engine version ${snapshot}, newer than db.engineVersion ${stage.db.engineVersion} of stage ${stage.name}. Set db.engineVersion to ${snapshot} in stages.ts.`,
    );
  }
}

/** What Terraform imports, or finds in the place of a cluster that is gone, was not created from that snapshot: its plan would stop. */
function snapshotIsForgotten({ stage, options }: RestoreContext, oldExists: boolean): void {
  if (!stage.db.dbSnapshotId || options.rehearse || (oldExists && !options.keepIdentifier)) return;
  throw new UserError(
    `db.dbSnapshotId of stage ${stage.name} has served when its database was created. Remove it from stages.ts, then give the same command again.`,
  );
}

/** The copy must be kept for its age and some days more, and the vault's lock may not allow that. */
function copyFitsLock({ journal, stage }: RestoreContext): void {
  const { recoveryPoint } = journal.facts;
  if (!recoveryPoint || recoveryPoint.accountId === stage.accountId || !stage.backup.enabled) return;
  const { lock } = stage.backup;
  const days = copyLifetimeDays(recoveryPoint, lock);
  if (days > lock.maxRetentionDays) {
    throw new UserError(
      `A copy of this recovery point must be kept for ${days} days from its creation, but backup.lock.maxRetentionDays of stage ` +
        `${stage.name} is ${lock.maxRetentionDays}. Choose a newer recovery point, or raise the maximum and deploy the vault first.`,
    );
  }
}

const missing =
  (what: string, stack: string) =>
  (error: Error): never => {
    if (/NotFound/.test(error.name))
      throw new UserError(`${what} is not there. Deploy it first: npm run cdktf -- deploy ${stack}`);
    if (/AccessDenied/.test(error.name)) {
      throw new UserError(`${what} is not there, or these credentials may not look at it: ${error.message}`);
    }
    throw error;
  };
