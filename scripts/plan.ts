// npm run plan -- --stage prod: what a deployment would do, the dangerous first. Exit code 2: dangerous. Nothing is changed.
import { Command, Option } from "commander";
import { findTarget, knownStacks, loadOwnDeployment, type TargetFlags } from "../config";
import { once, requireWritable, run } from "./command";
import { planId } from "./plan/id";
import { planTarget } from "./plan/index";
import { ACKNOWLEDGEMENTS_FILE } from "./plan-review/acknowledgements-file";
import { exitCodeOf, FORMATS, type Format, write } from "./plan-review/output";

interface Flags extends TargetFlags {
  save?: string | true;
  unchanged: boolean;
  acknowledged?: string;
  format: Format;
  out?: string;
}

new Command("plan")
  .description(
    "Plans all stacks of a stage as a deployment would, and reviews them. Exit codes are those of plan-review.",
  )
  .option("--stage <name>", "stage of stages.ts", once)
  .option("--backup-account", "the vault in the account of backupDestination")
  .option("--route53-ns", "the name-server records in the account of route53Ns")
  .option(
    "--save [id]",
    "keep the plans beside the state, for npm run deploy -- … --saved; id: by default git's of the code",
  )
  .option(
    "--unchanged",
    "exit code 2 where there is anything to change, or an acknowledgement is left over, too",
    false,
  )
  .option("--acknowledged <file>", `acknowledged dangers, one per line (default: ${ACKNOWLEDGEMENTS_FILE}, if there)`)
  .addOption(new Option("--format <format>", "of the review").choices(Object.keys(FORMATS)).default("text"))
  .option("--out <file>", "write the review there, not to stdout")
  .action(({ save, unchanged, acknowledged, format, out, ...flags }: Flags) =>
    run(async () => {
      if (out !== undefined) requireWritable("--out", out);
      const { config } = loadOwnDeployment();
      const target = findTarget(config, flags);
      const keepAs = save === undefined ? undefined : await planId(save);
      const { review, differs, digest } = await planTarget(target, {
        keepAs,
        acknowledged,
        known: knownStacks(config),
      });
      // A file, or stdout for a person; otherwise stdout is the review's alone.
      const say = out === undefined && format !== "text" ? console.error : console.log;
      if (digest) say(`id = ${keepAs}\ndigest = ${digest}\ndiffers = ${differs}`);
      write(FORMATS[format](review), out);
      if (keepAs !== undefined && !digest) console.error("Not kept: no command applies this.");
      // A line that covers nothing any more would cover the next change of the same kind.
      const isLeft = differs || review.unusedAcknowledgements.length > 0;
      const isRefused = (keepAs !== undefined && !digest) || (unchanged && isLeft);
      process.exitCode = isRefused ? 2 : exitCodeOf(review);
    }),
  )
  .parse();
