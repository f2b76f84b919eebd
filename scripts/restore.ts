// npm run restore -- --recovery-point <arn>: the whole recovery runbook.
import { createHash } from "node:crypto";
import { Command } from "commander";
import { loadOwnDeployment } from "../config";
import { assertAccount } from "./aws";
import { run } from "./command";
import { chooseRecoveryPoint, chooseStage, confirmOrStop } from "./restore/choose";
import { RestoreContext, type RestoreFacts } from "./restore/context";
import { parseRecoveryPointArn } from "./restore/recovery-points";
import { makeReport, printReport, writeReport } from "./restore/report";
import { rehearsalSteps, restoreSteps, rollbackSteps } from "./restore/runbook";
import { runSteps } from "./runbook/engine";
import { Journal } from "./runbook/journal";

interface Options {
  recoveryPoint?: string;
  stage?: string;
  dryRun: boolean;
  yes: boolean;
  keepIdentifier: boolean;
  rehearse: boolean;
  rollback: boolean;
  report?: string;
}

const command = new Command("restore")
  .description(
    "Brings a stage's database back from a recovery point or an Aurora snapshot. Interrupted, the same command goes on where it was.",
  )
  .option(
    "--recovery-point <arn>",
    "recovery point in the stage's or the backup account, or an Aurora snapshot; left out, a list to choose from",
  )
  .option("--stage <name>", "stage to restore; default: the only one with backups")
  .option("--dry-run", "look at the real account and print the steps; change nothing", false)
  .option("--yes", "do not ask before changing something", false)
  .option(
    "--keep-identifier",
    "let the restored cluster keep its new identifier: it is written to the configuration and imported",
    false,
  )
  .option("--rehearse", "practise: restore beside, check the content, report, remove what was restored", false)
  .option(
    "--rollback",
    "take a finished or unfinished restore from this recovery point back: the old cluster gets its name again",
    false,
  )
  .option("--report <file>", "write the report as JSON, too")
  .action((options: Options) => run(() => restore(options)));

async function restore(options: Options): Promise<void> {
  if (options.recoveryPoint) parseRecoveryPointArn(options.recoveryPoint);
  const { config } = loadOwnDeployment();
  const stage = chooseStage(config, options.stage);
  const { keepIdentifier, rehearse, rollback, dryRun } = options;
  await assertAccount(stage);

  const makeContext = (journal: Journal<RestoreFacts>) =>
    new RestoreContext(stage, config.backupDestination, { keepIdentifier, rehearse, rollback }, journal);
  const arn = await chooseRecoveryPoint(makeContext(Journal.scratch("choose")), options.recoveryPoint);
  if (config.backupDestination && parseRecoveryPointArn(arn).accountId === config.backupDestination.accountId) {
    await assertAccount(config.backupDestination);
  }

  // The same command, given again, must find its own journal: the id says what is restored and how.
  const mode = rehearse ? "rehearse" : keepIdentifier ? "keep-identifier" : "restore";
  const id = `${mode}-${stage.name}-${createHash("sha256").update(arn).digest("hex").slice(0, 10)}`;
  const journal = dryRun
    ? Journal.scratch<RestoreFacts>(id)
    : rollback
      ? Journal.reopen<RestoreFacts>(id)
      : Journal.open<RestoreFacts>(id);
  if (journal.resumed)
    console.error(`Going on with the run of ${journal.startedAt.toISOString()}; its journal is ${journal.file}`);
  const context = makeContext(journal);
  const steps = rollback ? rollbackSteps : rehearse ? rehearsalSteps(arn) : restoreSteps(arn);
  const question = rollback
    ? `Take the restore of stage ${stage.name} back?`
    : rehearse
      ? `Rehearse a restore of stage ${stage.name} in account ${stage.accountId}?`
      : `Restore stage ${stage.name} in account ${stage.accountId}?`;

  await runSteps({ steps, context, journal, dryRun, confirm: () => confirmOrStop(question, options.yes) });
  if (dryRun) {
    console.error("Nothing was changed.");
    return;
  }
  journal.finish();
  const report = makeReport(context);
  printReport(report, rehearse);
  if (options.report) writeReport(options.report, report);
}

command.parseAsync();
