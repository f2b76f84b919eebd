// Plans a target as a deployment would, and says what is dangerous in it; nothing is changed.
import { join } from "node:path";
import type { Target } from "../../config";
import { planStack, requireDeployable } from "../deploy/plan-stack";
import { judge } from "../gate";
import { countChanges } from "../gate/plan";
import { acknowledgementsOf } from "../plan-review/acknowledgements-file";
import { constructsIn } from "../plan-review/construct-path";
import { type PlanToReview, type Review, review } from "../plan-review/review";
import { Progress } from "../runbook/progress";
import { StackTerraform, withSynthesized } from "../terraform";
import { digestOfAll, type SavedPlan, SavedPlans } from "./saved";

export interface Planned {
  review: Review;
  /** Whether an apply would change anything. */
  differs: boolean;
  /** One digest of all plans that are kept. */
  digest?: string;
}

export interface PlanOptions {
  /** Id under which each plan is kept beside the state, for `npm run deploy -- … --saved`; default: not kept. */
  keepAs?: string | undefined;
  /** File of acknowledgements. */
  acknowledged?: string | undefined;
  /** Every stack of the configuration: an acknowledgement of another one is refused. */
  known: string[];
}

/** @throws UserError where a check fails or Terraform cannot plan */
export async function planTarget(target: Target, { keepAs, acknowledged, known }: PlanOptions): Promise<Planned> {
  const plans = keepAs === undefined ? undefined : new SavedPlans(target, keepAs);
  await requireDeployable(target);
  const progress = new Progress();
  return withSynthesized(async (folder) => {
    const found: PlanToReview[] = [];
    const saved: SavedPlan[] = [];
    for (const stack of target.stacks) {
      progress.begin(`plan ${stack}`);
      const terraform = await StackTerraform.initialize(stack, folder);
      // Who may only read cannot lock. Terraform refuses to apply a plan of a state that has changed since.
      const plan = await planStack(target, terraform, ["-lock=false"]);
      if (plan.error) console.error(plan.error);
      // What no command applies, acknowledged or not, is nothing to approve.
      else if (plans && judge(plan).length === 0) saved.push(await plans.keep(stack, terraform.planFile));
      found.push({ plan, constructs: constructsIn(join(terraform.folder, "cdk.tf.json")) });
      progress.end(plan.error ? "✗" : "✓");
    }
    const differs = found.some(({ plan }) => countChanges(plan) > 0);
    return {
      review: review(found, acknowledgementsOf({ acknowledged }), known),
      differs,
      // Of half of a target there is nothing to approve.
      ...(saved.length === target.stacks.length && { digest: digestOfAll(saved) }),
    };
  });
}
