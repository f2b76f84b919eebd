// npm run bootstrap -- --stage prod: prepares an AWS account. Safe to run again.
import { Command } from "commander";
import { loadOwnDeployment, type TargetFlags } from "../config";
import { bootstrapAccount } from "./bootstrap/index";
import { accountsToPrepare } from "./bootstrap/targets";
import { run } from "./command";

interface Flags extends TargetFlags {
  yes?: boolean;
  dryRun?: boolean;
  strict?: boolean;
}

async function main(): Promise<void> {
  const flags = new Command("bootstrap")
    .description("Creates Terraform's state bucket and lock table in an account, and the settings it has once.")
    .option("--stage <name>", "the account of this stage")
    .option("--backup-account", "the account of backupDestination")
    .option("--route53-ns", "the account of route53Ns")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--yes", "do not ask")
    .option("--strict", "fail if the organization does not allow cross-account backup")
    .parse()
    .opts<Flags>();

  for (const { label, account, options } of accountsToPrepare(loadOwnDeployment().config, flags)) {
    console.log(`Account ${account.accountId} in ${account.region} (${label})`);
    const result = await bootstrapAccount(account, { ...options, ...flags });
    if (result.crossAccountProblem) {
      console.error(`Warning: ${result.crossAccountProblem}`);
      if (flags.strict) process.exitCode = 1;
    }
    if (result.pending > 0) console.log(`Nothing was changed; ${result.pending} to do.`);
    else if (result.changed === 0) console.log("Nothing to do.");
    else console.log(`Done: ${result.changed} ${result.changed === 1 ? "change" : "changes"}.`);
  }
}

void run(main);
