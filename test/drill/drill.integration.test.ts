// The drill, and what else can happen to a restore, on the accounts that the drill leaves: misuse, a rehearsal, a killed
// process, a lost state, a rollback, another identifier.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupClient, ListRecoveryPointsByBackupVaultCommand } from "@aws-sdk/client-backup";
import {
  CreateDBClusterSnapshotCommand,
  DescribeDBClustersCommand,
  RDSClient,
  waitUntilDBClusterSnapshotAvailable,
} from "@aws-sdk/client-rds";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { findStage, loadDeployment, PROJECT_ROOT, stageNames } from "../../config";
import { clientConfig } from "../../scripts/aws";
import type { RestoreReport } from "../../scripts/restore/report";
import { idInState, StackTerraform } from "../../scripts/terraform";
import { execute } from "../../scripts/terraform/process";
import { WITHOUT_WAF } from "../without-waf";
import { type Fingerprint, fingerprintRows } from "./data";
import { type DrilledAccounts, drill } from "./drill";
import { countPlannedChanges } from "./plans";
import { type DrillReport, passed } from "./report";

const MINUTE = 60_000;
jest.setTimeout(MINUTE);
const CLUSTER_ADDRESSES = [
  "aws_rds_cluster.cluster",
  "aws_rds_cluster_instance.writer",
  "aws_rds_cluster_instance.reader-1",
];

let accounts: DrilledAccounts;
let report: DrillReport;
let live: Fingerprint;
let release: () => void;
let ended: Promise<unknown>;

const { config } = loadDeployment();
const stage = findStage(config, "prod");
const names = stageNames(stage);
const rds = () => new RDSClient(clientConfig(stage));
const ca = () => readFileSync(accounts.aws.caFile, "utf8");

beforeAll(async () => {
  const reportFile = join(mkdtempSync(join(tmpdir(), "drill-")), "report.json");
  const ready = new Promise<void>((resolve, reject) => {
    ended = drill({
      report: reportFile,
      afterwards: (left) =>
        new Promise<void>((done) => {
          accounts = left;
          release = done;
          resolve();
        }),
    });
    ended.catch(reject);
  });
  await ready;
  report = JSON.parse(readFileSync(reportFile, "utf8")) as DrillReport;
  live = await fingerprintRows(stage, ca());
}, 12 * MINUTE);

afterAll(async () => {
  release?.();
  await ended;
}, MINUTE);

/** The command line that restores, as a person types it. */
const restoreCommand = (...args: string[]) => ["--require", "tsx/cjs", join("scripts", "restore.ts"), ...args];

function restore(args: string[], env: NodeJS.ProcessEnv = {}) {
  return execute(process.execPath, restoreCommand(...args), { cwd: PROJECT_ROOT, env: { ...process.env, ...env } });
}

async function clusterIdentifiers(): Promise<string[]> {
  const { DBClusters = [] } = await rds().send(new DescribeDBClustersCommand({}));
  return DBClusters.map(({ DBClusterIdentifier }) => DBClusterIdentifier as string).sort();
}

async function cronState(): Promise<string | undefined> {
  const schedule = new GetScheduleCommand({ GroupName: names.scheduleGroup, Name: names.cronSchedule });
  return (await new SchedulerClient(clientConfig(stage)).send(schedule)).State;
}

/** A stages file that is the drill's with a change, made in the drill's folder. */
function stagesFile(name: string, change: string): string {
  const file = join(accounts.work, `${name}.ts`);
  writeFileSync(
    file,
    `import stages from ${JSON.stringify(join(__dirname, "stages"))};\n${change}\nexport default stages;\n`,
  );
  return file;
}

