// The deployment of a stage: checks first, then each stack is planned, judged, shown, and applied exactly as planned.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StageConfig, stageNames } from "../../config";
import { confirmOrStop } from "../ask";
import { checkDatabaseChange, pendingReboots } from "../database/change";
import { gate } from "../gate";
import { countChanges } from "../gate/plan";
import { rebuildIfAsked } from "../image/deploy";
import { importsOfKept } from "../kept";
import { Progress } from "../runbook/progress";
import { StackTerraform, synthesize } from "../terraform";
import { keepAppRunnerLogs } from "./app-runner-logs";
import { describePlan, printOutputs } from "./describe";
import { preflight } from "./preflight";
import { checkQuotas } from "./quotas";
import { imageWarnings, unkeptKit } from "./recovery-kit";
import { requireUploads } from "./uploads";

export interface DeployOptions {
  /** Does not ask before applying. */
  yes: boolean;
  /** Checks and plans only. */
  dryRun: boolean;
}

/** Stacks of a stage, in the order of their deployment. */
export function stacksOf(stage: StageConfig): string[] {
  const { appStack, backupSourceStack } = stageNames(stage);
  return stage.backup.enabled ? [appStack, backupSourceStack] : [appStack];
}

/** @throws UserError where a check fails, the gate refuses a plan, or Terraform fails; stacks before that are deployed */
export async function deployStage(stage: StageConfig, options: DeployOptions): Promise<void> {
  const since = new Date();
  await preflight(stage);
  await checkDatabaseChange(stage);
  await withSynthesized(async (folder) => {
    for (const stack of stacksOf(stage)) await deployStack(stage, stack, folder, options);
    if (options.dryRun) return;
    await rebuildIfAsked(stage, since);
    const logs = await keepAppRunnerLogs(stage);
    if (logs) console.error(logs);
    const app = await StackTerraform.initialize(stageNames(stage).appStack, folder);
    const outputs = await app.outputs();
    printOutputs(outputs);
    for (const line of await pendingReboots(stage)) console.error(line);
    const unkept = await unkeptKit(stage, outputs);
    if (unkept) console.error(`Warning: ${unkept}`);
  });
  if (options.dryRun) console.error("Nothing was changed.");
}

async function deployStack(
  stage: StageConfig,
  stack: string,
  folder: string,
  { yes, dryRun }: DeployOptions,
): Promise<void> {
  const progress = new Progress();
  const terraform = await StackTerraform.initialize(stack, folder);
  try {
    progress.begin(`plan ${stack}`);
    const isApp = stack === stageNames(stage).appStack;
    const imports = isApp ? await importsOfKept(stage, await terraform.pullState()) : [];
    const plan = await terraform.plan(imports);
    progress.end("✓");
    for (const { to, id } of imports)
      console.error(`${stack}: takes back ${to}, which a destroyed stage left (${id}).`);
    gate(plan);
    requireUploads(stage, plan);
    if (countChanges(plan) === 0) {
      console.error(`${stack}: nothing to change.`);
      return;
    }
    console.error(describePlan(stack, plan));
    for (const warning of [...(await checkQuotas(stage, plan)), ...imageWarnings(stage, plan), ...nobodyIsTold(stage)])
      console.error(`Warning: ${warning}`);
    if (dryRun) return;
    await confirmOrStop(`Apply this to ${stack}?`, yes);
    progress.begin(`apply ${stack}`);
    await terraform.apply((line) => progress.update(line));
    progress.end("✓");
  } finally {
    terraform.discardPlans();
  }
}

/** Works in a folder of its own, which goes afterwards: what is synthesized may name what others need not know. */
export async function withSynthesized<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-deploy-"));
  try {
    await synthesize(folder);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Alarms that reach nobody. */
const nobodyIsTold = ({ name, monitoring, email }: StageConfig): string[] =>
  monitoring.enabled && !email ? [`Stage ${name} has alarms, and nobody whom they reach: set email.`] : [];
