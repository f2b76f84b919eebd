// A real database through AWS Backup: backed up, copied to the other account, lost with its backups, copied back and
// restored.

import { readFileSync } from "node:fs";
import {
  DeleteBackupVaultCommand,
  DeleteBackupVaultLockConfigurationCommand,
  DeleteRecoveryPointCommand,
  DescribeBackupVaultCommand,
  DescribeRecoveryPointCommand,
  GetRecoveryPointRestoreMetadataCommand,
  ListProtectedResourcesCommand,
  ListRecoveryPointsByBackupVaultCommand,
  PutBackupVaultLockConfigurationCommand,
  UpdateRecoveryPointLifecycleCommand,
} from "@aws-sdk/client-backup";
import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  DeleteDBClusterCommand,
  DeleteDBClusterSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBClusterSnapshotAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
} from "@aws-sdk/client-rds";
import { createConnection } from "mysql2/promise";
import { LAG_SECONDS } from "../aurora/state";
import { sleep } from "../host/processes";
import {
  backUp,
  copy,
  createKey,
  restore,
  startTwoAccounts,
  type TestAccount,
  type TwoAccounts,
  until,
} from "./two-accounts";

const PASSWORD = "not-a-secret-here";
const ARN = "arn:aws:rds:eu-west-2:111111111111:cluster:redcap";
jest.setTimeout(180_000);

let accounts: TwoAccounts;
let source: TestAccount;
let destination: TestAccount;
/** The cluster's own key; the vaults have others. */
let clusterKey: string;

beforeAll(async () => {
  accounts = await startTwoAccounts();
  ({ source, destination } = accounts);
  const engine = {
    Engine: "aurora-mysql",
    MasterUsername: "admin",
    MasterUserPassword: PASSWORD,
    DatabaseName: "redcap",
  };
  clusterKey = await createKey(source.kms, source.id, destination.id);
  const encryption = { StorageEncrypted: true, KmsKeyId: clusterKey };
  const Tags = [{ Key: "Stage", Value: "prod" }];
  await source.rds.send(new CreateDBClusterCommand({ DBClusterIdentifier: "redcap", ...engine, ...encryption, Tags }));
  await addWriter("redcap");
});
afterAll(() => accounts?.stop());

const cluster = async (DBClusterIdentifier: string) =>
  (await source.rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier }))).DBClusters?.[0];

/** A restored cluster has neither instances nor the scaling that Serverless v2 instances need. */
async function addWriter(DBClusterIdentifier: string) {
  const ServerlessV2ScalingConfiguration = { MinCapacity: 0.5, MaxCapacity: 2 };
  await until(async () => ((await cluster(DBClusterIdentifier))?.Status === "available" ? true : undefined));
  await source.rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier, ServerlessV2ScalingConfiguration }));
  // The change shows a moment later.
  await sleep(2 * LAG_SECONDS * 1000);
  await until(async () => ((await cluster(DBClusterIdentifier))?.Status === "available" ? true : undefined));
  const instance = { DBInstanceIdentifier: `${DBClusterIdentifier}-1`, DBInstanceClass: "db.serverless" };
  await source.rds.send(new CreateDBInstanceCommand({ ...instance, DBClusterIdentifier, Engine: "aurora-mysql" }));
  await until(async () => ((await cluster(DBClusterIdentifier))?.Status === "available" ? true : undefined));
}

async function query(name: string, sql: string): Promise<unknown> {
  const { Endpoint: host = "", Port: port = 3306 } = (await cluster(name)) ?? {};
  const ssl = { ca: readFileSync(accounts.aws.caFile) };
  const connection = await until(() =>
    createConnection({ host, port, user: "admin", password: PASSWORD, database: "redcap", ssl }).catch(() => undefined),
  );
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}

const vaultOf = ({ vaultName }: TestAccount) => ({ BackupVaultName: vaultName });
const pointsOf = async (account: TestAccount) =>
  (await account.backup.send(new ListRecoveryPointsByBackupVaultCommand(vaultOf(account)))).RecoveryPoints ?? [];

