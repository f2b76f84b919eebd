// The end of a stage: refused while anything protects it; otherwise all its stacks go, and what brings the data back stays.
import { type Deployment, type StageConfig, stageNames } from "../../config";
import { askForName, requireNameOrTerminal } from "../ask";
import { assertAccount } from "../aws";
import { UserError } from "../command";
import { describePlan } from "../deploy/describe";
import { stacksOf, withSynthesized } from "../deploy/index";
import { summarize } from "../gate/plan";
import { Progress } from "../runbook/progress";
import { StackTerraform } from "../terraform";
import { requireDestroyable } from "./destroyable";

export interface DestroyOptions {
  /** The stage's name, typed as a flag. */
  confirm?: string;
  /** Checks and plans only. */
  dryRun: boolean;
}

/**
 * The last snapshot is encrypted with the cluster's key, and would be lost with it: the key leaves Terraform's state and
 * stays in the account.
 */
const KEPT = ["aws_kms_key.database"];

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
      const plan = await terraform.plan([], ["-destroy"]);
      terraform.discardPlans();
      if (summarize(plan).destroy.length === 0) continue;
      console.error(describePlan(stack, plan));
      planned.push(terraform);
    }
    if (planned.length === 0) {
      console.error(`Stage ${stage.name} has nothing to destroy.`);
      return;
    }
    if (options.dryRun) {
      console.error("Nothing was changed.");
      return;
    }
    if (options.confirm === undefined) await askForName(stage.name);
    for (const terraform of planned) await destroyStack(terraform);
    sayWhatStays(stage);
  });
}

async function destroyStack(terraform: StackTerraform): Promise<void> {
  const progress = new Progress();
  progress.begin(`destroy ${terraform.stack}`);
  try {
    const state = await terraform.pullState();
    const inState = (address: string) =>
      state?.resources.some(({ mode, type, name }) => mode === "managed" && `${type}.${name}` === address);
    await terraform.forget(KEPT.filter(inState));
    const plan = await terraform.plan([], ["-destroy"]);
    if (plan.errored) throw new UserError(`Terraform refuses to destroy ${terraform.stack}; see the lines above.`);
    await terraform.apply((line) => progress.update(line));
    progress.end("✓");
  } finally {
    terraform.discardPlans();
  }
}

function sayWhatStays(stage: StageConfig): void {
  const { clusterIdentifier, databaseKeyAlias } = stageNames(stage);
  console.error(
    [
      `Stage ${stage.name} is destroyed. What stays in account ${stage.accountId}:`,
      `  the snapshot ${clusterIdentifier}-final-…, and the key it is encrypted with (it was ${databaseKeyAlias})`,
      "  other keys, for 30 days in which their deletion can be cancelled",
      "  recovery points that were copied to the backup account, until their retention ends",
      "  Terraform's state bucket, which holds versions of the stage's last state",
    ].join("\n"),
  );
}
