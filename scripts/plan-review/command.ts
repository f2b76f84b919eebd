// The command's work: reads plans and acknowledgements, writes the review, and says by its exit code what it found.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { UserError } from "../command";
import { parsePlan } from "../gate/plan";
import { parseAcknowledgements } from "./acknowledgements";
import { constructsOf } from "./construct-path";
import { markdown } from "./markdown";
import { type PlanToReview, type Review, review } from "./review";
import { text } from "./text";

export const FORMATS = {
  md: (found: Review) => markdown(found),
  text,
  json: (found: Review) => `${JSON.stringify({ version: 1, ...found }, null, 2)}\n`,
} as const;
export type Format = keyof typeof FORMATS;

export interface ReviewOptions {
  plan: string[];
  format: Format;
  out?: string;
  /** File of acknowledgements; one that is not named may be missing. */
  acknowledged?: string;
  /** Further acknowledgements, e.g. the labels of a pull request. */
  acknowledge: string[];
}

/** Beside the stages, in the fork of those who deploy. */
export const ACKNOWLEDGEMENTS_FILE = "acknowledged-dangers.txt";

/** @throws UserError naming the file and what is wrong with it */
export function readPlan(file: string): PlanToReview {
  try {
    return { plan: parsePlan(readFileSync(file, "utf8").replace(/^\uFEFF/, "")), constructs: constructsOf(file) };
  } catch (error) {
    const hint = error instanceof SyntaxError ? " Make it with: terraform show -json PLANFILE > plan.json" : "";
    throw new UserError(`${file} cannot be reviewed: ${(error as Error).message}${hint}`);
  }
}

function readAcknowledgements({ acknowledged, acknowledge }: ReviewOptions) {
  const file = acknowledged ?? ACKNOWLEDGEMENTS_FILE;
  if (acknowledged !== undefined && !existsSync(file)) throw new UserError(`${file} is not there.`);
  const lines = existsSync(file) ? readFileSync(file, "utf8") : "";
  return parseAcknowledgements([lines, ...acknowledge].join("\n"));
}

/**
 * @returns exit code: 0 where nothing is dangerous, or all of it acknowledged; 2 otherwise
 * @throws UserError for input that cannot be read
 */
export function planReview(options: ReviewOptions): 0 | 2 {
  if (options.plan.length === 0) throw new UserError("There is no plan to review: name one with --plan plan.json.");
  const plans = options.plan.map(readPlan);
  const stacks = plans.map(({ constructs }) => constructs.stack);
  const twice = stacks.find((stack, index) => stacks.indexOf(stack) !== index);
  if (twice !== undefined) throw new UserError(`Two plans are of the stack ${twice}: give the last one only.`);
  const found = review(plans, readAcknowledgements(options));
  const output = FORMATS[options.format](found);
  if (options.out === undefined) process.stdout.write(output);
  else writeFileSync(options.out, output);
  return found.verdict === "dangerous" ? 2 : 0;
}
