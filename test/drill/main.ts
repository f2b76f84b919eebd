// npm run drill: the command around the drill.
import { Command } from "commander";
import { run } from "../../scripts/command";
import { type DrilledAccounts, drill } from "./drill";
import { passed } from "./report";
import { say } from "./say";

const command = new Command("drill")
  .description(
    "Deploys to two AWS accounts on this machine, loses the database, restores it, proves that nothing was lost.",
  )
  .option("--report <file>", "write the report as JSON")
  .option("--keep", "leave the local AWS running at the end, to look around; Ctrl-C ends it", false)
  .action(({ report, keep }: { report?: string; keep: boolean }) =>
    run(async () => {
      const outcome = await drill({ ...(report && { report }), ...(keep && { afterwards: lookAround }) });
      if (!passed(outcome)) process.exitCode = 1;
    }),
  );

/** Waits for Ctrl-C, having said how to reach the local AWS. */
async function lookAround({ aws }: DrilledAccounts): Promise<void> {
  const settings = Object.entries(aws.environment()).filter(([name]) => /^(AWS_|HTTP_PROXY)/.test(name));
  say(
    `\nThe local AWS stays up until Ctrl-C. In another terminal:\n${settings.map(([name, value]) => `  export ${name}='${value}'`).join("\n")}`,
  );
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
}

command.parseAsync();
