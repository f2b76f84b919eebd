// The drill: two AWS accounts on this machine; deploy, lose the database, restore it, prove that nothing was lost.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BACKUP_DESTINATION_STACK, findStage, loadDeployment, PROJECT_ROOT, stageNames } from "../../config";
import { elapsed, UserError } from "../../scripts/command";
import { ensureProviders } from "../../scripts/providers/index";
import type { RestoreReport } from "../../scripts/restore/report";
import { execute } from "../../scripts/terraform";
import { type LocalAws, startLocalAws } from "../local-aws";
import { requireTools } from "../local-aws/tools";
import { destinationRefusesDeletion, destroyCluster, emptySourceVault } from "./attack";
import { backUp } from "./backups";
import { fingerprintFiles, fingerprintRows, loadRows, uploadFiles } from "./data";
import { adopt } from "./loopback";
import { countPlannedChanges, statefulResources } from "./plans";
import { type DrillReport, describe } from "./report";

/** Seconds that a job of AWS Backup takes in the drill. */
const JOB_SECONDS = 3;
const STAGE = "prod";

export interface DrillOptions {
  /** Where the report goes, as JSON. */
  report?: string;
  /** Called at the end, while both accounts are still up. */
  afterwards?: (accounts: DrilledAccounts) => Promise<void>;
}

/** What the drill leaves behind for whoever looks around. */
export interface DrilledAccounts {
  aws: LocalAws;
  /** Folder of the drill's own files, removed afterwards. */
  work: string;
  /** ARN in the destination vault that the restore came from. */
  recoveryPoint: string;
}

/** Runs the whole drill. It changes this process's environment: nothing after it reaches a real account. */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const start = Date.now();
  const steps: DrillReport["steps"] = [];
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = Date.now();
    console.error(`… ${name}`);
    const result = await work();
    steps.push({ name, seconds: (Date.now() - began) / 1000 });
    console.error(`✓ ${name} (${elapsed(began)})`);
    return result;
  };

  // The drill is of the sample, whatever the caller has configured.
  process.env.REDCAP_STAGES_FILE = "stages.sample.ts";
  const { config } = loadDeployment();
  const stage = findStage(config, STAGE);
  const destination = config.backupDestination;
  if (!destination || stage.service.type !== "fargate")
    throw new UserError("stages.sample.ts must have a backupDestination and a Fargate service.");
  const names = stageNames(stage);
  const stacks = [BACKUP_DESTINATION_STACK, names.appStack, names.backupSourceStack];

  await step("check the tools", () => requireTools((line) => console.error(line)));
  await step("get the Terraform providers", ensureProviders);
  const work = mkdtempSync(join(tmpdir(), "redcap-drill-"));
  const accounts = [stage, destination].map(({ accountId, profile = "default" }) => ({ id: accountId, profile }));
  const aws = await step("start the local AWS: two accounts of one organization", () =>
    startLocalAws({
      accounts,
      region: stage.region,
      jobSeconds: JOB_SECONDS,
      certificates: [(stage.service as { certificateArn: string }).certificateArn],
    }),
  );
  try {
    adopt({
      ...aws.environment(),
      REDCAP_STAGES_FILE: "stages.sample.ts",
      REDCAP_RUNBOOK_FOLDER: join(work, "runbook"),
    });
    const ca = readFileSync(aws.caFile, "utf8");

    await step("bootstrap both accounts", async () => {
      await type("bootstrap.ts", ["--stage", STAGE, "--yes"]);
      await type("bootstrap.ts", ["--backup-account", "--yes"]);
    });
    await step(`cdktf deploy ${stacks.join(" ")}`, () =>
      type("cdktf.ts", ["deploy", ...stacks, "--auto-approve", "--output", join(work, "cdktf.out")], { quiet: true }),
    );
    const afterDeploy = await step("plan again", () => countPlannedChanges(stacks, work));
    printLeft(afterDeploy.addresses);

    await step("load rows and files", async () => {
      await loadRows(stage, ca);
      await uploadFiles(stage);
    });
    const rowsBefore = await fingerprintRows(stage, ca);
    const filesBefore = await fingerprintFiles(stage);
    const statefulBefore = await statefulResources(names.appStack, work);
    const recoveryPoint = await step("back up, and copy to the second account", () => backUp(aws.endpoint, stage));

    const destinationDeleteRefused = await step(
      "disaster: delete the cluster and everything in the source vault",
      async () => {
        await destroyCluster(stage);
        await emptySourceVault(stage);
        return destinationRefusesDeletion(stage, destination);
      },
    );

    const reportFile = join(work, "restore.json");
    await step(`npm run restore -- --recovery-point ${recoveryPoint}`, () =>
      type("restore.ts", ["--recovery-point", recoveryPoint, "--stage", STAGE, "--yes", "--report", reportFile]),
    );
    const restored = JSON.parse(readFileSync(reportFile, "utf8")) as RestoreReport;

    const [rowsAfter, filesAfter] = await step(
      "compare every row and file",
      async () => [await fingerprintRows(stage, ca), await fingerprintFiles(stage)] as const,
    );
    const afterRestore = await step("plan again", () => countPlannedChanges(stacks, work));
    printLeft(afterRestore.addresses);
    const statefulAfter = new Set(await statefulResources(names.appStack, work));

    const report: DrillReport = {
      rowsBefore: rowsBefore.rows,
      rowsAfter: rowsAfter.rows,
      checksumMatches: rowsAfter.checksum === rowsBefore.checksum,
      filesBefore: filesBefore.rows,
      filesAfter: filesAfter.rows,
      fileChecksumMatches: filesAfter.checksum === filesBefore.checksum,
      planChangesAfterDeploy: afterDeploy.changes,
      planChangesAfterRestore: afterRestore.changes,
      statefulDestroys: statefulBefore.filter((entry) => !statefulAfter.has(entry)).length,
      destinationDeleteRefused,
      awsJobSeconds: restored.awsSeconds,
      recoverySeconds: restored.ownSeconds,
      totalSeconds: Number(((Date.now() - start) / 1000).toFixed(1)),
      steps: [...steps, ...restored.steps.map(({ name, seconds }) => ({ name: `restore: ${name}`, seconds }))],
    };
    if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
    console.error(describe(report));
    await options.afterwards?.({ aws, work, recoveryPoint });
    return report;
  } finally {
    await aws.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs one of the commands that a user types. What a quiet one prints is shown only if it fails. */
export async function type(script: string, args: string[], { quiet = false } = {}): Promise<void> {
  const { code, stdout, stderr } = await execute(
    process.execPath,
    ["--require", "tsx/cjs", join("scripts", script), ...args],
    {
      cwd: PROJECT_ROOT,
      // CI: cdktf then writes lines instead of drawing a screen.
      env: { ...process.env, CI: "true" },
      ...(!quiet && { onText: (text: string) => process.stderr.write(text) }),
    },
  );
  if (code === 0) return;
  if (quiet) console.error(stdout, stderr);
  throw new UserError(`${script} ${args.join(" ")} ended with exit code ${code}.`);
}

function printLeft(addresses: string[]): void {
  for (const address of addresses) console.error(`  left to change: ${address}`);
}
