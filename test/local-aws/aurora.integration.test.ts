// An Aurora cluster of the local AWS is a real database: rows survive snapshot, restore and a swap of names.
import { existsSync, readFileSync } from "node:fs";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CopyDBClusterSnapshotCommand,
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  type DBCluster,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterSnapshotAttributeCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RestoreDBClusterFromSnapshotCommand,
} from "@aws-sdk/client-rds";
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type Connection, createConnection } from "mysql2/promise";
import { type LocalAws, startLocalAws } from ".";
import { LAG_SECONDS } from "./aurora/state";
import { sleep, until } from "./host/processes";

jest.setTimeout(60_000);

const REGION = "eu-west-2";
const SOURCE = "111111111111";
const OTHER = "222222222222";
const CLUSTER = "redcap-prod";
const ENGINE = "aurora-mysql";
const SCALING = { MinCapacity: 0, MaxCapacity: 2 };

let aws: LocalAws;
let rds: RDSClient;
let secrets: SecretsManagerClient;

const clientOf = (account: string) => ({
  region: REGION,
  endpoint: aws.endpoint,
  credentials: aws.credentials(account),
});

beforeAll(async () => {
  const accounts = [SOURCE, OTHER].map((id) => ({ id, profile: `profile-${id}` }));
  aws = await startLocalAws({ accounts, region: REGION });
  rds = new RDSClient(clientOf(SOURCE));
  secrets = new SecretsManagerClient(clientOf(SOURCE));
});

afterAll(async () => {
  await aws.stop();
  expect(existsSync(aws.dataFolder)).toBe(false);
});

async function find(identifier: string, client = rds): Promise<DBCluster | undefined> {
  const { DBClusters = [] } = await client.send(new DescribeDBClustersCommand({}));
  return DBClusters.find((cluster) => cluster.DBClusterIdentifier === identifier);
}

const available = (identifier: string, client = rds) =>
  until(`${identifier} available`, 30, async () => {
    const cluster = await find(identifier, client);
    return cluster?.Status === "available" ? cluster : undefined;
  });

/** After a change, which shows a moment later. */
const settled = async (identifier: string, client = rds) => {
  await sleep(2 * LAG_SECONDS * 1000);
  return available(identifier, client);
};

const gone = (identifier: string) =>
  until(`${identifier} gone`, 30, async () => ((await find(identifier)) ? undefined : true));

async function snapshotAvailable(identifier: string, client = rds): Promise<string> {
  const command = new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: identifier });
  return until(`${identifier} available`, 30, async () => {
    const [snapshot] = (await client.send(command)).DBClusterSnapshots ?? [];
    return snapshot?.Status === "available" ? snapshot.DBClusterSnapshotArn : undefined;
  });
}

async function addInstance(cluster: string, instance: string, client = rds): Promise<void> {
  const names = { DBClusterIdentifier: cluster, DBInstanceIdentifier: instance };
  await client.send(new CreateDBInstanceCommand({ ...names, Engine: ENGINE, DBInstanceClass: "db.serverless" }));
}

async function masterOf(cluster: DBCluster): Promise<{ user: string; password: string }> {
  const SecretId = cluster.MasterUserSecret?.SecretArn;
  const { SecretString = "{}" } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  const { username, password } = JSON.parse(SecretString) as { username: string; password: string };
  return { user: username, password };
}

function connect({ Endpoint, Port }: DBCluster, login: { user: string; password: string }): Promise<Connection> {
  const ssl = { ca: readFileSync(aws.caFile) };
  return createConnection({ host: Endpoint, port: Port, ...login, database: "redcap", ssl });
}

/** Connects as soon as the endpoint lets anyone in. */
const connected = (cluster: DBCluster, login: { user: string; password: string }) =>
  until("a connection", 20, () =>
    connect(cluster, login).catch((error: { code?: string }) => {
      if (error.code === "ECONNREFUSED") return undefined;
      throw error;
    }),
  );

