// What a plan would do, for the person who is asked to apply it; and what a deployed stage is asked for.
import { sentence } from "../gate/finding";
import { findings } from "../gate/findings";
import { type PlanSummary, summarize, type TerraformPlan } from "../gate/plan";

/** Of what is created or changed, so many are named; what is replaced or destroyed is always named. */
const NAMED_AT_MOST = 30;

const WORDS: [keyof PlanSummary, string][] = [
  ["destroy", "destroy"],
  ["replace", "replace"],
  ["update", "change"],
  ["create", "create"],
];

/** Several lines. Of values only those that a finding is about, and no sensitive one. */
export function describePlan(stack: string, plan: TerraformPlan): string {
  const summary = summarize(plan);
  const counts = WORDS.map(([list, word]) => `${summary[list].length} to ${word}`).join(", ");
  const lines = WORDS.flatMap(([list, word]) => {
    const addresses = summary[list];
    const loses = list === "destroy" || list === "replace";
    if (!loses && addresses.length > NAMED_AT_MOST) return [];
    return addresses.map((address) => `  ${word} ${address}`);
  });
  const dangers = findings(plan)
    .filter(({ level }) => level === "danger")
    .map((finding) => `  DANGER: ${finding.action} ${finding.address}: ${sentence(finding)}`);
  return [`${stack}: ${counts}.`, ...dangers, ...lines].join("\n");
}

/** On stdout, one per line. */
export function printOutputs(outputs: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(outputs)) {
    console.log(`${name} = ${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
}
