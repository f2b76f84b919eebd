// npm run maintenance -- start | status | stop: a temporary server for requests that are too long for the service.
import { Command } from "commander";
import { findStage, loadOwnDeployment, type StageConfig } from "../config";
import { assertAccount } from "./aws";
import { run } from "./command";
import { parseHours, start, status, stop } from "./maintenance/index";

interface Flags {
  stage: string;
  hours?: string;
  yes: boolean;
}

const program = new Command("maintenance").description(
  "The maintenance server: starts one for some hours, says how to reach it, removes it.",
);

/** A subcommand for a stage, in the right account. */
function subcommand(
  name: string,
  description: string,
  act: (stage: StageConfig, flags: Flags) => Promise<void>,
): Command {
  return program
    .command(name)
    .description(description)
    .requiredOption("--stage <name>", "stage of stages.ts")
    .action((flags: Flags) =>
      run(async () => {
        const stage = findStage(loadOwnDeployment().config, flags.stage);
        await act(stage, flags);
      }),
    );
}

subcommand("start", "Starts a server, and returns when it can be reached.", async (stage, { hours, yes }) => {
  const duration = parseHours(stage, hours);
  await assertAccount(stage);
  await start(stage, duration, yes);
})
  .option("--hours <n>", "hours after which it removes itself; default: maintenanceServer.hours of the stage")
  .option("--yes", "do not ask before starting it", false);

subcommand("status", "Says whether a server runs, until when, and how to reach it.", async (stage) => {
  await assertAccount(stage);
  await status(stage);
});

subcommand("stop", "Removes the server now, with what runs on it.", async (stage, { yes }) => {
  await assertAccount(stage);
  await stop(stage, yes);
}).option("--yes", "do not ask before removing it", false);

program.parseAsync();