/** Runs a restore and kills it, without warning, some time into a step. */
function killIn(step: string, afterMs: number, args: string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, restoreCommand(...args), {
    cwd: PROJECT_ROOT,
    env: process.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let seen = "";
  child.stderr.on("data", (chunk: Buffer) => {
    const before = seen.includes(step);
    seen += chunk;
    if (!before && seen.includes(step)) setTimeout(() => child.kill("SIGKILL"), afterMs);
  });
  return new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
}

/** Beginnings of steps as a log shows them, and a moment at which each is in the middle of its work. */
type Kill = [step: string, afterMs: number];
const KILLS: [Kill, ...Kill[]] = [
  ["] restore beside the old cluster", 1_000],
  ["] rename redcap-prod-restored-", 500],
  ["] plan app-prod, let the gate judge it", 9_000],
];

describe("the drill", () => {
  it("loses nothing", () => {
    expect(report.rowsBefore).toBeGreaterThanOrEqual(100_000);
    expect(report.filesBefore).toBe(50);
    expect(report.destinationDeleteRefused).toBe(true);
    expect({
      after: report.planChangesAfterDeploy,
      restored: report.planChangesAfterRestore,
      destroyed: report.statefulDestroys,
    }).toEqual({
      after: 0,
      restored: 0,
      destroyed: 0,
    });
    expect(passed(report)).toBe(true);
  });

  it("spends under 80 s of the restore on anything but AWS's jobs", () => {
    expect(report.recoverySeconds).toBeLessThan(80);
    expect(report.recoverySeconds).toBeGreaterThan(0);
    expect(report.awsJobSeconds).toBeGreaterThan(0);
  });
});

describe("misuse ends well", () => {
  it("a recovery point that does not exist", async () => {
    const missing = `arn:aws:rds:eu-west-2:${stage.accountId}:cluster-snapshot:awsbackup:job-00000000`;
    const { code, stderr } = await restore(["--recovery-point", missing, "--stage", "prod", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Recovery point ${missing} does not exist in vault redcap-prod of account 111111111111`);
    expect(stderr).not.toContain("    at ");
  });

  it("the wrong account's credentials", async () => {
    const file = stagesFile("wrong-account", 'stages.stages[1]!.profile = "redcap-backup";');
    const { code, stderr } = await restore(["--recovery-point", accounts.recoveryPoint, "--stage", "prod", "--yes"], {
      REDCAP_STAGES_FILE: file,
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'profile "redcap-backup" belongs to account 222222222222, the configuration says 111111111111',
    );
  });

  it("a misspelt configuration key", async () => {
    const file = stagesFile("misspelt", "Object.assign(stages.stages[1]!.db!, { dbReader: 1 });");
    const { code, stderr } = await restore(["--recovery-point", accounts.recoveryPoint, "--yes"], {
      REDCAP_STAGES_FILE: file,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('stages[prod].db.dbReader: unknown key. Did you mean "dbReaders"?');
  });

  it("no terminal and no --yes", async () => {
    const { code, stderr } = await restore(["--recovery-point", accounts.recoveryPoint]);
    expect(code).toBe(1);
    expect(stderr).toContain("add --yes to go on, or --dry-run to look");
  });

  it("a rollback of what was never restored, and of a cluster that is gone", async () => {
    const never = await restore(["--recovery-point", `${accounts.recoveryPoint}0`, "--yes", "--rollback"]);
    expect(never.stderr).toContain("knows nothing to take back");
    const gone = await restore(["--recovery-point", accounts.recoveryPoint, "--yes", "--rollback"]);
    expect(gone.stderr).toContain("The old cluster is gone");
    expect([never.code, gone.code]).toEqual([1, 1]);
  });

  it("no recovery point named: the list of what there is", async () => {
    const { code, stderr } = await restore(["--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(accounts.recoveryPoint);
  });

  it("changes nothing", async () => {
    expect(await clusterIdentifiers()).toEqual(["redcap-prod"]);
  });
});

it("a dry run prints every step and changes nothing", async () => {
  const { code, stderr } = await restore(["--recovery-point", accounts.recoveryPoint, "--dry-run"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/would copy the recovery point back/);
  expect(stderr).toMatch(/would rename redcap-prod-restored-\d{14} to redcap-prod/);
  expect(await clusterIdentifiers()).toEqual(["redcap-prod"]);
});

it(
  "a rehearsal restores beside, looks inside, and leaves nothing behind",
  async () => {
    const file = join(accounts.work, "rehearsal.json");
    const { code, stderr } = await restore([
      "--recovery-point",
      accounts.recoveryPoint,
      "--rehearse",
      "--yes",
      "--report",
      file,
    ]);
    expect(stderr).toContain("nothing was deleted, nothing swapped");
    expect(code).toBe(0);
    expect((JSON.parse(readFileSync(file, "utf8")) as RestoreReport).rows).toBe(live.rows);
    expect(await clusterIdentifiers()).toEqual(["redcap-prod"]);
    expect(await fingerprintRows(stage, ca())).toEqual(live);
  },
  3 * MINUTE,
);

it(
  "takes a recovery point of the stage's own vault, and a plain Aurora snapshot",
  async () => {
    const backup = new BackupClient(clientConfig(stage));
    const inVault = { BackupVaultName: names.sourceVault, ByResourceType: "Aurora" };
    const { RecoveryPoints = [] } = await backup.send(new ListRecoveryPointsByBackupVaultCommand(inVault));
    const { DBClusterSnapshot } = await rds().send(
      new CreateDBClusterSnapshotCommand({
        DBClusterIdentifier: "redcap-prod",
        DBClusterSnapshotIdentifier: "before-upgrade",
      }),
    );
    await waitUntilDBClusterSnapshotAvailable(
      { client: rds(), minDelay: 1, maxDelay: 2, maxWaitTime: 60 },
      { DBClusterSnapshotIdentifier: "before-upgrade" },
    );
    for (const arn of [RecoveryPoints[0]?.RecoveryPointArn, DBClusterSnapshot?.DBClusterSnapshotArn]) {
      const { code, stderr } = await restore(["--recovery-point", arn as string, "--rehearse", "--yes"]);
      expect(stderr).toContain("not needed, it is in the stage's own account");
      expect(stderr).toContain(`${live.rows.toLocaleString("en")} rows`);
      expect(code).toBe(0);
    }
    expect(await clusterIdentifiers()).toEqual(["redcap-prod"]);
  },
  3 * MINUTE,
);

it(
  "killed in the middle of three steps, with the cluster lost from the state, the same command finishes; a rollback takes it back",
  async () => {
    const terraform = await StackTerraform.open(names.appStack, join(accounts.work, "lost-state"));
    await terraform.forget(CLUSTER_ADDRESSES);
    const args = ["--recovery-point", accounts.recoveryPoint, "--stage", "prod", "--yes"];

    const [first, ...more] = KILLS;
    expect(await killIn(...first, args)).toBe("SIGKILL");
    const other = await restore(["--recovery-point", accounts.recoveryPoint, "--keep-identifier", "--yes"]);
    expect(other.stderr).toContain("Stage prod is being restored or upgraded already");
    for (const [step, afterMs] of more) {
      expect(await killIn(step, afterMs, args)).toBe("SIGKILL");
      expect(await cronState()).toBe("DISABLED");
    }
    const resumed = await restore(args);
    expect(resumed.stderr).toContain("Going on with the run of");
    expect(resumed.stderr).toMatch(/restore beside the old cluster .*: done earlier/);
    expect(resumed.stderr).toMatch(/rename .*: done earlier/);
    expect(resumed.code).toBe(0);
    expect(await clusterIdentifiers()).toEqual(["redcap-prod", expect.stringMatching(/^redcap-prod-replaced-\d{14}$/)]);
    expect(await fingerprintRows(stage, ca())).toEqual(live);

    const state = await terraform.pullState();
    expect(idInState(state, "aws_rds_cluster.cluster")).toBe("redcap-prod");
    expect(await cronState()).toBe("ENABLED");

    const back = await restore([...args, "--rollback"]);
    expect(back.stderr).toContain("give the old cluster the name redcap-prod again");
    expect(back.code).toBe(0);
    expect(await cronState()).toBe("ENABLED");
    expect(await clusterIdentifiers()).toEqual(["redcap-prod", expect.stringMatching(/^redcap-prod-restored-\d{14}$/)]);
    expect(await fingerprintRows(stage, ca())).toEqual(live);
  },
  10 * MINUTE,
);

it(
  "--keep-identifier writes the identifier to the configuration, updates every secret, imports; the next plan is empty",
  async () => {
    const file = join(accounts.work, "stages.ts");
    // What the command writes into is what a person writes, not what is computed of it.
    const sample = readFileSync(join(PROJECT_ROOT, "stages.sample.ts"), "utf8")
      .replace('from "./config"', `from ${JSON.stringify(join(PROJECT_ROOT, "config"))}`)
      .replace('name: "prod",', `$& waf: ${JSON.stringify(WITHOUT_WAF)},`);
    writeFileSync(file, sample);
    process.env.REDCAP_STAGES_FILE = file;

    const { code, stderr } = await restore([
      "--recovery-point",
      accounts.recoveryPoint,
      "--stage",
      "prod",
      "--yes",
      "--keep-identifier",
    ]);
    expect(stderr).toContain("3 imported");
    expect(code).toBe(0);

    const identifier = /clusterIdentifier: "(redcap-prod-restored-\d{14})"/.exec(readFileSync(file, "utf8"))?.[1];
    expect(identifier).toBeDefined();
    const { DBClusters = [] } = await rds().send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }));
    const secrets = new SecretsManagerClient(clientConfig(stage));
    for (const SecretId of [names.applicationSecret, names.ddlSecret]) {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
      expect(JSON.parse(SecretString as string)).toMatchObject({
        host: DBClusters[0]?.Endpoint,
        port: DBClusters[0]?.Port,
        dbClusterIdentifier: identifier,
      });
    }
    expect(await fingerprintRows(stage, ca())).toEqual(live);
    expect(await countPlannedChanges([names.appStack, names.backupSourceStack], accounts.work)).toEqual({
      changes: 0,
      addresses: [],
    });
  },
  10 * MINUTE,
);
