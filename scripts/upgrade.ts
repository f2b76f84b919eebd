// npm run upgrade -- --stage dev: another version of REDCap, from the snapshot before to the database after.
import { createHash } from "node:crypto";
import { Command } from "commander";
import { findStage, loadOwnDeployment, type StageConfig } from "../config";
import { confirmOrStop } from "./ask";
import { assertAccount } from "./aws";
import { run } from "./command";
import { lockStage, unlockStage } from "./restore/operator-lock";
import { runSteps } from "./runbook/engine";
import { Journal } from "./runbook/journal";
import { targetOf, UpgradeContext, type UpgradeFacts } from "./upgrade/context";
import { upgradeSteps } from "./upgrade/steps";
import { wayBack } from "./upgrade/way-back";

interface Flags {
  stage: string;
  yes: boolean;
  dryRun: boolean;
}

new Command("upgrade")
  .description(
    "Takes a snapshot, rolls out the configured REDCap, and upgrades the database. Interrupted, the same command goes on where it was.",
  )
  .requiredOption("--stage <name>", "stage of stages.ts")
  .option("--dry-run", "look at the real account and print the steps; change nothing", false)
  .option("--yes", "do not ask before changing something", false)
  .action((flags: Flags) => run(() => upgrade(flags)))
  .parseAsync();

async function upgrade({ stage: name, yes, dryRun }: Flags): Promise<void> {
  const stage = findStage(loadOwnDeployment().config, name);
  await assertAccount(stage);
  const id = journalId(stage);
  const journal = dryRun ? Journal.scratch<UpgradeFacts>(id) : Journal.open<UpgradeFacts>(id);
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
      console.error(`The same command, given again, goes on here. To go back instead:\n${wayBack(context)}`);
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

/** The same command finds its own journal: what is upgraded, and to what. */
const journalId = (stage: StageConfig): string =>
  `upgrade-${stage.name}-${createHash("sha256").update(targetOf(stage)).digest("hex").slice(0, 10)}`;