async function count(cluster: DBCluster, login: { user: string; password: string }): Promise<number> {
  const connection = await connected(cluster, login);
  const [rows] = await connection.query("SELECT COUNT(*) AS n FROM redcap_data");
  await connection.end();
  return (rows as { n: number }[])[0]?.n ?? -1;
}

let live: DBCluster;
let login: { user: string; password: string };
let snapshotArn: string;

test("a new cluster lets nobody in before it has an instance, and no one without TLS", async () => {
  await rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: CLUSTER,
      Engine: ENGINE,
      MasterUsername: "admin",
      ManageMasterUserPassword: true,
      DatabaseName: "redcap",
      StorageEncrypted: true,
      DeletionProtection: true,
      ServerlessV2ScalingConfiguration: SCALING,
    }),
  );
  expect((await find(CLUSTER))?.Status).toBe("creating");
  live = await available(CLUSTER);
  login = await masterOf(live);
  await expect(connect(live, login)).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await addInstance(CLUSTER, "redcap-prod-1");
  await addInstance(CLUSTER, "redcap-prod-2");
  const connection = await connected(live, login);
  await connection.query("CREATE TABLE redcap_data (record INT PRIMARY KEY, value VARCHAR(20))");
  await connection.query("INSERT INTO redcap_data SELECT seq, CONCAT('v', seq) FROM seq_1_to_1000");
  await connection.end();

  expect((await find(CLUSTER))?.DBClusterMembers).toMatchObject([
    { DBInstanceIdentifier: "redcap-prod-1", IsClusterWriter: true },
    { DBInstanceIdentifier: "redcap-prod-2", IsClusterWriter: false },
  ]);
  const plain = createConnection({ host: live.Endpoint, port: live.Port, ...login });
  await expect(plain).rejects.toThrow(/SECURE|require_secure_transport|Access denied/i);
  await expect(connect(live, { ...login, user: "rdsadmin", password: "" })).rejects.toThrow(/Access denied/);
});

test("a snapshot holds the rows of its moment, with the server running", async () => {
  const names = { DBClusterIdentifier: CLUSTER, DBClusterSnapshotIdentifier: "before" };
  const connection = await connected(live, login);
  await rds.send(new CreateDBClusterSnapshotCommand(names));
  snapshotArn = await snapshotAvailable("before");
  await connection.query("INSERT INTO redcap_data VALUES (5000, 'after the snapshot')");
  await connection.end();
  expect(await count(live, login)).toBe(1001);
  await expect(rds.send(new CreateDBClusterSnapshotCommand(names))).rejects.toMatchObject({
    name: "DBClusterSnapshotAlreadyExistsFault",
  });
});

test("deletion protection and instances each stop a deletion", async () => {
  const remove = () => rds.send(new DeleteDBClusterCommand({ DBClusterIdentifier: CLUSTER, SkipFinalSnapshot: true }));
  await expect(remove()).rejects.toMatchObject({
    name: "InvalidParameterCombination",
    message: expect.stringContaining("disable deletion protection"),
  });
  await rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: CLUSTER, DeletionProtection: false }));
  await expect(remove()).rejects.toMatchObject({ name: "InvalidDBClusterStateFault" });
  await settled(CLUSTER);
});

test("a change shows a moment after it was accepted; until it is done, no other is, and no instance is added", async () => {
  const change = { DBClusterIdentifier: CLUSTER, BackupRetentionPeriod: 7 };
  await rds.send(new ModifyDBClusterCommand(change));
  expect((await find(CLUSTER))?.Status).toBe("available");
  await until("modifying", 5, async () => ((await find(CLUSTER))?.Status === "modifying" ? true : undefined));
  const refused = { name: "InvalidDBClusterStateFault" };
  await expect(rds.send(new ModifyDBClusterCommand(change))).rejects.toMatchObject(refused);
  await expect(addInstance(CLUSTER, "redcap-prod-3")).rejects.toMatchObject(refused);
  await available(CLUSTER);

  const instance = { DBInstanceIdentifier: "redcap-prod-2", PromotionTier: 2 };
  const status = async () => {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand(instance));
    return DBInstances[0]?.DBInstanceStatus;
  };
  await rds.send(new ModifyDBInstanceCommand(instance));
  expect(await status()).toBe("available");
  await until("modifying", 5, async () => ((await status()) === "modifying" ? true : undefined));
  await expect(rds.send(new ModifyDBInstanceCommand(instance))).rejects.toMatchObject({
    name: "InvalidDBInstanceStateFault",
  });
  await until("available", 5, async () => ((await status()) === "available" ? true : undefined));
});

