// npm test: checks the machine, then runs every check and test there is; the last line says how many passed and failed.
import { Command } from "commander";
import { requireTools } from "../test/local-aws/tools";
import { run } from "./command";
import { ensureProviders } from "./providers/index";
import { checkMachine } from "./test/machine";
import { type Part, runParts } from "./test/parts";
import { jest, tool } from "./test/run";

const print = (line: string) => console.log(line);

const machine: Part = { name: "machine", run: () => checkMachine(requireTools, print) };
const quick: Part[] = [
  { name: "lint", run: () => tool("biome", ["check", "."]) },
  { name: "typecheck", run: () => tool("tsc", ["--noEmit"]) },
  { name: "unit", run: () => jest(["--selectProjects", "unit"]) },
];
/** Those that measure time, or have containers, have the machine for themselves. */
const ALONE = "test/(drill|containers)/";
const integration = (name: string, ...choice: string[]): Part => ({
  name,
  run: async () => jest(["--selectProjects", "integration", ...choice], await ensureProviders()),
});
const integrations: Part[] = [
  integration("drill, containers", "--runInBand", ALONE),
  // Deployments wait more than they work.
  integration("integration", "--maxWorkers=2", `^(?!.*${ALONE})`),
];

new Command("test")
  .description("Runs lint, typecheck, unit and integration tests.")
  .option("--integration", "only the integration tests, which run Terraform against the local AWS")
  .action((options: { integration?: boolean }) =>
    run(async () => {
      const parts = options.integration ? [machine, ...integrations] : [machine, ...quick, ...integrations];
      process.exitCode = await runParts(parts, print);
    }),
  )
  .parse();
