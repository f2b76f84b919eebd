// Every finding of a plan: the list of what is looked for, in one place.
import { Change } from "../change";
import { planFacts } from "../facts";
import { CONCERNS, type Concern, type Detector, type Finding, isLoss } from "../finding";
import type { TerraformPlan } from "../plan";
import { access } from "./access";
import { backup } from "./backup";
import { encryption } from "./encryption";
import { loss } from "./loss";
import { network } from "./network";
import { drift, importsAndMoves } from "./outside";

const DETECTORS: Partial<Record<Concern, Detector[]>> = { loss, network, access, backup, encryption };

/** Worst first: by concern, dangers before notices, then as Terraform lists them. */
export function findings(plan: TerraformPlan): Finding[] {
  const facts = planFacts(plan);
  const found: Finding[] = [];
  for (const entry of plan.resource_changes ?? []) {
    if (entry.mode !== "managed" || entry.change.actions.every((action) => action === "no-op" || action === "read"))
      continue;
    const change = new Change(entry, facts);
    for (const [concern, detectors] of Object.entries(DETECTORS) as [Concern, Detector[]][]) {
      for (const detected of detectors.flatMap((detect) => detect(change) ?? [])) {
        found.push({ concern, address: entry.address, ...detected, ...(entry.deposed && { deposed: entry.deposed }) });
      }
    }
  }
  const all = [...wholePlan(plan, found), ...found, ...drift(plan), ...importsAndMoves(plan)];
  const order = Object.keys(CONCERNS);
  const rank = ({ concern, level }: Finding) => order.indexOf(concern) * 2 + (level === "danger" ? 0 : 1);
  return all.sort((one, other) => rank(one) - rank(other));
}

function wholePlan(plan: TerraformPlan, found: Finding[]): Finding[] {
  if (!plan.errored) return [];
  const stopped = found.some(isLoss);
  const what = stopped
    ? "Terraform stopped it: prevent_destroy stands before what is listed below"
    : "Terraform ended it with an error: it cannot be applied, and may not list everything";
  return [{ concern: "plan", level: "danger", action: "errored", address: "", what }];
}
