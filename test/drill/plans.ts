// Plans of all stacks after a deploy or a restore, and the states that they were made from.
import { join } from "node:path";
import { changedAddresses, countChanges } from "../../scripts/gate/plan";
import { StackTerraform, type TerraformState } from "../../scripts/terraform";

/** Changes left to apply in the given stacks, and which. */
export interface PlannedChanges {
  changes: number;
  addresses: string[];
}

/** Plans each stack. @returns what is left to change, and each stack's state */
export async function planStacks(
  stacks: string[],
  workFolder: string,
): Promise<PlannedChanges & { states: Record<string, TerraformState | undefined> }> {
  let changes = 0;
  const addresses: string[] = [];
  const states: Record<string, TerraformState | undefined> = {};
  for (const stack of stacks) {
    const terraform = await StackTerraform.open(stack, join(workFolder, `plan-${stack}`));
    const plan = await terraform.plan();
    changes += countChanges(plan);
    addresses.push(...changedAddresses(plan).map((address) => `${stack}: ${address}`));
    states[stack] = await terraform.pullState();
  }
  return { changes, addresses, states };
}

export async function countPlannedChanges(stacks: string[], workFolder: string): Promise<PlannedChanges> {
  const { changes, addresses } = await planStacks(stacks, workFolder);
  return { changes, addresses };
}
