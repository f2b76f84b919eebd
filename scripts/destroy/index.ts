// The end of a stage: refused while anything protects it; otherwise all its stacks go, and what brings the data back stays.
import { type Deployment, type StageConfig, stacksOf, stageNames } from "../../config";
import { askForName, requireNameOrTerminal } from "../ask";
import { assertAccount, awsCommand } from "../aws";
import { UserError } from "../command";
import { appRunnerLogs, removeLogs } from "../deploy/app-runner-logs";
import { describePlan } from "../deploy/describe";
import { summarize, type TerraformPlan } from "../gate/plan";
import { findKept, KEPT, type Kept } from "../kept";
import { Progress } from "../runbook/progress";
import { idInState, StackTerraform, withSynthesized } from "../terraform";
import { requireDestroyable } from "./destroyable";

export interface DestroyOptions {
  /** The stage's name, typed as a flag. */
  confirm?: string;
  /** Checks and plans only. */
  dryRun: boolean;
}

/** @throws UserError where something protects the stage, or its name was not typed; nothing is changed then */
export async function destroyStage(stage: StageConfig, config: Deployment, options: DestroyOptions): Promise<void> {
  if (!options.dryRun) requireNameOrTerminal(stage.name, options.confirm);
  await assertAccount(stage);
  await requireDestroyable(stage, config);
  await withSynthesized(async (folder) => {
    // The last that was deployed goes first: nothing backs up what is being destroyed.
    const stacks = stacksOf(stage).reverse();
    const planned: StackTerraform[] = [];
    for (const stack of stacks) {
      const terraform = await StackTerraform.initialize(stack, folder);
      const plan = withoutKept(await planDestruction(terraform));
      terraform.discardPlans();
      if (summarize(plan).destroy.length === 0) continue;
      console.error(describePlan(stack, plan));
      planned.push(terraform);
    }
    const logs = await appRunnerLogs(stage);
    if (planned.length === 0 && logs.length === 0) {
      console.error(`Stage ${stage.name} has nothing to destroy.`);
      return;
    }
    for (const group of logs) console.error(`  destroy log group ${group}`);
    console.error(
      "Its files go with all their versions, and its logs at once, however long generalLogRetention would have kept them: " +
        "copy first what must be kept. The database's last snapshot stays, with its key and REDCap's salt.",
    );
    if (options.dryRun) {
      console.error("Nothing was changed.");
      return;
    }
    if (options.confirm === undefined) await askForName(stage.name);
    try {
      for (const terraform of planned) await destroyStack(terraform);
      // Only now does nothing write into them any more, or make them again.
      await removeLogs(stage, logs);
    } catch (error) {
      throw new UserError(
        `${(error as Error).message}\nStage ${stage.name} is destroyed in part. To go on, give the same command again. To have it back: ` +
          `npm run deploy -- --stage ${stage.name}, which makes what is gone, and takes the database's key and the salt for its own again.`,
      );
    }
    sayWhatStays(stage, await findKept(stage));
  });
}

async function planDestruction(terraform: StackTerraform): Promise<TerraformPlan> {
  const plan = await terraform.plan([], ["-destroy"]);
  if (plan.errored)
    throw new UserError(`Terraform refuses to destroy ${terraform.stack}; nothing of it was changed.\n${plan.error}`);
  return plan;
}

const withoutKept = (plan: TerraformPlan): TerraformPlan => ({
  ...plan,
  resource_changes: plan.resource_changes?.filter(({ address }) => !KEPT.includes(address)) ?? [],
});

async function destroyStack(terraform: StackTerraform): Promise<void> {
  const progress = new Progress();
  progress.begin(`destroy ${terraform.stack}`);
  try {
    const state = await terraform.pullState();
    await terraform.forget(KEPT.filter((address) => idInState(state, address) !== undefined));
    await planDestruction(terraform);
    await terraform.apply((line) => progress.update(line));
    progress.end("✓");
  } finally {
    terraform.discardPlans();
  }
}

function sayWhatStays(stage: StageConfig, { keyId, saltArn }: Kept): void {
  const { clusterIdentifier, saltSecret } = stageNames(stage);
  const remove = [
    ...(saltArn ? [`secretsmanager delete-secret --secret-id ${saltSecret} --recovery-window-in-days 30`] : []),
    ...(keyId ? [`kms schedule-key-deletion --key-id ${keyId} --pending-window-in-days 30`] : []),
  ];
  console.error(
    [
      `Stage ${stage.name} is destroyed. What stays in account ${stage.accountId}:`,
      `  the snapshot ${clusterIdentifier}-final-…`,
      `  the key it is encrypted with${keyId ? ` (${keyId})` : ""}, and the secret ${saltSecret}: without this salt, the snapshot's hashes are worthless.`,
      "  A stage of this name that is deployed again takes both. When nobody needs the snapshot any more:",
      ...remove.map((command) => `    ${awsCommand(stage, command)}`),
      "  other keys, for 30 days in which their deletion can be cancelled",
      "  recovery points that were copied to the backup account, until their retention ends",
      "  Terraform's state bucket, which holds versions of the stage's last state",
    ].join("\n"),
  );
}
