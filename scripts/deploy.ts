// npm run deploy -- --stage prod: every stack of a stage, each plan judged by the gate, then applied exactly as planned.
import { Command } from "commander";
import { findTarget, loadOwnDeployment, type TargetFlags } from "../config";
import { run } from "./command";
import { type DeployOptions, deployTarget } from "./deploy/index";

type Flags = TargetFlags & DeployOptions;

new Command("deploy")
  .description("Deploys all stacks of a stage in their order. Nothing stateful is ever destroyed or replaced by it.")
  .option("--stage <name>", "stage of stages.ts")
  .option("--backup-account", "the vault in the account of backupDestination")
  .option("--route53-ns", "the name-server records in the account of route53Ns")
  .option("--dry-run", "check and plan, change nothing", false)
  .option("--yes", "do not ask before applying; a danger that nobody acknowledged is refused", false)
  .option("--saved", "apply the plans that npm run plan -- … --save kept for this code", false)
  .option("--digest <sha256>", "with --saved: of the plans that were approved; no others are applied")
  .action((flags: Flags) =>
    run(async () => {
      const { config } = loadOwnDeployment();
      await deployTarget(findTarget(config, flags), flags);
    }),
  )
  .parse();
