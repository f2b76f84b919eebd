// npm run upgrade -- --stage dev: another version of REDCap, from the snapshot before to the database after.
import { createHash } from "node:crypto";
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { Command } from "commander";
import { buildsImage, findStage, loadOwnDeployment, type StageConfig } from "../config";
import { runningBuild } from "../functions/first-image/build";
import { confirmOrStop } from "./ask";
import { assertAccount, clientConfig } from "./aws";
import { run, UserError } from "./command";
import { enableCron } from "./restore/cron";
import { lockStage, unlockStage } from "./restore/operator-lock";
import { runSteps } from "./runbook/engine";
import { Journal } from "./runbook/journal";
import { targetOf, UpgradeContext, type UpgradeFacts } from "./upgrade/context";
import { isOutdated } from "./upgrade/outdated";
import { upgradeSteps } from "./upgrade/steps";
import { isRunning } from "./upgrade/task";
import { cronPlace, wayBack } from "./upgrade/way-back";

interface Flags {
  stage: string;
  yes: boolean;
  dryRun: boolean;
  giveUp: boolean;
}

new Command("upgrade")
  .description(
    "Takes a snapshot, rolls out the configured REDCap, and upgrades the database. Interrupted, the same command goes on where it was.",
  )
  .requiredOption("--stage <name>", "stage of stages.ts")
  .option("--dry-run", "look at the real account and print the steps; change nothing", false)
  .option("--give-up", "end a run that failed: the stage's lock goes; the way back is printed", false)
  .option("--yes", "do not ask before changing something", false)
  .action((flags: Flags) => run(() => upgrade(flags)))
  .parseAsync();

async function upgrade({ stage: name, yes, dryRun, giveUp: givesUp }: Flags): Promise<void> {
  const stage = findStage(loadOwnDeployment().config, name);
  await assertAccount(stage);
  if (givesUp) return giveUp(stage);
  const id = journalId(stage);
  const journal = dryRun ? Journal.scratch<UpgradeFacts>(id) : await openJournal(stage, id);
  const context = new UpgradeContext(stage, journal);
  if (journal.resumed) console.error(`Going on with the run of ${journal.startedAt.toISOString()}.`);
  const question = `Upgrade stage ${stage.name} in account ${stage.accountId} to ${targetOf(stage)}? Until the end new code meets old tables: is REDCap offline?`;
  try {
    await runSteps({
      steps: upgradeSteps,
      context,
      journal,
      dryRun,
      beforeChanges: async () => {
        await confirmOrStop(question, yes);
        await lockStage(context);
      },
    });
  } catch (error) {
    if (journal.facts.cronDisabled) console.error("Cron is off.");
    if (journal.facts.snapshotArn) {
      console.error("The same command, given again, goes on here. To go back instead:");
      console.error(`  0. npm run upgrade -- --stage ${stage.name} --give-up\n${wayBack(context)}`);
    }
    throw error;
  }
  if (dryRun) {
    console.error("Nothing was changed.");
    return;
  }
  journal.finish();
  await unlockStage(context);
  console.log(`Stage ${stage.name} runs ${targetOf(stage)}. Put REDCap online again, and look at its Control Center.`);
  console.log(`To go back:\n${wayBack(context)}`);
}

/** Digits and hyphens of the hash only follow it, so that stage "dev" does not find those of "dev-2". */
const journalPrefix = (stage: StageConfig): string => `upgrade-${stage.name}-`;

/** The same command finds its own journal: what is upgraded, and to what. */
const journalId = (stage: StageConfig): string =>
  `${journalPrefix(stage)}${createHash("sha256").update(targetOf(stage)).digest("hex").slice(0, 10)}`;

/** The unfinished run's, unless its snapshot is no way back any more: then that run is over, and a new one begins. */
async function openJournal(stage: StageConfig, id: string): Promise<Journal<UpgradeFacts>> {
  const journal = Journal.open<UpgradeFacts>(id);
  if (!journal.resumed || !(await isOutdated(stage, journal))) return journal;
  console.error(
    `The run of ${journal.startedAt.toISOString()} is not gone on with: the database is another, or older than it.`,
  );
  journal.finish();
  return Journal.open<UpgradeFacts>(id);
}

/**
 * Ends a run that failed, so that a restore or another upgrade is not kept out by it. Cron starts only where code and tables
 * still fit: from the roll-out on they may not, until they are taken back.
 */
async function giveUp(stage: StageConfig): Promise<void> {
  // Whatever version the configuration names by now.
  const journal = Journal.unfinished<UpgradeFacts>(journalPrefix(stage))[0];
  if (!journal) throw new UserError(`This machine knows of no unfinished upgrade of stage ${stage.name}.`);
  const context = new UpgradeContext(stage, journal);
  if (await isRunning(context))
    throw new UserError(
      `The task ${journal.facts.taskArn} still changes tables. Wait for its end: give the command without --give-up.`,
    );
  if (buildsImage(stage) && (await runningBuild(new CodeBuildClient(clientConfig(stage)), context.names.imageProject)))
    throw new UserError(`${context.names.imageProject} still builds. Wait for its end, or stop it in CodeBuild.`);
  const changed = journal.steps["roll-out"] !== undefined;
  const cron = changed ? undefined : await enableCron(context);
  await unlockStage(context);
  journal.finish();
  const left = journal.facts.cronDisabled ? " Cron stays off." : "";
  console.log(`The upgrade of stage ${stage.name} is given up.${cron ? " Cron is on." : left}`);
  if (!changed) return;
  console.log(`To go back to before it:\n${wayBack(context)}`);
  if (left) console.log(`Then switch cron on: ${cronPlace(context)}`);
}
