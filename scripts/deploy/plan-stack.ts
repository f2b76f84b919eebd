// One stack as it is planned, whether somebody deploys it now, or a pull request shows what would be deployed.
import { stageNames, type Target } from "../../config";
import { checkDatabaseChange } from "../database/change";
import type { TerraformPlan } from "../gate/plan";
import { importsOfKept } from "../kept";
import type { StackTerraform } from "../terraform";
import { preflight, requireState } from "./preflight";
import { requireUploads } from "./uploads";

/** @throws UserError naming what is missing or wrong, and the remedy; nothing is changed */
export async function requireDeployable(target: Target): Promise<void> {
  if (!target.stage) return requireState(target, target.flag);
  await preflight(target.stage);
  await checkDatabaseChange(target.stage);
}

/**
 * @param flags of `terraform plan`
 * @throws UserError if Terraform cannot plan, or what the plan uploads is not on this machine
 */
export async function planStack(
  { stage }: Target,
  terraform: StackTerraform,
  flags: string[] = [],
): Promise<TerraformPlan> {
  const isApp = stage && terraform.stack === stageNames(stage).appStack;
  const imports = isApp ? await importsOfKept(stage, await terraform.pullState()) : [];
  const plan = await terraform.plan(imports, flags);
  for (const { to, id } of imports)
    console.error(`${terraform.stack}: takes back ${to}, which a destroyed stage left (${id}).`);
  if (stage) requireUploads(stage, plan);
  return plan;
}
