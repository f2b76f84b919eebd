// npm run plan-review -- --plan plan.json: what plans would do, the dangerous first. Exit code 2: dangerous.
import { Command, Option } from "commander";
import { run } from "./command";
import { ACKNOWLEDGEMENTS_FILE } from "./plan-review/acknowledgements-file";
import { planReview, type ReviewOptions } from "./plan-review/command";
import { FORMATS } from "./plan-review/output";

const collect = (value: string, before: string[]) => [...before, value];

new Command("plan-review")
  .description(
    "Reviews plans of Terraform. Exit code 0: nothing dangerous, or all of it acknowledged; 2: dangerous; 1: unreadable.",
  )
  .option("--plan <file>", "JSON of a plan, as terraform show -json prints it; may be given again", collect, [])
  .option("--review <file>", "a review made elsewhere, as --format json wrote it; may be given again", collect, [])
  .addOption(new Option("--format <format>", "of the review").choices(Object.keys(FORMATS)).default("text"))
  .option("--out <file>", "write the review there, not to stdout")
  .option("--acknowledged <file>", `acknowledged dangers, one per line (default: ${ACKNOWLEDGEMENTS_FILE}, if there)`)
  .option("--acknowledge <line>", "one more line of it; may be given again", collect, [])
  .action((options: ReviewOptions) =>
    run(async () => {
      process.exitCode = planReview(options);
    }),
  )
  .parse();
