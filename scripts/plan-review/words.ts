// What every format says in the same words: verdict, counts, costs.
import { CONCERNS, type Concern } from "../gate/finding";
import type { CostChanges } from "./costs";
import type { Review, ReviewedFinding, StackReview } from "./review";

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

export function verdictText({ verdict, dangers, acknowledged, refusedAcknowledgements, stacks }: Review): string {
  const refused = refusedAcknowledgements.length;
  const refusedText = refused > 0 ? `; ${plural(refused, "acknowledgement")} refused` : "";
  if (dangers === 0 && refused === 0) return stacks.every(isEmpty) ? "nothing to change" : "nothing dangerous";
  if (verdict === "acknowledged") return `${plural(dangers, "danger")}, all acknowledged`;
  return `${plural(dangers, "danger")}, ${acknowledged} acknowledged${refusedText}`;
}

const isEmpty = ({ counts, findings }: StackReview): boolean =>
  findings.length === 0 && Object.values(counts).every((count) => count === 0);

export function countsText(review: StackReview): string {
  if (isEmpty(review)) return "nothing to change";
  const { create, update, replace, destroy, import: imported, move, outputs } = review.counts;
  const more = [
    imported > 0 ? `${imported} to import` : "",
    move > 0 ? `${move} to move` : "",
    outputs > 0 ? plural(outputs, "output") : "",
  ].filter(Boolean);
  return [`${create} to create`, `${update} to change`, `${replace} to replace`, `${destroy} to destroy`, ...more].join(
    ", ",
  );
}

/** Most that is named of what is resized. */
const RESIZED_AT_MOST = 10;

export function costText({ more, less, resized }: CostChanges): string | undefined {
  const list = (side: Record<string, number>) =>
    Object.entries(side)
      .map(([type, count]) => `${count} ${type}`)
      .join(", ");
  const rest = resized.length - RESIZED_AT_MOST;
  const parts = [
    list(more) && `more: ${list(more)}`,
    list(less) && `less: ${list(less)}`,
    resized.length > 0 &&
      `another size: ${resized.slice(0, RESIZED_AT_MOST).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
  ].filter(Boolean);
  return parts.length > 0
    ? `Monthly cost, without prices, which this project does not hold: ${parts.join("; ")}`
    : undefined;
}

/** Findings by concern, in the order of CONCERNS; the findings are in it already. */
export function sections(findings: ReviewedFinding[]): { title: string; findings: ReviewedFinding[] }[] {
  const found = new Map<Concern, ReviewedFinding[]>();
  for (const finding of findings) {
    const section = found.get(finding.concern);
    if (section) section.push(finding);
    else found.set(finding.concern, [finding]);
  }
  return [...found].map(([concern, list]) => ({ title: CONCERNS[concern], findings: list }));
}
