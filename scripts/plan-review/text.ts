// The review for a terminal: everything, without a limit.
import { sentence } from "../gate/finding";
import { offeredLine } from "./acknowledgements";
import type { Review, ReviewedFinding, StackReview } from "./review";
import { costText, countsText, sections, verdictText } from "./words";

export function text(review: Review): string {
  return [
    `Plan review: ${verdictText(review)}`,
    ...review.refusedAcknowledgements.map(({ line, because }) => `  refused: ${line}: ${because}`),
    ...review.unusedAcknowledgements.map(({ line }) => `  covers nothing, mend it or take it out: ${line}`),
    ...review.stacks.flatMap(stackLines),
    "",
  ].join("\n");
}

function stackLines(stack: StackReview): string[] {
  const cost = costText(stack.costs);
  const changes = stack.groups.flatMap(({ path, changes }) => [
    `    ${path}`,
    ...changes.map(
      ({ address, actions, attributes }) =>
        `      ${actions.join("/")} ${address}${attributes.length > 0 ? `: ${attributes.join(", ")}` : ""}`,
    ),
  ]);
  return [
    "",
    `${stack.stack}: ${countsText(stack)}`,
    ...sections(stack.findings).flatMap(({ title, findings }) => [
      `  ${title}`,
      ...findings.flatMap((finding) => findingLines(stack.stack, finding)),
    ]),
    ...(changes.length > 0 ? ["  Ordinary changes", ...changes] : []),
    ...(cost ? [`  ${cost}`] : []),
  ];
}

function findingLines(stack: string, finding: ReviewedFinding): string[] {
  const { level, action, address, path, acknowledgedBy } = finding;
  const state = level === "notice" ? "" : acknowledgedBy ? "acknowledged: " : "DANGER: ";
  const where = address ? ` ${address} (${path})` : "";
  const line = `    ${state}${action}${where}: ${sentence(finding)}`;
  const isOpen = level === "danger" && !acknowledgedBy && address;
  return isOpen ? [line, `      acknowledged by: ${offeredLine(stack, finding)}`] : [line];
}