test("exported logs make log groups, so that nobody else can create one of the name", async () => {
  const ask = async (action: string, input: object) => {
    const scope = `Credential=${aws.credentials(SOURCE).accessKeyId}/20260101/${REGION}/logs/aws4_request`;
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `Logs_20140328.${action}`,
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`,
    };
    return (await fetch(aws.endpoint, { method: "POST", headers, body: JSON.stringify(input) })).text();
  };
  const logGroupName = `/aws/rds/cluster/${CLUSTER}/audit`;
  expect(await ask("DescribeLogGroups", {})).not.toContain(logGroupName);
  const CloudwatchLogsExportConfiguration = { EnableLogTypes: ["audit"] };
  await rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: CLUSTER, CloudwatchLogsExportConfiguration }));
  expect(await ask("DescribeLogGroups", {})).toContain(logGroupName);
  expect(await ask("CreateLogGroup", { logGroupName })).toContain("ResourceAlreadyExistsException");
  await settled(CLUSTER);
});

test("a restored cluster has the rows, no instances and no managed secret; a new secret has a new name", async () => {
  const restore = {
    DBClusterIdentifier: "redcap-prod-new",
    SnapshotIdentifier: snapshotArn,
    Engine: ENGINE,
    ServerlessV2ScalingConfiguration: SCALING,
  };
  await rds.send(new RestoreDBClusterFromSnapshotCommand(restore));
  const restored = await available("redcap-prod-new");
  expect(restored).toMatchObject({ DBClusterMembers: [], DatabaseName: "redcap", KmsKeyId: live.KmsKeyId });
  expect(restored.MasterUserSecret).toBeUndefined();
  await expect(connect(restored, login)).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await addInstance("redcap-prod-new", "redcap-prod-new-1");
  expect(await count(restored, login)).toBe(1000);

  const manage = { DBClusterIdentifier: "redcap-prod-new", ManageMasterUserPassword: true };
  const { DBCluster: managed } = await rds.send(new ModifyDBClusterCommand(manage));
  expect(managed?.MasterUserSecret?.SecretArn).toBeDefined();
  expect(managed?.MasterUserSecret?.SecretArn).not.toBe(live.MasterUserSecret?.SecretArn);
  await expect(connect(restored, login)).rejects.toThrow(/Access denied/);
  expect(await count(restored, await masterOf(managed as DBCluster))).toBe(1000);
  await settled("redcap-prod-new");
});

test("a swap of names leads the same endpoint to the other data", async () => {
  const connection = await connected(live, login);
  const closed = new Promise((resolve) => connection.on("error", resolve));
  const rename = async (from: string, to: string) => {
    await available(from);
    const names = { DBClusterIdentifier: from, NewDBClusterIdentifier: to };
    await rds.send(new ModifyDBClusterCommand({ ...names, ApplyImmediately: true }));
    await settled(to);
  };
  await rename(CLUSTER, "redcap-prod-replaced");
  await closed;
  expect(await find(CLUSTER)).toBeUndefined();
  await expect(connect(live, login)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await rename("redcap-prod-new", CLUSTER);

  const renameInstance = async (from: string, to: string) => {
    const names = { DBInstanceIdentifier: from, NewDBInstanceIdentifier: to };
    await rds.send(new ModifyDBInstanceCommand({ ...names, ApplyImmediately: true }));
    await until(to, 5, async () => {
      const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
      return DBInstances.find((one) => one.DBInstanceIdentifier === to && one.DBInstanceStatus === "available");
    });
  };
  await renameInstance("redcap-prod-1", "redcap-prod-replaced-1");
  await renameInstance("redcap-prod-new-1", "redcap-prod-1");

  const swapped = (await find(CLUSTER)) as DBCluster;
  expect([swapped.Endpoint, swapped.Port]).toEqual([live.Endpoint, live.Port]);
  expect(swapped.DBClusterMembers).toMatchObject([{ DBInstanceIdentifier: "redcap-prod-1", IsClusterWriter: true }]);
  expect(await count(swapped, await masterOf(swapped))).toBe(1000);
  expect((await find("redcap-prod-replaced"))?.DBClusterMembers).toHaveLength(2);
});

test("a deleted cluster leaves its final snapshot, takes its secret along, and refuses connections", async () => {
  const old = (await find("redcap-prod-replaced")) as DBCluster;
  for (const { DBInstanceIdentifier } of old.DBClusterMembers ?? []) {
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier }));
  }
  const names = { DBClusterIdentifier: "redcap-prod-replaced", FinalDBSnapshotIdentifier: "final" };
  await rds.send(new DeleteDBClusterCommand(names));
  await gone("redcap-prod-replaced");
  await expect(connect(old, login)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await expect(
    secrets.send(new DescribeSecretCommand({ SecretId: live.MasterUserSecret?.SecretArn })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  expect(await snapshotAvailable("final")).toContain(":cluster-snapshot:final");
});

test("another account copies a shared snapshot with a key of its own, and restores the copy", async () => {
  const other = new RDSClient(clientOf(OTHER));
  const key = await new KMSClient(clientOf(OTHER)).send(new CreateKeyCommand({}));
  const copy = {
    SourceDBClusterSnapshotIdentifier: snapshotArn,
    TargetDBClusterSnapshotIdentifier: "copied",
    KmsKeyId: key.KeyMetadata?.Arn,
  };
  await expect(other.send(new CopyDBClusterSnapshotCommand(copy))).rejects.toMatchObject({
    name: "DBClusterSnapshotNotFoundFault",
  });
  const share = { DBClusterSnapshotIdentifier: "before", AttributeName: "restore", ValuesToAdd: [OTHER] };
  // AWS's own key encrypts this one.
  await expect(rds.send(new ModifyDBClusterSnapshotAttributeCommand(share))).rejects.toMatchObject({
    name: "InvalidDBClusterSnapshotStateFault",
  });

  const own = await new KMSClient(clientOf(SOURCE)).send(new CreateKeyCommand({}));
  const shareable = { SourceDBClusterSnapshotIdentifier: "before", TargetDBClusterSnapshotIdentifier: "shareable" };
  await rds.send(new CopyDBClusterSnapshotCommand({ ...shareable, KmsKeyId: own.KeyMetadata?.Arn }));
  const SourceDBClusterSnapshotIdentifier = await snapshotAvailable("shareable");
  await rds.send(new ModifyDBClusterSnapshotAttributeCommand({ ...share, DBClusterSnapshotIdentifier: "shareable" }));
  await other.send(new CopyDBClusterSnapshotCommand({ ...copy, SourceDBClusterSnapshotIdentifier }));
  await snapshotAvailable("copied", other);

  const restore = { DBClusterIdentifier: CLUSTER, SnapshotIdentifier: "copied", Engine: ENGINE };
  await other.send(new RestoreDBClusterFromSnapshotCommand({ ...restore, ServerlessV2ScalingConfiguration: SCALING }));
  const restored = await available(CLUSTER, other);
  expect(restored).toMatchObject({ KmsKeyId: key.KeyMetadata?.Arn });
  expect(restored.Port).not.toBe(live.Port);
  await addInstance(CLUSTER, "redcap-prod-1", other);
  expect(await count(restored, login)).toBe(1000);
});
