// npm run providers: gets Terraform's providers ready, by building them where Terraform's registry does not answer.
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { Command } from "commander";
import { run } from "./command";
import { fetchModule } from "./providers/build";
import { resolveProviders } from "./providers/index";
import { describeResourceTypes, RESOURCE_TYPES_FILE } from "./providers/resource-types";

const program = new Command("providers")
  .description("Gets Terraform's providers ready. Where Terraform's registry answers, there is nothing to do.")
  .option("--force-build", "use a locally built mirror even where the registry answers")
  .option("--print-env", 'print what to set for terraform: eval "$(npm run --silent providers -- --print-env)"')
  .option("--write-types", "after a change of versions: rewrite scripts/providers/resource-types.txt from the source")
  .action(({ forceBuild, printEnv, writeTypes }: Record<string, boolean | undefined>) =>
    run(async () => {
      if (writeTypes) return writeResourceTypes();
      const { source, env } = await resolveProviders(forceBuild ? { forceBuild } : undefined);
      if (printEnv)
        for (const [name, value] of Object.entries(env))
          console.log(`export ${name}='${value?.replaceAll("'", "'\\''")}'`);
      else console.error(`Terraform's providers: ${DESCRIPTION[source]}${env.TF_CLI_CONFIG_FILE ?? ""}`);
    }),
  );

async function writeResourceTypes(): Promise<void> {
  const [aws, random] = [await fetchModule("aws", tmpdir()), await fetchModule("random", tmpdir())];
  writeFileSync(RESOURCE_TYPES_FILE, describeResourceTypes(aws, random));
}

const DESCRIPTION = {
  registry: "from its registry.",
  own: "from where your Terraform CLI configuration says.",
  mirror: "from a mirror on this machine, used through ",
};

program.parse();
