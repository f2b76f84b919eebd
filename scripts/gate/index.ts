// The gate: refuses every plan that destroys or replaces something stateful, or takes away what protects it.
import { UserError } from "../command";
import { type Finding, isLoss } from "./finding";
import { findings } from "./findings";
import type { TerraformPlan } from "./plan";

/**
 * What in a plan no command of this project applies, acknowledged or not. An errored plan is judged like any other:
 * prevent_destroy leaves one behind.
 */
export const judge = (plan: TerraformPlan): Finding[] => findings(plan).filter(isLoss);

function refusalText({ action, address, deposed, because = [] }: Finding): string {
  const object = deposed ? `${address} (deposed ${deposed})` : address;
  return `  ${deposed ? "destroy" : action} ${object}${because.length ? `: ${because.join(", ")}` : ""}`;
}

/**
 * Lets a plan through or stops the command.
 * @throws UserError naming each resource, what would happen to it, and why; or saying that the plan is errored for
 *   another reason
 */
export function gate(plan: TerraformPlan): void {
  const refusals = judge(plan);
  if (refusals.length > 0) {
    throw new UserError(
      `The gate refuses this plan; nothing of it was applied. It would\n${refusals.map(refusalText).join("\n")}`,
    );
  }
  if (plan.errored)
    throw new UserError(`The plan ended with an error, so it cannot be applied.${plan.error ? `\n${plan.error}` : ""}`);
}
