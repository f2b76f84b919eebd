// npm run destroy -- --stage dev: takes down all stacks of a stage whose protection was turned off, and keeps a last snapshot.
import { Command } from "commander";
import { findStage, loadOwnDeployment } from "../config";
import { run } from "./command";
import { destroyStage } from "./destroy/index";

interface Flags {
  stage: string;
  confirm?: string;
  dryRun: boolean;
}

new Command("destroy")
  .description("Destroys all stacks of a stage, in the order that works. A protected stage is refused.")
  .requiredOption("--stage <name>", "stage of stages.ts")
  .option("--dry-run", "check and plan, change nothing", false)
  .option("--confirm <name>", "the stage's name once more, where there is no terminal to type it on")
  .action(({ stage, ...options }: Flags) =>
    run(async () => {
      const { config } = loadOwnDeployment();
      await destroyStage(findStage(config, stage), config, options);
    }),
  )
  .parse();
