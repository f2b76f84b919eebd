// The life of a stage's database as a person types it, with the real provider: parameters, engine versions, certificate
// authority, and a second stage from its snapshot.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateDBClusterSnapshotCommand,
  DeleteDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { DeploymentInput } from "../../config";
import { type LocalAws, startLocalAws } from "../local-aws";
import { until } from "../local-aws/host/processes";
import { sampleInput, sampleStage } from "../stacks/synth";
import { type Run, runCommand, writeStages } from "./command";

jest.setTimeout(900_000);

type Db = NonNullable<DeploymentInput["stages"][number]["db"]>;
const VERSION = (patch: number) => `8.0.mysql_aurora.3.10.${patch}`;

const base = sampleStage("dev");
let aws: LocalAws;
let folder: string;
let stagesFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-stage-database-"));
  stagesFile = join(folder, "stages.ts");
  const { accountId, region, profile = "" } = base;
  const certificate = base.service.type === "fargate" ? base.service.certificateArn : undefined;
  const certificates = certificate ? [certificate] : [];
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates });
  configure("dev", {});
  expect(await type("bootstrap.ts", "dev", "--yes")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The stage alone in stages.ts: the sample's dev with another name and database. */
function configure(name: string, db: Db, change: Partial<DeploymentInput["stages"][number]> = {}): void {
  const stage = { ...base, name, db: { ...base.db, engineVersion: VERSION(0), ...db }, ...change };
  writeStages(stagesFile, { ...sampleInput(), stages: [stage] });
}

const type = (script: string, stage: string, ...flags: string[]): Promise<Run> =>
  runCommand(script, ["--stage", stage, ...flags], { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile });
const deploy = (stage: string) => type("deploy.ts", stage, "--yes");
/** Deploys, and sees that the next plan is empty. */
async function deployed(stage: string): Promise<string> {
  const first = await deploy(stage);
  expect(first).toEqual({ code: 0, output: expect.any(String) });
  expect(await deploy(stage)).toEqual({ code: 0, output: expect.stringContaining(`app-${stage}: nothing to change.`) });
  return first.output;
}
const status = async (stage: string): Promise<string> => {
  const env = { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile };
  const { code, output } = await runCommand("database.ts", ["status", "--stage", stage], env);
  expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  return output;
};

const settings = () => ({
  region: base.region,
  endpoint: aws.endpoint,
  credentials: aws.credentials(base.accountId),
});
const rds = () => new RDSClient(settings());
const clusterOf = async (stage: string) => {
  const DBClusterIdentifier = `redcap-${stage}`;
  const { DBClusters = [] } = await rds().send(new DescribeDBClustersCommand({ DBClusterIdentifier }));
  return DBClusters[0] ?? {};
};
const secretOf = async (SecretId: string): Promise<Record<string, string>> => {
  const { SecretString = "{}" } = await new SecretsManagerClient(settings()).send(
    new GetSecretValueCommand({ SecretId }),
  );
  return JSON.parse(SecretString);
};
/** A statement in a stage's database, as a user of this or another stage. */
async function query(stage: string, user: Record<string, string>, sql: string): Promise<unknown> {
  const { Endpoint: host = "", Port: port = 0 } = await clusterOf(stage);
  const ssl = { ca: readFileSync(aws.caFile, "utf8") };
  const { username = "", password = "" } = user;
  const connection = await createConnection({ host, port, user: username, password, database: "redcap", ssl });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Array.isArray(rows) ? Object.values(rows[0] ?? {})[0] : undefined;
  } finally {
    await connection.end();
  }
}
const parameter = async (name: string) =>
  query("dev", await secretOf("redcap-dev/database/application"), `SELECT @@GLOBAL.${name}`);

test("parameters come with a deployment and go with one, without a reboot; so do patches and another authority", async () => {
  await deployed("dev");
  const before = await clusterOf("dev");
  const untouched = await parameter("max_allowed_packet");
  expect(untouched).not.toBe(1_073_741_824);
  expect(await status("dev")).toContain("Patch 8.0.mysql_aurora.3.10.2 is there");

  configure("dev", {
    engineVersion: VERSION(1),
    maxAllowedPacket: "1073741824",
    caCertificateIdentifier: "rds-ca-ecc384-g1",
  });
  const changed = await deployed("dev");
  expect(changed).toMatch(/app-dev: 0 to destroy, 0 to replace, 3 to change, 0 to create/);
  expect(await clusterOf("dev")).toMatchObject({
    EngineVersion: VERSION(1),
    DbClusterResourceId: before.DbClusterResourceId,
  });
  expect(await parameter("max_allowed_packet")).toBe(1_073_741_824);
  const { DBInstances = [] } = await rds().send(new DescribeDBInstancesCommand({}));
  expect(DBInstances.map(({ CACertificateIdentifier }) => CACertificateIdentifier)).toEqual(["rds-ca-ecc384-g1"]);
  expect(await status("dev")).toContain("certificate of rds-ca-ecc384-g1 until");

  configure("dev", { engineVersion: VERSION(1), caCertificateIdentifier: "rds-ca-ecc384-g1" });
  await deployed("dev");
  expect(await parameter("max_allowed_packet")).toBe(untouched);
});

