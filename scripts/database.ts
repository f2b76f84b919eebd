// npm run database -- status --stage prod: versions, certificates, and what waits for a reboot or a maintenance window.
import { Command } from "commander";
import { findStage, loadOwnDeployment } from "../config";
import { assertAccount } from "./aws";
import { run } from "./command";
import { describeStatus } from "./database/report";
import { databaseStatus } from "./database/status";

const command = new Command("database").description("Looks at a stage's database. Changes nothing.");

command
  .command("status")
  .description("Engine version and patches, certificates, pending reboots and maintenance, parameters, backtrack.")
  .requiredOption("--stage <name>", "stage of stages.ts")
  .action((options: { stage: string }) =>
    run(async () => {
      const stage = findStage(loadOwnDeployment().config, options.stage);
      await assertAccount(stage);
      console.log(describeStatus(stage, await databaseStatus(stage)));
    }),
  );

command.parse();
