// What is said of a database, and what a deployment to it is refused: from answers of RDS's API.
import type { DBCluster, RDSClient } from "@aws-sdk/client-rds";
import { clusterParameters, type StageConfig, validate } from "../../../config";
import { checkDatabaseChange, pendingReboots } from "../../../scripts/database/change";
import { describeStatus, waiting } from "../../../scripts/database/report";
import { databaseStatus } from "../../../scripts/database/status";
import { sampleInput } from "../../stacks/synth";

const NOW = new Date("2026-03-01T00:00:00Z");
const RUNNING = "8.0.mysql_aurora.3.10.0";

function stage(db: object = {}): StageConfig {
  const input = sampleInput();
  const prod = input.stages.find(({ name }) => name === "prod");
  if (!prod) throw new Error("The sample has no stage prod.");
  const config = validate({ ...input, stages: [{ ...prod, db: { ...prod.db, ...db } }] });
  return config.stages[0] as StageConfig;
}

const member = (number: number, status = "in-sync") => ({
  DBInstanceIdentifier: `redcap-prod-${number}`,
  IsClusterWriter: number === 1,
  DBClusterParameterGroupStatus: status,
});
const CLUSTER: DBCluster = {
  DBClusterIdentifier: "redcap-prod",
  DBClusterArn: "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod",
  Status: "available",
  EngineVersion: RUNNING,
  BacktrackWindow: 86_400,
  PreferredMaintenanceWindow: "sun:03:00-sun:04:00",
  DBClusterMembers: [member(1), member(2)],
};

interface Answers {
  cluster?: DBCluster | null;
  certificate?: { CAIdentifier?: string; ValidTill?: Date };
  maintenance?: object[];
  targets?: string[];
  parameters?: Record<string, string | undefined>;
}

/** RDS, which answers so. */
function rds({ cluster = CLUSTER, certificate = {}, maintenance = [], targets = [], parameters = {} }: Answers = {}) {
  const { CAIdentifier = "rds-ca-rsa2048-g1", ValidTill = new Date("2027-01-15") } = certificate;
  const set = { ...clusterParameters(stage().db), ...parameters };
  const answers: Record<string, object> = {
    DescribeDBClustersCommand: { DBClusters: [cluster] },
    DescribeDBInstancesCommand: {
      DBInstances: ["redcap-prod-1", "redcap-prod-2"].map((DBInstanceIdentifier) => ({
        DBInstanceIdentifier,
        DBInstanceStatus: "available",
        CACertificateIdentifier: CAIdentifier,
        CertificateDetails: { CAIdentifier, ValidTill },
      })),
    },
    DescribeDBEngineVersionsCommand: {
      DBEngineVersions: [{ ValidUpgradeTarget: targets.map((EngineVersion) => ({ EngineVersion })) }],
    },
    DescribePendingMaintenanceActionsCommand: { PendingMaintenanceActions: maintenance },
    DescribeDBClusterParametersCommand: {
      Parameters: Object.entries(set).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue })),
    },
  };
  const send = async (command: object) => {
    const { name } = command.constructor;
    if (name === "DescribeDBClustersCommand" && cluster === null)
      throw Object.assign(new Error("not there"), { name: "DBClusterNotFoundFault" });
    return answers[name];
  };
  const { RDSClient: Client } = jest.requireActual<typeof import("@aws-sdk/client-rds")>("@aws-sdk/client-rds");
  return Object.assign(new Client({ region: "eu-west-2" }), { send }) as unknown as RDSClient;
}

const waits = async (answers: Answers, db: object = {}) =>
  waiting(stage(db), await databaseStatus(stage(db), rds(answers)), NOW);

