// npm run deploy -- --stage prod: every stack of a stage, each plan judged by the gate, then applied exactly as planned.
import { Command } from "commander";
import { findTarget, loadOwnDeployment, type TargetFlags } from "../config";
import { once, run, UserError } from "./command";
import { type DeployOptions, deployTarget } from "./deploy/index";
import { planId } from "./plan/id";
import { ACKNOWLEDGEMENTS_FILE } from "./plan-review/acknowledgements-file";

interface Flags extends TargetFlags, Omit<DeployOptions, "saved"> {
  saved?: string | true;
}

new Command("deploy")
  .description("Deploys all stacks of a stage in their order. Nothing stateful is ever destroyed or replaced by it.")
  .option("--stage <name>", "stage of stages.ts", once)
  .option("--backup-account", "the vault in the account of backupDestination")
  .option("--route53-ns", "the name-server records in the account of route53Ns")
  .option("--dry-run", "check and plan, change nothing", false)
  .option("--yes", "do not ask before applying; a danger that nobody acknowledged is refused", false)
  .option("--acknowledged <file>", `acknowledged dangers, one per line (default: ${ACKNOWLEDGEMENTS_FILE}, if there)`)
  .option("--saved [id]", "apply the plans that npm run plan -- … --save kept; id: by default git's of the code")
  .option("--digest <sha256>", "with --saved: of the plans that were approved; no others are applied")
  .action(({ saved, ...flags }: Flags) =>
    run(async () => {
      if (flags.digest !== undefined && saved === undefined)
        throw new UserError("--digest is of saved plans: add --saved, or leave it out.");
      if (flags.digest !== undefined && !/^[0-9a-f]{64}$/i.test(flags.digest))
        throw new UserError(
          `--digest "${flags.digest}": a digest is 64 hexadecimal digits, as npm run plan -- … --save printed them.`,
        );
      const { config } = loadOwnDeployment();
      const target = findTarget(config, flags);
      await deployTarget(target, { ...flags, ...(saved !== undefined && { saved: await planId(saved) }) });
    }),
  )
  .parse();
