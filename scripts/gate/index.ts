// The gate: refuses every plan that destroys or replaces something stateful, or takes away what protects it.
import { isStateful, PROTECTING_TYPES } from "../../config";
import { UserError } from "../command";
import { isDelete, isReplacement, type ResourceChange, type TerraformPlan } from "./plan";

export interface Refusal {
  address: string;
  action: "destroy" | "replace" | "forget";
  /** Attributes that force a replacement, or Terraform's own reason. */
  because: string[];
}

/** What in a plan must not be applied. An errored plan is judged like any other: prevent_destroy leaves one behind. */
export function judge(plan: TerraformPlan): Refusal[] {
  return (plan.resource_changes ?? [])
    .filter(({ mode }) => mode === "managed")
    .filter((entry) => losesState(entry) || losesProtection(entry))
    .map((entry) => ({
      address: entry.deposed ? `${entry.address} (deposed ${entry.deposed})` : entry.address,
      action: actionOf(entry),
      because: reasons(entry),
    }));
}

const losesState = (entry: ResourceChange): boolean =>
  isStateful(entry.type, entry.name) && (isDelete(entry) || entry.change.actions.includes("forget"));

/** What protects may be replaced, as many of its changes demand, but not go. */
const losesProtection = (entry: ResourceChange): boolean =>
  PROTECTING_TYPES.has(entry.type) && isDelete(entry) && !isReplacement(entry);

function actionOf(entry: ResourceChange): Refusal["action"] {
  if (isReplacement(entry)) return "replace";
  return isDelete(entry) ? "destroy" : "forget";
}

function reasons({ change, action_reason }: ResourceChange): string[] {
  const forcedBy = (change.replace_paths ?? []).map((path) => `${pathText(path)} forces it`);
  return forcedBy.length > 0 || !action_reason ? forcedBy : [action_reason.replaceAll("_", " ")];
}

const pathText = (path: (string | number)[]): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`)).join("");

/**
 * Lets a plan through or stops the command.
 * @throws UserError naming each resource, what would happen to it, and why; or saying that the plan is errored for
 *   another reason
 */
export function gate(plan: TerraformPlan): void {
  const refusals = judge(plan);
  if (refusals.length > 0) {
    const lines = refusals.map(
      ({ address, action, because }) => `  ${action} ${address}${because.length ? `: ${because.join(", ")}` : ""}`,
    );
    throw new UserError(`The gate refuses this plan; nothing of it was applied. It would\n${lines.join("\n")}`);
  }
  if (plan.errored)
    throw new UserError(`The plan ended with an error, so it cannot be applied.${plan.error ? `\n${plan.error}` : ""}`);
}
