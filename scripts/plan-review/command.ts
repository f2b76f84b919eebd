// The command's work: reads plans and acknowledgements, writes the review, and says by its exit code what it found.
import { existsSync, readFileSync } from "node:fs";
import { requireWritable, UserError } from "../command";
import { parsePlan } from "../gate/plan";
import { type AcknowledgementSources, acknowledgementsOf } from "./acknowledgements-file";
import { constructsOf } from "./construct-path";
import { exitCodeOf, FORMATS, type Format, write } from "./output";
import { mergeReviews, type PlanToReview, type ReviewContent, review } from "./review";
import { parseReview } from "./review-file";

export interface ReviewOptions extends AcknowledgementSources {
  plan: string[];
  /** Reviews made elsewhere, as `--format json` wrote them; they keep the acknowledgements that they were made with. */
  review: string[];
  format: Format;
  out?: string;
}

/** @throws UserError naming the file and what is wrong with it */
export function readPlan(file: string): PlanToReview {
  return readJson(file, "terraform show -json PLANFILE > plan.json", (text) => ({
    plan: parsePlan(text),
    constructs: constructsOf(file),
  }));
}

const readReview = (file: string): ReviewContent =>
  readJson(file, "npm run plan -- --stage <name> --format json --out review.json", parseReview);

function readJson<T>(file: string, how: string, parse: (text: string) => T): T {
  if (!existsSync(file)) throw new UserError(`${file} is not there. Make it with: ${how}`);
  try {
    return parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`${file} cannot be reviewed: ${message.replace(/\.?$/, ".")} Make it with: ${how}`);
  }
}

/**
 * @returns exit code: 0 where nothing is dangerous, or all of it acknowledged; 2 otherwise
 * @throws UserError for input that cannot be read
 */
export function planReview(options: ReviewOptions): 0 | 2 {
  if (options.plan.length + options.review.length === 0)
    throw new UserError("There is no plan to review: name one with --plan plan.json.");
  if (options.plan.length === 0 && (options.acknowledged !== undefined || options.acknowledge?.length))
    throw new UserError("A review made elsewhere keeps its acknowledgements: acknowledge where its plan is reviewed.");
  if (options.out !== undefined) requireWritable("--out", options.out);
  const own = review(options.plan.map(readPlan), acknowledgementsOf(options));
  const found = mergeReviews([...(options.plan.length > 0 ? [own] : []), ...options.review.map(readReview)]);
  const stacks = found.stacks.map(({ stack }) => stack);
  const twice = stacks.find((stack, index) => stacks.indexOf(stack) !== index);
  if (twice !== undefined) throw new UserError(`Two plans are of the stack ${twice}: give the last one only.`);
  write(FORMATS[options.format](found), options.out);
  return exitCodeOf(found);
}
