// The gate: refuses every plan that destroys or replaces something stateful, and says what and why.
import { STATEFUL_TYPES } from "../../config";
import { UserError } from "../command";
import { isDelete, isReplacement, type ResourceChange, type TerraformPlan } from "./plan";

export interface Refusal {
  address: string;
  action: "destroy" | "replace" | "forget";
  /** Attributes that force a replacement. */
  forcedBy: string[];
}

/** What in a plan must not be applied. An errored plan is judged like any other: prevent_destroy leaves one behind. */
export function judge(plan: TerraformPlan): Refusal[] {
  return (plan.resource_changes ?? [])
    .filter((entry) => entry.mode === "managed" && STATEFUL_TYPES.has(entry.type))
    .filter((entry) => isDelete(entry) || entry.change.actions.includes("forget"))
    .map((entry) => ({
      address: entry.address,
      action: actionOf(entry),
      forcedBy: (entry.change.replace_paths ?? []).map(pathText),
    }));
}

function actionOf(entry: ResourceChange): Refusal["action"] {
  if (isReplacement(entry)) return "replace";
  return isDelete(entry) ? "destroy" : "forget";
}

const pathText = (path: (string | number)[]): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`)).join("");

/**
 * Lets a plan through or stops the command.
 * @throws UserError naming each resource, what would happen to it, and the attribute that forces it; or saying that the
 *   plan is errored for another reason
 */
export function gate(plan: TerraformPlan): void {
  const refusals = judge(plan);
  if (refusals.length > 0) {
    const lines = refusals.map(
      ({ address, action, forcedBy }) =>
        `  ${action} ${address}${forcedBy.length ? `, forced by ${forcedBy.join(", ")}` : ""}`,
    );
    throw new UserError(`The gate refuses this plan; nothing was applied. It would\n${lines.join("\n")}`);
  }
  if (plan.errored) throw new UserError("The plan ended with an error, so it cannot be applied.");
}
