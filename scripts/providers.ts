// npm run providers: gets Terraform's providers ready, by building them where Terraform's registry does not answer.
import { Command } from "commander";
import { run } from "./command";
import { resolveProviders } from "./providers/index";

const program = new Command("providers")
  .description("Gets Terraform's providers ready. Where Terraform's registry answers, there is nothing to do.")
  .option("--force-build", "use a locally built mirror even where the registry answers")
  .option("--print-env", 'print what to set for terraform: eval "$(npm run --silent providers -- --print-env)"')
  .action(({ forceBuild, printEnv }: { forceBuild?: boolean; printEnv?: boolean }) =>
    run(async () => {
      const { source, env } = await resolveProviders(forceBuild ? { forceBuild } : undefined);
      if (printEnv)
        for (const [name, value] of Object.entries(env))
          console.log(`export ${name}='${value?.replaceAll("'", "'\\''")}'`);
      else console.error(`Terraform's providers: ${DESCRIPTION[source]}${env.TF_CLI_CONFIG_FILE ?? ""}`);
    }),
  );

const DESCRIPTION = {
  registry: "from its registry.",
  own: "from where your Terraform CLI configuration says.",
  mirror: "from a mirror on this machine, used through ",
};

program.parse();
