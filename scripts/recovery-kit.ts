// npm run recovery-kit -- list | fetch | put-salt: what AWS Backup cannot hold, back from the backup account.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import {
  type BackupDestinationConfig,
  findStage,
  keepsRecoveryKit,
  loadOwnDeployment,
  type StageConfig,
} from "../config";
import { FILES } from "../functions/recovery-kit/manifest";
import { assertAccount } from "./aws";
import { run, UserError } from "./command";
import { keptConfiguration } from "./recovery-kit/configuration";
import { describeChanges, describeKits, nextCommands } from "./recovery-kit/describe";
import { choose } from "./recovery-kit/history";
import { KitReader, writeOnce } from "./recovery-kit/kit";
import { putSalt } from "./recovery-kit/put-salt";

const program = new Command("recovery-kit").description(
  "The recovery kit in the backup account: REDCap's salt, the zip, which image ran, the configuration.",
);

const subcommand = (name: string, description: string): Command =>
  program.command(name).description(description).requiredOption("--stage <name>", "stage of stages.ts");

function configured(name: string): { stage: StageConfig; destination: BackupDestinationConfig } {
  const { config } = loadOwnDeployment();
  const stage = findStage(config, name);
  const { backupDestination: destination } = config;
  if (!keepsRecoveryKit(stage, destination))
    throw new UserError(`Stage ${name} keeps no recovery kit: that needs backup.enabled and backupDestination.`);
  return { stage, destination };
}

async function readerOf(name: string): Promise<KitReader> {
  const { stage, destination } = configured(name);
  await assertAccount(destination);
  return new KitReader(destination, stage);
}

/** @returns the stage in it, where it is valid */
async function writeStagesFile(folder: string): Promise<StageConfig | undefined> {
  const { stagesFile, stage, problem } = keptConfiguration(await readFile(join(folder, FILES.stages), "utf8"));
  if (stagesFile) await writeOnce(join(folder, "stages.ts"), stagesFile);
  if (problem) console.error(`Warning: the configuration needs a look before it can be used.\n${problem}`);
  return stage;
}

subcommand("list", "Shows which kits there are, with the backup account's credentials.").action(
  ({ stage }: { stage: string }) => run(async () => console.log(describeKits(await (await readerOf(stage)).kits()))),
);

subcommand("fetch", "Brings a kit back and checks it, with the backup account's credentials.")
  .requiredOption("--to <folder>", "where it goes: an empty folder, or one that is not there")
  .option("--manifest <version>", "kit to bring back, as list shows it; default: the newest")
  .action(({ stage, to, manifest }: { stage: string; to: string; manifest?: string }) =>
    run(async () => {
      const reader = await readerOf(stage);
      const kits = await reader.kits();
      const kit = choose(kits, manifest);
      const files = await reader.fetch(kit, to);
      const kept = files.includes(FILES.stages) ? await writeStagesFile(to) : undefined;
      console.error(`${to} has ${files.join(", ")} of ${kit.time.toISOString()}, as the manifest names them:`);
      console.error(`${describeChanges(kit, kits)}\nLook at what changed before you use it. Then:`);
      console.log(
        nextCommands({ stage: reader.stage, destination: reader.destination, folder: to, files, kept }).join("\n"),
      );
    }),
  );

subcommand("put-salt", "Puts a kit's salt into the stage's secret, before the first deployment.")
  .requiredOption("--from <folder>", "where fetch put the kit")
  .option("--yes", "do not ask before the secret is made", false)
  .action(({ stage, from, yes }: { stage: string; from: string; yes: boolean }) =>
    run(async () => console.log(await putSalt(findStage(loadOwnDeployment().config, stage), from, yes))),
  );

program.parseAsync();
