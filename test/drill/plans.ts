// Plans of all stacks after a deploy or a restore, and whether anything stateful was lost between two states.
import { join } from "node:path";
import { STATEFUL_TYPES } from "../../config";
import { countChanges } from "../../scripts/gate/plan";
import { StackTerraform } from "../../scripts/terraform";

/** Changes left to apply in the given stacks, and which. */
export async function countPlannedChanges(
  stacks: string[],
  workFolder: string,
): Promise<{ changes: number; addresses: string[] }> {
  let changes = 0;
  const addresses: string[] = [];
  for (const stack of stacks) {
    const terraform = await StackTerraform.open(stack, join(workFolder, `plan-${stack}`));
    const plan = await terraform.plan();
    changes += countChanges(plan);
    const changed = (plan.resource_changes ?? []).filter(
      ({ mode, change }) => mode === "managed" && change.actions[0] !== "no-op",
    );
    addresses.push(...changed.map(({ address, change }) => `${stack}: ${address} (${change.actions.join("/")})`));
  }
  return { changes, addresses };
}

/** Address and id of everything stateful in a stack's state. */
export async function statefulResources(stack: string, workFolder: string): Promise<string[]> {
  const terraform = await StackTerraform.open(stack, join(workFolder, `state-${stack}`));
  const state = await terraform.pullState();
  return (state?.resources ?? [])
    .filter(({ mode, type }) => mode === "managed" && STATEFUL_TYPES.has(type))
    .flatMap(({ type, name, instances }) => instances.map(({ attributes }) => `${type}.${name} ${attributes.id}`));
}
