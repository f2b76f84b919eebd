// The drill: two AWS accounts on this machine; deploy, lose the database, restore it, prove that nothing was lost.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BACKUP_DESTINATION_STACK, findStage, loadDeployment, PROJECT_ROOT, stageNames } from "../../config";
import { elapsed, UserError } from "../../scripts/command";
import { ensureProviders } from "../../scripts/providers/index";
import type { RestoreReport } from "../../scripts/restore/report";
import { execute } from "../../scripts/terraform/process";
import { checkMachine } from "../../scripts/test/machine";
import { stopContainers } from "../containers/engine";
import { type LocalAws, startLocalAws } from "../local-aws";
import { requireTools } from "../local-aws/tools";
import { application, whyNoApplication } from "./application";
import { attackDestination, deleteFiles, destroyCluster, emptySourceVault } from "./attack";
import { backUp } from "./backups";
import { fingerprintFiles, fingerprintRows, loadRows, undeleteFiles, uploadFiles } from "./data";
import { countDestroyed, creationDatesIn, type Identities, identitiesOf, restoredClusterId } from "./identities";
import { adopt } from "./loopback";
import { planStacks } from "./plans";
import { type DrillReport, describe, inWords } from "./report";
import { say } from "./say";

/** Seconds that a job of AWS Backup takes in the drill. */
const JOB_SECONDS = 3;
const STAGE = "prod";
const STAGES_FILE = join("test", "drill", "stages.ts");

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
    say(`… ${name}`);
    const result = await work();
    steps.push({ name, seconds: (Date.now() - began) / 1000 });
    say(`✓ ${name} (${elapsed(began)})`);
    return result;
  };

  // Whatever the caller has configured.
  process.env.REDCAP_STAGES_FILE = STAGES_FILE;
  const { config } = loadDeployment();
  const stage = findStage(config, STAGE);
  const destination = config.backupDestination;
  if (!destination || stage.service.type !== "fargate")
    throw new UserError("stages.sample.ts must have a backupDestination and a Fargate service.");
  const names = stageNames(stage);
  const stacks = [BACKUP_DESTINATION_STACK, names.appStack, names.backupSourceStack];

  const { failed } = await checkMachine(requireTools, say);
  if (failed > 0) throw new UserError("The drill cannot run on this machine until what is missing is there.");
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
      REDCAP_STAGES_FILE: STAGES_FILE,
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
    const afterDeploy = await step("plan again", () => planStacks(stacks, work));
    printLeft(afterDeploy.addresses);

    const absent = whyNoApplication();
    if (absent) say(`  REDCap's page is left out. ${absent}`);
    const redcap = absent ? undefined : await step("build the container image", () => application(aws, stage));
    if (redcap) await step("start REDCap's task: it installs itself", redcap.start);
    const visit = async () => redcap?.visit();

    await step("load rows and files", async () => {
      await loadRows(stage, ca);
      await uploadFiles(stage);
    });
    const pageBefore = await visit();
    if (pageBefore) say(`  REDCap's page: ${inWords(pageBefore)}`);
    const rowsBefore = await fingerprintRows(stage, ca);
    const filesBefore = await fingerprintFiles(stage);
    const owner = (stack: string) => (stack === BACKUP_DESTINATION_STACK ? destination : stage);
    const identities = async ({ states }: Pick<typeof afterDeploy, "states">): Promise<Identities> => {
      const found = stacks.map((stack) => identitiesOf(stack, states[stack], creationDatesIn(owner(stack))));
      return Object.assign({}, ...(await Promise.all(found)));
    };
    const statefulBefore = await identities(afterDeploy);
    const recoveryPoint = await step("back up, and copy to the second account", () => backUp(aws.endpoint, stage));

    const clusterGone = await step("disaster: delete the cluster", () => destroyCluster(stage));
    const emptied = await step("disaster: remove the source vault's lock, delete everything in it", () =>
      emptySourceVault(stage),
    );
    const filesAfterAttack = await step("disaster: delete the files", () => deleteFiles(stage));
    const notRefused = await step("disaster: try the same in the backup account", () =>
      attackDestination(stage, destination),
    );
    for (const attempt of notRefused) say(`  not refused: ${attempt}`);
    const pageLost = await visit();
    if (pageLost) say(`  REDCap's page: ${inWords(pageLost)}, since its database is gone`);
    // The runbook sets the service's count to 0; the local AWS has no tasks that this would end.
    await redcap?.stop();

    const reportFile = join(work, "restore.json");
    await step(`npm run restore -- --recovery-point ${recoveryPoint}`, () =>
      type("restore.ts", ["--recovery-point", recoveryPoint, "--stage", STAGE, "--yes", "--report", reportFile]),
    );
    const restoreSeconds = steps.at(-1)?.seconds ?? 0;
    const restored = JSON.parse(readFileSync(reportFile, "utf8")) as RestoreReport;

    await step("bring the files back: remove their delete markers", () => undeleteFiles(stage));
    if (redcap) await step("start REDCap's task", redcap.start);
    const pageAfter = await visit();
    if (pageAfter) say(`  REDCap's page: ${inWords(pageAfter)}`);
    await redcap?.stop();
    const [rowsAfter, filesAfter] = await step(
      "compare every row and file",
      async () => [await fingerprintRows(stage, ca), await fingerprintFiles(stage)] as const,
    );
    const afterRestore = await step("plan again", () => planStacks(stacks, work));
    printLeft(afterRestore.addresses);
    const clusters = Object.keys(statefulBefore).filter((address) => address.includes(" aws_rds_cluster."));
    const newCluster = await restoredClusterId(stage);
    const restoredIdentities = Object.fromEntries(clusters.map((address) => [address, newCluster]));

    const report: DrillReport = {
      rowsBefore: rowsBefore.rows,
      rowsAfter: rowsAfter.rows,
      checksumMatches: rowsAfter.checksum === rowsBefore.checksum,
      filesBefore: filesBefore.rows,
      filesAfterAttack,
      filesAfter: filesAfter.rows,
      fileChecksumMatches: filesAfter.checksum === filesBefore.checksum,
      ...(pageBefore && pageLost && pageAfter && { pages: { before: pageBefore, lost: pageLost, after: pageAfter } }),
      planChangesAfterDeploy: afterDeploy.changes,
      planChangesAfterRestore: afterRestore.changes,
      statefulDestroys: countDestroyed(statefulBefore, await identities(afterRestore), restoredIdentities),
      clusterGone,
      sourcePointsBefore: emptied.pointsBefore,
      sourceLockRefused: emptied.lockRefused,
      sourcePointsAfterAttack: emptied.pointsAfter,
      destinationDeleteRefused: notRefused.length === 0,
      awsJobSeconds: restored.awsSeconds,
      recoverySeconds: Number((restoreSeconds - restored.awsSeconds).toFixed(1)),
      totalSeconds: Number(((Date.now() - start) / 1000).toFixed(1)),
      steps: [...steps, ...restored.steps.map(({ name, seconds }) => ({ name: `restore: ${name}`, seconds }))],
    };
    if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
    say(describe(report));
    await options.afterwards?.({ aws, work, recoveryPoint });
    return report;
  } finally {
    await stopContainers();
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
  if (quiet) say(stdout, stderr);
  throw new UserError(`${script} ${args.join(" ")} ended with exit code ${code}.`);
}

function printLeft(addresses: string[]): void {
  for (const address of addresses) say(`  left to change: ${address}`);
}