describe("status", () => {
  test("of a database with which all is well says so, and when its certificates end", async () => {
    const text = describeStatus(stage(), await databaseStatus(stage(), rds()), NOW);
    expect(text.split("\n")).toEqual([
      "redcap-prod: available, Aurora MySQL 8.0.mysql_aurora.3.10.0",
      "  maintenance window  sun:03:00-sun:04:00 UTC",
      "  backtrack           24 hours, since its creation",
      "  writer              redcap-prod-1: available, certificate of rds-ca-rsa2048-g1 until 2027-01-15",
      "  reader              redcap-prod-2: available, certificate of rds-ca-rsa2048-g1 until 2027-01-15",
      "  Nothing waits.",
    ]);
  });

  test("names pending reboots with their commands, the writer's last", async () => {
    const DBClusterMembers = [member(1, "pending-reboot"), member(2, "pending-reboot")];
    const lines = await pendingReboots(stage(), rds({ cluster: { ...CLUSTER, DBClusterMembers } }));
    expect(lines.filter((line) => line.startsWith("  "))).toEqual([
      "  aws rds reboot-db-instance --db-instance-identifier redcap-prod-2 --region eu-west-2 --profile 'redcap'",
      "  aws rds reboot-db-instance --db-instance-identifier redcap-prod-1 --region eu-west-2 --profile 'redcap'",
    ]);
    expect(await pendingReboots(stage(), rds())).toEqual([]);
  });

  test("tells an engine version that waits, with the command that does not wait", async () => {
    const cluster = { ...CLUSTER, PendingModifiedValues: { EngineVersion: "8.0.mysql_aurora.3.10.1" } };
    expect((await waits({ cluster })).join("\n")).toContain(
      "aws rds modify-db-cluster --db-cluster-identifier redcap-prod --engine-version 8.0.mysql_aurora.3.10.1 --apply-immediately",
    );
  });

  test("offers the newest patch of the same minor line, and no other line", async () => {
    const targets = ["8.0.mysql_aurora.3.10.1", "8.0.mysql_aurora.3.10.2", "8.0.mysql_aurora.3.11.0"];
    expect(await waits({ targets })).toEqual([
      "Patch 8.0.mysql_aurora.3.10.2 is there: set db.engineVersion and deploy (docs/database.md).",
    ]);
  });

  test("tells certificates of another authority, and those that end soon", async () => {
    expect(await waits({}, { caCertificateIdentifier: "rds-ca-ecc384-g1" })).toHaveLength(2);
    const [line] = await waits({ certificate: { ValidTill: new Date("2026-03-31") } });
    expect(line).toContain("The certificate of redcap-prod-1 ends on 2026-03-31, in 30 days");
  });

  test("tells AWS's own maintenance of this cluster and no other", async () => {
    const action = (resource: string) => ({
      ResourceIdentifier: `arn:aws:rds:eu-west-2:111111111111:${resource}`,
      PendingMaintenanceActionDetails: [
        { Action: "system-update", Description: "New OS", CurrentApplyDate: new Date("2026-03-08") },
      ],
    });
    const lines = await waits({
      maintenance: [action("cluster:redcap-prod"), action("db:redcap-prod-2"), action("db:redcap-prod-x-1")],
    });
    expect(lines.filter((line) => line.startsWith("AWS plans"))).toEqual([
      "AWS plans system-update of redcap-prod: New OS, by itself on 2026-03-08. Now:",
      "AWS plans system-update of redcap-prod-2: New OS, by itself on 2026-03-08. Now:",
    ]);
  });

  test("tells parameters that somebody changed, added or reset", async () => {
    const parameters = { slow_query_log: "1", long_query_time: "1", require_secure_transport: undefined };
    expect(await waits({ parameters })).toEqual([
      expect.stringContaining("Parameter require_secure_transport is the engine's default, configured is ON."),
      expect.stringContaining("Parameter slow_query_log is 1, configured is 0."),
      expect.stringContaining("Parameter long_query_time is 1, configured is the engine's default."),
    ]);
  });
});

describe("a deployment", () => {
  const refused = (db: object, cluster: DBCluster = CLUSTER) => checkDatabaseChange(stage(db), rds({ cluster }));

  test("is refused where the engine would have to go back, with the value to set", async () => {
    const cluster = { ...CLUSTER, EngineVersion: "8.0.mysql_aurora.3.10.2" };
    await expect(refused({}, cluster)).rejects.toThrow('Set db.engineVersion to "8.0.mysql_aurora.3.10.2".');
    await refused({ engineVersion: "8.0.mysql_aurora.3.10.2" }, cluster);
    await refused({ engineVersion: "8.0.mysql_aurora.3.11.0" }, cluster);
  });

  test("is refused where backtrack would have to be turned on, and not where it is on, off or missing", async () => {
    const { BacktrackWindow: _, ...cluster } = CLUSTER;
    await expect(refused({}, cluster)).rejects.toThrow("Set db.backtrackHours of stage prod to 0, or restore");
    await refused({ backtrackHours: 0 }, cluster);
    await refused({ backtrackHours: 0 });
    await refused({ backtrackHours: 48 });
  });

  test("passes where there is no database yet", async () => {
    await checkDatabaseChange(stage(), rds({ cluster: null }));
    await expect(databaseStatus(stage(), rds({ cluster: null }))).rejects.toThrow("app-prod is not deployed");
  });
});
