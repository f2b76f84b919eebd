// What every format says in the same words: verdict, counts, costs.
import { CONCERNS, type Concern } from "../gate/finding";
import { type CostChanges, isByUse, PRICES_OF } from "./costs";
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

export function costText({ standingUsd, more, less, resized }: CostChanges): string | undefined {
  const list = (side: Record<string, number>, byUse: boolean) =>
    Object.entries(side)
      .filter(([type]) => isByUse(type) === byUse)
      .map(([type, count]) => `${count} ${type}`)
      .join(", ");
  const both = (byUse: boolean) =>
    [list(more, byUse) && `more: ${list(more, byUse)}`, list(less, byUse) && `less: ${list(less, byUse)}`].filter(
      Boolean,
    );
  const rest = resized.length - RESIZED_AT_MOST;
  const sizes =
    resized.length > 0
      ? [`another size: ${resized.slice(0, RESIZED_AT_MOST).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`]
      : [];
  const standing = both(false).join("; ");
  const byUse = [...both(true), ...sizes].join("; ");
  const parts = [
    (standing || standingUsd !== 0) &&
      `${dollars(standingUsd)} without any use (${PRICES_OF})${standing ? `: ${standing}` : ""}`,
    byUse && `by use, of which there is no figure: ${byUse}`,
  ].filter(Boolean);
  return parts.length > 0 ? `Monthly cost: ${parts.join(". ")}` : undefined;
}

const dollars = (amount: number): string => `${amount < 0 ? "-" : "+"}$${Math.abs(amount).toFixed(2)}`;

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
