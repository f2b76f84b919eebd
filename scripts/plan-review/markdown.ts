// The review as a comment of a pull request. GitHub takes 65,536 characters: what does not fit is folded, then counted.
import { quote } from "../gate/change";
import { sentence } from "../gate/finding";
import { offeredLine } from "./acknowledgements";
import type { OrdinaryChange, Review, ReviewedFinding, StackReview } from "./review";
import { costText, countsText, plural, sections, verdictText } from "./words";

/** GitHub: "body is too long (maximum is 65536 characters)". The workflow writes a few lines around the review. */
export const COMMENT_LIMIT = 65_000;
/** The workflow finds its comment by it. */
export const MARKER = "<!-- plan-review -->";

interface Detail {
  /** Findings of a section, and lines that acknowledge. */
  findings: number;
  /** Constructs that are named. */
  groups: number;
  /** Whether a construct's changes are listed, or counted. */
  list: boolean;
}

const DETAILS: Detail[] = [
  { findings: Number.POSITIVE_INFINITY, groups: Number.POSITIVE_INFINITY, list: true },
  { findings: Number.POSITIVE_INFINITY, groups: Number.POSITIVE_INFINITY, list: false },
  { findings: 100, groups: 100, list: false },
  { findings: 30, groups: 50, list: false },
  { findings: 10, groups: 10, list: false },
  { findings: 3, groups: 0, list: false },
];

/** @param limit in UTF-16 units, of which GitHub counts no more */
export function markdown(review: Review, limit = COMMENT_LIMIT): string {
  for (const detail of DETAILS) {
    const text = comment(review, detail);
    if (text.length <= limit) return text;
  }
  const end = "\n\nThis is too long for a comment: see the text of the review in the run.\n";
  const lines = [heading(review), ...review.stacks.map((stack) => `- ${quote(stack.stack)}: ${countsText(stack)}`)];
  return lines.join("\n").slice(0, limit - end.length) + end;
}

const heading = (review: Review): string => `${MARKER}\n## Plan review: ${verdictText(review)}\n`;

function comment(review: Review, detail: Detail): string {
  return [
    heading(review),
    ...acknowledgementProblems(review, detail),
    ...review.stacks.flatMap((stack) => stackLines(stack, detail)),
  ]
    .join("\n")
    .concat("\n");
}

/** The first of a list, and how many are left out. */
function cut<T>(all: T[], most: number, line: (one: T) => string, word: string): string[] {
  const rest = all.length - most;
  return [...all.slice(0, most).map(line), ...(rest > 0 ? [`- … and ${plural(rest, `more ${word}`)}`] : [])];
}

function acknowledgementProblems(review: Review, { findings }: Detail): string[] {
  const { refusedAcknowledgements: refused, unusedAcknowledgements: unused } = review;
  const lines = [
    ...cut(refused, findings, ({ line, because }) => `- refused: ${quote(line)}: ${because}`, "line"),
    ...cut(unused, findings, ({ line }) => `- covers nothing, mend it or take it out: ${quote(line)}`, "line"),
  ];
  return lines.length > 0 ? ["**Acknowledgements**", ...lines, ""] : [];
}

function stackLines(stack: StackReview, detail: Detail): string[] {
  const cost = costText(stack.costs);
  return [
    `### ${stack.stack}: ${countsText(stack)}`,
    "",
    ...sections(stack.findings).flatMap(({ title, findings }) => [
      `**${title}**`,
      ...cut(findings, detail.findings, findingLine, "finding"),
      "",
    ]),
    ...toAcknowledge(stack, detail),
    ...ordinary(stack, detail),
    ...(cost ? [cost, ""] : []),
  ];
}

const findingLine = (finding: ReviewedFinding): string => {
  const { level, action, address, path, acknowledgedBy } = finding;
  const state = level === "notice" ? "" : acknowledgedBy ? "acknowledged, " : "**danger**, ";
  const where = address ? ` ${quote(address)} (${quote(path)})` : "";
  const reason = acknowledgedBy?.reason ? ` (acknowledged: ${quote(acknowledgedBy.reason)})` : "";
  return `- ${state}${action}${where}: ${sentence(finding)}${reason}`;
};

/** Fenced, so that the line can be copied; an address with a line break or a backquote does not exist. */
function toAcknowledge({ stack, findings }: StackReview, detail: Detail): string[] {
  const open = findings.filter(
    ({ level, acknowledgedBy, address }) => level === "danger" && !acknowledgedBy && address,
  );
  if (open.length === 0) return [];
  const lines = [...new Set(open.map((finding) => offeredLine(stack, finding)))];
  const shown = lines.slice(0, detail.findings);
  const rest = lines.length - shown.length;
  return [
    `<details><summary>What acknowledges ${lines.length === 1 ? "it" : "them"}, once you are sure</summary>`,
    "",
    "```",
    ...shown.map((line) => line.replace(/[`\r\n]/g, " ")),
    "```",
    ...(rest > 0 ? [`… and ${rest} more, when these are dealt with`] : []),
    "</details>",
    "",
  ];
}

const changeLine = ({ address, actions, attributes }: OrdinaryChange): string =>
  `  - ${actions.join("/")} ${quote(address)}${attributes.length > 0 ? `: ${attributes.join(", ")}` : ""}`;

function ordinary({ groups }: StackReview, detail: Detail): string[] {
  const total = groups.reduce((sum, { changes }) => sum + changes.length, 0);
  if (total === 0) return [];
  const summary = `${plural(total, "ordinary change")} in ${plural(groups.length, "construct")}`;
  if (detail.groups === 0) return [summary, ""];
  const lines = cut(
    groups,
    detail.groups,
    ({ path, changes }) =>
      [`- ${quote(path)}: ${changes.length}`, ...(detail.list ? changes.map(changeLine) : [])].join("\n"),
    "construct",
  );
  return [`<details><summary>${summary}</summary>`, "", ...lines, "", "</details>", ""];
}
