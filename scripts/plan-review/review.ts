// The review of plans: every finding, whether it is acknowledged, and what else changes, by construct.
import { changedAttributes } from "../gate/change";
import type { Finding } from "../gate/finding";
import { findings } from "../gate/findings";
import { type ChangeAction, summarize, type TerraformPlan } from "../gate/plan";
import { type Acknowledgement, type Acknowledgements, acknowledgementOf, type Refused } from "./acknowledgements";
import { type Constructs, groupOf } from "./construct-path";
import { type CostChanges, costChanges } from "./costs";

export interface ReviewedFinding extends Finding {
  /** Construct path. */
  path: string;
  acknowledgedBy?: Acknowledgement;
}

/** A change that nothing was found in. */
export interface OrdinaryChange {
  address: string;
  path: string;
  actions: ChangeAction[];
  /** Names of the attributes that change, where it is there already. */
  attributes: string[];
}

export interface StackReview {
  stack: string;
  counts: {
    create: number;
    update: number;
    replace: number;
    destroy: number;
    import: number;
    move: number;
    outputs: number;
  };
  findings: ReviewedFinding[];
  /** By construct path, in the order of the paths. */
  groups: { path: string; changes: OrdinaryChange[] }[];
  costs: CostChanges;
}

export interface Review {
  /** `dangerous` where a danger is not acknowledged, or an acknowledgement is refused. */
  verdict: "clear" | "acknowledged" | "dangerous";
  dangers: number;
  acknowledged: number;
  stacks: StackReview[];
  refusedAcknowledgements: Refused[];
  /** Acknowledgements of these stacks that cover nothing any more: whoever made them should take them out. */
  unusedAcknowledgements: Acknowledgement[];
}

export interface PlanToReview {
  plan: TerraformPlan;
  constructs: Constructs;
}

/** @param known every stack that there is; a line of another one is refused. Left out: nobody knows */
export function review(plans: PlanToReview[], { accepted, refused }: Acknowledgements, known?: string[]): Review {
  const byLine = new Map(accepted.map((one) => [acknowledgementOf(one.stack, one), one]));
  const stacks = plans.map((one) => reviewStack(one, byLine));
  const used = new Set(stacks.flatMap(({ findings }) => findings.map(({ acknowledgedBy }) => acknowledgedBy)));
  const reviewed = new Set(stacks.map(({ stack }) => stack));
  const unused = accepted.filter((one) => reviewed.has(one.stack) && !used.has(one));
  const lost = accepted.filter(({ stack }) => known && !known.includes(stack) && !reviewed.has(stack));
  const strangers = lost.map(({ line, stack }) => ({
    line,
    because: `there is no stack ${stack}; there are ${known?.join(", ")}`,
  }));
  return withVerdict({
    stacks,
    refusedAcknowledgements: [...refused, ...strangers],
    unusedAcknowledgements: unused,
  });
}

/** What a review says, without what follows from it. */
export type ReviewContent = Omit<Review, "verdict" | "dangers" | "acknowledged">;

/** Of stacks that were reviewed apart, e.g. since each account has credentials of its own. */
export function mergeReviews(reviews: ReviewContent[]): Review {
  const distinct = <T extends { line: string }>(lines: T[]): T[] => [
    ...new Map(lines.map((one) => [one.line, one])).values(),
  ];
  return withVerdict({
    stacks: reviews.flatMap(({ stacks }) => stacks),
    refusedAcknowledgements: distinct(reviews.flatMap((one) => one.refusedAcknowledgements)),
    unusedAcknowledgements: distinct(reviews.flatMap((one) => one.unusedAcknowledgements)),
  });
}

function withVerdict(content: ReviewContent): Review {
  const dangers = content.stacks.flatMap(({ findings }) => findings.filter(({ level }) => level === "danger"));
  const acknowledged = dangers.filter(({ acknowledgedBy }) => acknowledgedBy).length;
  const isOpen = dangers.length > acknowledged || content.refusedAcknowledgements.length > 0;
  const verdict = isOpen ? "dangerous" : dangers.length > 0 ? "acknowledged" : "clear";
  return { verdict, dangers: dangers.length, acknowledged, ...content };
}

function reviewStack({ plan, constructs }: PlanToReview, byLine: ReadonlyMap<string, Acknowledgement>): StackReview {
  const { stack, pathOf } = constructs;
  const found = findings(plan).map((finding): ReviewedFinding => {
    const acknowledgedBy = finding.level === "danger" ? byLine.get(acknowledgementOf(stack, finding)) : undefined;
    return {
      ...finding,
      path: finding.address ? pathOf(finding.address) : stack,
      ...(acknowledgedBy && { acknowledgedBy }),
    };
  });
  const ofChanges = found.filter(({ concern }) => concern !== "drift" && concern !== "import" && concern !== "move");
  const named = new Set(ofChanges.map(({ address }) => address));
  const { create, update, replace, destroy } = summarize(plan);
  const outputs = Object.values(plan.output_changes ?? {}).filter(({ actions }) => actions.join() !== "no-op").length;
  return {
    stack,
    counts: {
      create: create.length,
      update: update.length,
      replace: replace.length,
      destroy: destroy.length,
      import: found.filter(({ concern }) => concern === "import").length,
      move: found.filter(({ concern }) => concern === "move").length,
      outputs,
    },
    findings: found,
    groups: groups(plan, named, pathOf),
    costs: costChanges(plan),
  };
}

function groups({ resource_changes = [] }: TerraformPlan, named: ReadonlySet<string>, pathOf: Constructs["pathOf"]) {
  const found = new Map<string, OrdinaryChange[]>();
  for (const entry of resource_changes) {
    const { actions } = entry.change;
    if (
      entry.mode !== "managed" ||
      named.has(entry.address) ||
      actions.every((one) => one === "no-op" || one === "read")
    )
      continue;
    const path = pathOf(entry.address);
    const attributes = actions.includes("update") ? changedAttributes(entry) : [];
    const group = groupOf(path);
    const changes = found.get(group) ?? [];
    if (changes.length === 0) found.set(group, changes);
    changes.push({ address: entry.address, path, actions, attributes });
  }
  return [...found]
    .map(([path, changes]) => ({ path, changes }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}
