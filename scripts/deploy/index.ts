// A deployment: checks first, then each stack is planned, judged, shown, and applied exactly as planned; or as it was planned
// and reviewed before.
import { type StageConfig, stageNames, type Target } from "../../config";
import { confirmOrStop, isInteractive } from "../ask";
import { UserError } from "../command";
import { pendingReboots } from "../database/change";
import { gate } from "../gate";
import { countChanges, type TerraformPlan } from "../gate/plan";
import { rebuildIfAsked } from "../image/deploy";
import { digestOfAll, type SavedPlan, SavedPlans } from "../plan/saved";
import { Progress } from "../runbook/progress";
import { StackTerraform, StalePlan, withSynthesized } from "../terraform";
import { requireAcknowledged } from "./acknowledged";
import { keepAppRunnerLogs } from "./app-runner-logs";
import { describePlan, printOutputs } from "./describe";
import { planStack, requireDeployable } from "./plan-stack";
import { checkQuotas } from "./quotas";
import { imageWarnings, unkeptKit } from "./recovery-kit";

export interface DeployOptions {
  /** Does not ask before applying; a danger that nobody acknowledged is refused then. */
  yes: boolean;
  /** Checks and plans only. */
  dryRun: boolean;
  /** Applies the plans that `npm run plan -- … --save` kept under this id, and makes none. */
  saved?: string;
  /** Of the saved plans that were approved; others are refused. */
  digest?: string;
  /** File of acknowledgements. */
  acknowledged?: string;
}

/** A plan that waits in a stack's folder for its apply. */
interface ReadyPlan {
  terraform: StackTerraform;
  plan: TerraformPlan;
}

/** @throws UserError where a check fails, the gate refuses a plan, or Terraform fails; stacks before that are deployed */
export async function deployTarget(target: Target, options: DeployOptions): Promise<void> {
  const since = new Date();
  await requireDeployable(target);
  await withSynthesized(async (folder) => {
    const ready =
      options.saved === undefined
        ? freshPlans(target, folder)
        : await savedPlans(target, folder, options.saved, options);
    for await (const one of ready) await deployStack(target, one, options);
    if (target.stage && !options.dryRun) await afterStage(target.stage, folder, since);
  });
  if (options.dryRun) console.error("Nothing was changed.");
}

/** One after the other: a stack is planned when those before it are applied. */
async function* freshPlans(target: Target, folder: string): AsyncGenerator<ReadyPlan> {
  for (const stack of target.stacks) {
    const progress = new Progress();
    const terraform = await StackTerraform.initialize(stack, folder);
    progress.begin(`plan ${stack}`);
    const plan = await planStack(target, terraform);
    progress.end("✓");
    yield { terraform, plan };
  }
}

/** All are fetched and judged before the first is applied: one that is missing, another one, or refused stops everything. */
async function savedPlans(
  target: Target,
  folder: string,
  id: string,
  { digest, yes, acknowledged }: DeployOptions,
): Promise<ReadyPlan[]> {
  const saved = new SavedPlans(target, id);
  const ready: StackTerraform[] = [];
  const fetched: SavedPlan[] = [];
  for (const stack of target.stacks) {
    const terraform = await StackTerraform.initialize(stack, folder);
    fetched.push(await saved.fetch(stack, terraform.planFile));
    ready.push(terraform);
  }
  const found = digestOfAll(fetched);
  if (digest !== undefined && digest.toLowerCase() !== found)
    throw new UserError(
      `--digest ${digest}: what is kept now is ${found}. Somebody planned again after the approval; nothing was changed. ` +
        `Review it: npm run deploy -- ${target.flag} --saved ${id} --dry-run`,
    );
  console.log(`digest = ${found}`);
  const plans = await Promise.all(ready.map(async (terraform) => ({ terraform, plan: await terraform.readPlan() })));
  for (const { terraform, plan } of plans) {
    gate(plan);
    if (yes) requireAcknowledged(terraform.stack, plan, acknowledged);
  }
  return plans;
}

async function deployStack(target: Target, { terraform, plan }: ReadyPlan, options: DeployOptions) {
  const { stage } = target;
  const { stack } = terraform;
  const progress = new Progress();
  try {
    gate(plan);
    const isEmpty = countChanges(plan) === 0;
    console.error(isEmpty ? `${stack}: nothing to change.` : describePlan(stack, plan));
    // A saved plan is applied all the same: Terraform tells whether it is still true.
    if (isEmpty && options.saved === undefined) return;
    for (const warning of stage ? await warnings(stage, plan) : []) console.error(`Warning: ${warning}`);
    const nobodyIsAsked = options.yes || !(options.dryRun || isInteractive());
    if (nobodyIsAsked) requireAcknowledged(stack, plan, options.acknowledged);
    if (options.dryRun) return;
    await confirmOrStop(`Apply this to ${stack}?`, options.yes || isEmpty);
    progress.begin(`apply ${stack}`);
    await terraform
      .apply((line) => progress.update(line))
      .catch((error: unknown) => {
        if (!(error instanceof StalePlan)) throw error;
        throw new UserError(`${error.message} Plan it again, and review that: npm run plan -- ${target.flag} --save`);
      });
    progress.end("✓");
  } finally {
    terraform.discardPlans();
  }
}

const warnings = async (stage: StageConfig, plan: TerraformPlan): Promise<string[]> => [
  ...(await checkQuotas(stage, plan)),
  ...imageWarnings(stage, plan),
  ...nobodyIsTold(stage),
];

async function afterStage(stage: StageConfig, folder: string, since: Date): Promise<void> {
  await rebuildIfAsked(stage, since);
  const logs = await keepAppRunnerLogs(stage);
  if (logs) console.error(logs);
  const app = await StackTerraform.initialize(stageNames(stage).appStack, folder);
  const outputs = await app.outputs();
  printOutputs(outputs);
  for (const line of await pendingReboots(stage)) console.error(line);
  const unkept = await unkeptKit(stage, outputs);
  if (unkept) console.error(`Warning: ${unkept}`);
}

/** Alarms that reach nobody. */
const nobodyIsTold = ({ name, monitoring, email }: StageConfig): string[] =>
  monitoring.enabled && !email ? [`Stage ${name} has alarms, and nobody whom they reach: set email.`] : [];
