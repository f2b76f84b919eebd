// What every format says in the same words: verdict, counts, costs.
import { CONCERNS, type Concern } from "../gate/finding";
import { type CostChanges, hasFigure, PRICES_OF } from "./costs";
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

/** Of addresses, in what is said of costs. */
const NAMED_AT_MOST = 10;

export function costText({ standingUsd, more, less, resized, notKnownYet }: CostChanges): string | undefined {
  const numbers = (side: Record<string, number>, word: string, withFigure: boolean) => {
    const types = Object.entries(side).filter(([type]) => hasFigure(type) === withFigure);
    return types.length > 0 ? [`${word}: ${types.map(([type, count]) => `${count} ${type}`).join(", ")}`] : [];
  };
  const both = (withFigure: boolean) => [...numbers(more, "more", withFigure), ...numbers(less, "less", withFigure)];
  const addresses = (word: string, list: string[]) => {
    const rest = list.length - NAMED_AT_MOST;
    const named = list.slice(0, NAMED_AT_MOST).join(", ");
    return list.length > 0 ? [`${word}: ${named}${rest > 0 ? ` and ${rest} more` : ""}`] : [];
  };
  const standing = both(true).join("; ");
  const others = [
    ...both(false),
    ...addresses("another size", resized),
    ...addresses("known after the apply", notKnownYet),
  ].join("; ");
  const parts = [
    (standing || standingUsd !== 0) &&
      `${dollars(standingUsd)} without any use (${PRICES_OF})${standing ? `: ${standing}` : ""}`,
    others && `no figure at hand: ${others}`,
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
