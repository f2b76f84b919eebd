// npm run deploy -- --stage prod: every stack of a stage, each plan judged by the gate, then applied exactly as planned.
import { Command } from "commander";
import { findStage, loadOwnDeployment } from "../config";
import { run } from "./command";
import { deployStage } from "./deploy/index";

interface Flags {
  stage: string;
  yes: boolean;
  dryRun: boolean;
}

new Command("deploy")
  .description("Deploys all stacks of a stage in their order. Nothing stateful is ever destroyed or replaced by it.")
  .requiredOption("--stage <name>", "stage of stages.ts")
  .option("--dry-run", "check and plan, change nothing", false)
  .option("--yes", "do not ask before applying", false)
  .action(({ stage, ...options }: Flags) =>
    run(async () => {
      const { config } = loadOwnDeployment();
      await deployStage(findStage(config, stage), options);
    }),
  )
  .parse();
