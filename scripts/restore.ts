// npm run restore -- --recovery-point <arn>: the whole recovery runbook.
import { createHash } from "node:crypto";
import { Command } from "commander";
import { loadOwnDeployment, type StageConfig } from "../config";
import { confirmOrStop } from "./ask";
import { assertAccount } from "./aws";
import { requireWritable, run, UserError } from "./command";
import { chooseRecoveryPoint, chooseStage } from "./restore/choose";
import { RestoreContext, type RestoreFacts } from "./restore/context";
import { lockStage, unlockStage } from "./restore/operator-lock";
import { parseRecoveryPointArn } from "./restore/recovery-points";
import { makeReport, printReport, printRollback, writeReport } from "./restore/report";
import { rehearsalSteps, restoreSteps, rollbackSteps } from "./restore/runbook";
import { runSteps } from "./runbook/engine";
import { Journal, runbookFolder } from "./runbook/journal";

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
  if (options.rehearse && options.rollback) {
    throw new UserError("--rehearse --rollback: a rehearsal swaps nothing, so there is nothing to take back.");
  }
  if (options.report) requireWritable("--report", options.report);
  const { config } = loadOwnDeployment();
  const stage = chooseStage(config, options.stage);
  await assertAccount(stage);

  const confirm = (question: string) => confirmOrStop(question, options.yes || options.dryRun);
  const makeContext = (journal: Journal<RestoreFacts>) =>
    new RestoreContext(stage, config.backupDestination, options, journal, confirm);
  const arn = await chooseRecoveryPoint(makeContext(Journal.scratch("choose")), options.recoveryPoint);
  if (!options.recoveryPoint) console.error(`Chosen: --recovery-point ${arn}`);
  const context = makeContext(openJournal(options, stage, arn));
  const { journal } = context;
  if (
    config.backupDestination &&
    parseRecoveryPointArn(arn).accountId === config.backupDestination.accountId &&
    !context.isRestored
  ) {
    await assertAccount(config.backupDestination);
  }
  if (journal.resumed)
    console.error(`Going on with the run of ${journal.startedAt.toISOString()}; its journal is ${journal.file}`);

  await runJournaled(options, context, arn);
  if (options.dryRun) {
    console.error("Nothing was changed.");
    return;
  }
  journal.finish();
  await unlockStage(context);
  if (options.rollback) {
    printRollback(context);
    return;
  }
  const report = makeReport(context);
  printReport(report, options.rehearse);
  if (options.report) writeReport(options.report, report);
}

/**
 * The same command, given again, must find its own journal: its id says what is restored and how. A rollback has one of
 * its own, with what the restore had learnt; from then on the restore counts as ended.
 */
function openJournal(options: Options, stage: StageConfig, arn: string): Journal<RestoreFacts> {
  const { rehearse, keepIdentifier, rollback, dryRun } = options;
  const mode = rehearse ? "rehearse" : keepIdentifier ? "keep-identifier" : "restore";
  const id = `${mode}-${stage.name}-${createHash("sha256").update(arn).digest("hex").slice(0, 10)}`;
  const rollbackId = `rollback-${id}`;
  if (rollback) {
    const begun = Journal.find<RestoreFacts>(rollbackId);
    const restored = Journal.find<RestoreFacts>(id);
    if (begun && !begun.isFinished && !dryRun) return begun;
    if (begun && restored && begun.startedAt > restored.startedAt) {
      throw new UserError(`This restore was taken back already, on ${begun.startedAt.toISOString()}.`);
    }
    if (!restored)
      throw new UserError(
        `There is no journal of this restore in ${runbookFolder()}: this machine knows nothing to take back.`,
      );
    if (dryRun) return Journal.scratch(rollbackId, restored.facts);
    const journal = Journal.open<RestoreFacts>(rollbackId);
    journal.learn(restored.facts);
    return journal;
  }
  if (Journal.find(rollbackId)?.isFinished === false) {
    throw new UserError(
      "A rollback of this restore was begun and is not finished. Finish it first: the same command with --rollback.",
    );
  }
  return dryRun ? Journal.scratch(id, Journal.find<RestoreFacts>(id)?.facts) : Journal.open(id);
}

async function runJournaled(options: Options, context: RestoreContext, arn: string): Promise<void> {
  const { rehearse, rollback, dryRun } = options;
  const { stage, journal } = context;
  const steps = rollback ? rollbackSteps : rehearse ? rehearsalSteps(arn) : restoreSteps(arn);
  const where = `stage ${stage.name} in account ${stage.accountId}`;
  const question = rollback
    ? `Take the restore of ${where} back? What was written since stays behind in the restored cluster.`
    : `${rehearse ? "Rehearse a restore of" : "Restore"} ${where}?`;
  try {
    await runSteps({
      steps,
      context,
      journal,
      dryRun,
      beforeChanges: async () => {
        await context.confirm(question);
        await lockStage(context);
        // From here on the restore that is taken back counts as ended: the same command would begin it anew.
        if (rollback) Journal.find(journal.id.replace(/^rollback-/, ""))?.finish();
      },
    });
  } catch (error) {
    const stopped = journal.isDone("stop-service") && !journal.isDone("start-service");
    const cron = journal.facts.cronDisabled ? " Cron is off." : "";
    if (stopped || cron)
      console.error(`${stopped ? `Service ${context.names.ecsService} is stopped.` : ""}${cron}`.trim());
    if (!dryRun && Object.keys(journal.steps).length > 2) {
      console.error(
        `The same command, with --recovery-point ${arn}, goes on here.${stopped && !rollback ? " With --rollback it goes back instead." : ""}`,
      );
    }
    throw error;
  }
}

command.parseAsync();