test("backup, copy, attack, copy back, restore", async () => {
  await query("redcap", "CREATE TABLE records (id INT PRIMARY KEY, value TEXT)");
  await query("redcap", "INSERT INTO records VALUES (1, 'consented')");

  // Backed up: a snapshot with AWS Backup's name and the cluster's key.
  const backup = await backUp(source, ARN);
  expect(backup).toMatchObject({ State: "COMPLETED", PercentDone: "100.0", ResourceType: "Aurora" });
  const pointArn = backup.RecoveryPointArn ?? "";
  expect(pointArn).toBe(`arn:aws:rds:eu-west-2:111111111111:cluster-snapshot:awsbackup:job-${backup.BackupJobId}`);
  const point = await source.backup.send(
    new DescribeRecoveryPointCommand({ ...vaultOf(source), RecoveryPointArn: pointArn }),
  );
  expect(point).toMatchObject({
    Status: "COMPLETED",
    EncryptionKeyArn: clusterKey,
    Lifecycle: { DeleteAfterDays: 35 },
  });
  await query("redcap", "INSERT INTO records VALUES (2, 'too late for the backup')");

  // Copied: another account, the destination vault's key, and no longer shared.
  const copied = await copy(source, pointArn, destination.vaultArn, 90);
  expect(copied).toMatchObject({ State: "COMPLETED", AccountId: source.id });
  const copyArn = copied.DestinationRecoveryPointArn ?? "";
  expect(copyArn).toBe(`arn:aws:rds:eu-west-2:222222222222:cluster-snapshot:awsbackup:copyjob-${copied.CopyJobId}`);
  const [inDestination] = await pointsOf(destination);
  expect(inDestination).toMatchObject({
    RecoveryPointArn: copyArn,
    EncryptionKeyArn: destination.keyArn,
    SourceBackupVaultArn: source.vaultArn,
    ResourceArn: ARN,
    Lifecycle: { DeleteAfterDays: 90 },
    CreationDate: point.CreationDate,
  });
  const attributes = new DescribeDBClusterSnapshotAttributesCommand({ DBClusterSnapshotIdentifier: pointArn });
  const shared = (await source.rds.send(attributes)).DBClusterSnapshotAttributesResult?.DBClusterSnapshotAttributes;
  expect(shared?.flatMap((attribute) => attribute.AttributeValues ?? [])).toEqual([]);

  // The destination is locked: neither AWS Backup nor RDS deletes the copy, nor is its retention changed.
  await destination.backup.send(
    new PutBackupVaultLockConfigurationCommand({ ...vaultOf(destination), ChangeableForDays: 3, MinRetentionDays: 7 }),
  );
  const inLocked = { ...vaultOf(destination), RecoveryPointArn: copyArn };
  const remove = destination.backup.send(new DeleteRecoveryPointCommand(inLocked));
  await expect(remove).rejects.toMatchObject({ name: "InvalidRequestException" });
  const shorten = new UpdateRecoveryPointLifecycleCommand({ ...inLocked, Lifecycle: { DeleteAfterDays: 7 } });
  await expect(destination.backup.send(shorten)).rejects.toMatchObject({ name: "InvalidRequestException" });
  const DBClusterSnapshotIdentifier = copyArn.split(":").slice(6).join(":");
  const removeSnapshot = destination.rds.send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier }));
  await expect(removeSnapshot).rejects.toMatchObject({ name: "InvalidDBClusterSnapshotStateFault" });
  const removeVault = destination.backup.send(new DeleteBackupVaultCommand(vaultOf(destination)));
  await expect(removeVault).rejects.toMatchObject({
    name: "InvalidRequestException",
    message: "Backup vault cannot be deleted because it contains recovery points.",
  });

  // The attacker takes the source's governance lock off, then deletes its recovery point and the cluster.
  await source.backup.send(new PutBackupVaultLockConfigurationCommand({ ...vaultOf(source), MinRetentionDays: 7 }));
  const attack = () =>
    source.backup.send(new DeleteRecoveryPointCommand({ ...vaultOf(source), RecoveryPointArn: pointArn }));
  await expect(attack()).rejects.toMatchObject({ name: "InvalidRequestException" });
  await source.backup.send(new DeleteBackupVaultLockConfigurationCommand(vaultOf(source)));
  await attack();
  expect(await pointsOf(source)).toEqual([]);
  expect((await source.rds.send(new DescribeDBClusterSnapshotsCommand({}))).DBClusterSnapshots).toEqual([]);
  await source.rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: "redcap-1" }));
  await source.rds.send(new DeleteDBClusterCommand({ DBClusterIdentifier: "redcap", SkipFinalSnapshot: true }));

  // Copied back, and restored with the cluster's own key: no instances, no tags, and the row that the backup held.
  const back = await copy(destination, copyArn, source.vaultArn);
  expect(back).toMatchObject({ State: "COMPLETED", AccountId: destination.id });
  const backArn = back.DestinationRecoveryPointArn ?? "";
  const { RestoreMetadata } = await source.backup.send(
    new GetRecoveryPointRestoreMetadataCommand({ ...vaultOf(source), RecoveryPointArn: backArn }),
  );
  expect(RestoreMetadata).toMatchObject({ Engine: "aurora-mysql", KmsKeyId: source.keyArn, VpcSecurityGroupIds: "[]" });
  // The subnet group is left out: this test has no network.
  const changes = { DBClusterIdentifier: "redcap-restored", DBSubnetGroupName: "", KmsKeyId: clusterKey };
  const restored = await restore(source, backArn, { ...RestoreMetadata, ...changes });
  expect(restored.StatusMessage).toBeUndefined();
  expect(restored).toMatchObject({
    Status: "COMPLETED",
    PercentDone: "100.00%",
    CreatedResourceArn: `${ARN}-restored`,
  });
  const found = await cluster("redcap-restored");
  expect(found).toMatchObject({ Status: "available", DBClusterMembers: [], KmsKeyId: clusterKey, TagList: [] });
  await addWriter("redcap-restored");
  expect(await query("redcap-restored", "SELECT * FROM records")).toEqual([{ id: 1, value: "consented" }]);

  const vault = await source.backup.send(new DescribeBackupVaultCommand(vaultOf(source)));
  expect(vault.NumberOfRecoveryPoints).toBe(1);
  const { Results } = await source.backup.send(new ListProtectedResourcesCommand({}));
  expect(Results).toMatchObject([{ ResourceArn: ARN, LastRecoveryPointArn: backArn }]);
});