test("a protected stage gets a patch in its window, or at once by the command that status prints", async () => {
  configure("dev", { engineVersion: VERSION(2) }, { protect: { enabled: true } });
  await deployed("dev");
  expect(await clusterOf("dev")).toMatchObject({
    EngineVersion: VERSION(1),
    PendingModifiedValues: { EngineVersion: VERSION(2) },
  });
  const said = await status("dev");
  expect(said).toContain(`Engine version ${VERSION(2)} comes in the maintenance window`);
  const [, cluster, version] =
    /modify-db-cluster --db-cluster-identifier (\S+) --engine-version (\S+) --apply-immediately/.exec(said) ?? [];
  await rds().send(
    new ModifyDBClusterCommand({ DBClusterIdentifier: cluster, EngineVersion: version, ApplyImmediately: true }),
  );
  await until("The upgrade", 60, async () => {
    const { Status, EngineVersion } = await clusterOf("dev");
    return (Status === "available" && EngineVersion === VERSION(2)) || undefined;
  });
  expect(await deploy("dev")).toMatchObject({
    code: 0,
    output: expect.stringContaining("app-dev: nothing to change."),
  });
  expect(await status("dev")).toContain("Nothing waits.");
});

test("a database that exists takes neither an older engine nor a snapshot, and says what to do", async () => {
  configure("dev", { engineVersion: VERSION(1) });
  expect(await deploy("dev")).toEqual({
    code: 1,
    output: expect.stringContaining(`Set db.engineVersion to "${VERSION(2)}".`),
  });
  configure("dev", { engineVersion: VERSION(2), dbSnapshotId: "of-dev" });
  const refused = await deploy("dev");
  expect(refused.code).toBe(1);
  // Terraform breaks lines where it likes.
  const said = refused.output.replace(/\s+/g, " ");
  expect(said).toContain("stage dev has a database already, which was not created from of-dev");
  expect(said).toContain("npm run restore -- --stage dev --recovery-point");
});

test("a stage is created from a snapshot: engine version, salt, users, then empty plans without the snapshot, too", async () => {
  const ddl = await secretOf("redcap-dev/database/ddl");
  await query("dev", ddl, "CREATE TABLE redcap_config (field_name VARCHAR(191) PRIMARY KEY, value TEXT)");
  await query("dev", ddl, "INSERT INTO redcap_config VALUES ('redcap_version', '17.4.4')");
  const DBClusterSnapshotIdentifier = "of-dev";
  await rds().send(
    new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier, DBClusterIdentifier: "redcap-dev" }),
  );
  await until("The snapshot", 60, async () => {
    const { DBClusterSnapshots = [] } = await rds().send(
      new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier }),
    );
    return DBClusterSnapshots[0]?.Status === "available" || undefined;
  });
  const network = { type: "create", cidr: "10.9.0.0/16" } as const;

  configure("copy", { dbSnapshotId: DBClusterSnapshotIdentifier, engineVersion: VERSION(1) }, { network });
  const older = await deploy("copy");
  expect(older.code).toBe(1);
  expect(older.output.replace(/\s+/g, " ")).toContain(`Set db.engineVersion to "${VERSION(2)}".`);
  await expect(clusterOf("copy")).rejects.toThrow("not found");

  configure("copy", { dbSnapshotId: DBClusterSnapshotIdentifier, engineVersion: VERSION(2) }, { network });
  const unsalted = await deploy("copy");
  expect(unsalted.code).toBe(1);
  expect(unsalted.output).toContain("The database holds an installed REDCap");
  expect(unsalted.output).toContain("aws secretsmanager put-secret-value --secret-id");
  const salt = JSON.stringify(await secretOf("redcap-dev/salt"));
  await new SecretsManagerClient(settings()).send(
    new PutSecretValueCommand({ SecretId: "redcap-copy/salt", SecretString: salt }),
  );
  await deployed("copy");

  const application = await secretOf("redcap-copy/database/application");
  expect(await query("copy", application, "SELECT value FROM redcap_config")).toBe("17.4.4");
  // The snapshot knew these.
  for (const user of [ddl, await secretOf("redcap-dev/database/application")])
    await expect(query("copy", user, "SELECT 1")).rejects.toThrow(/denied/);
  await rds().send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier }));
  expect(await deploy("copy")).toMatchObject({
    code: 0,
    output: expect.stringContaining("app-copy: nothing to change."),
  });
});
