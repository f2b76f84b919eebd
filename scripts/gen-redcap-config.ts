// npm run gen:redcap-config -- --stage prod: asks for REDCap's first settings and writes them as SQL that containers run.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { Command } from "commander";
import { findStage, loadDeployment, PROJECT_ROOT, settingsFile } from "../config";
import { isInteractive } from "./ask";
import { run, UserError } from "./command";
import { FIELDS } from "./redcap-config/fields";
import { checkSetting, readSettings, settingsSql } from "./redcap-config/sql";

interface Flags {
  stage: string;
  set: Record<string, string>;
  yes: boolean;
}

const collect = (text: string, before: Record<string, string>) => {
  const at = text.indexOf("=");
  if (at < 1)
    throw new UserError(`--set ${text}: write a name and a value, such as --set institution="Example Hospital".`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};

new Command("gen:redcap-config")
  .description("Asks for REDCap's first settings, checks them, and writes the SQL that containers run when they start.")
  .requiredOption("--stage <name>", "stage of stages.ts")
  .option("--set <name=value>", "answers a question beforehand; can be repeated", collect, {})
  .option("--yes", "do not ask: what --set and the file do not say is left to REDCap", false)
  .action((flags: Flags) => run(() => generate(flags)))
  .parse();

async function generate({ stage: name, set, yes }: Flags): Promise<void> {
  const stage = findStage(loadDeployment().config, name);
  for (const [field, value] of Object.entries(set)) checkSetting(field, value);
  if (!yes && !isInteractive()) throw new UserError("There is no terminal to ask on: answer with --set and add --yes.");
  const file = settingsFile(stage);
  const before = existsSync(file) ? readSettings(readFileSync(file, "utf8")) : {};
  const given = { ...before, ...set };
  const answers: Record<string, string> = {};
  for (const field of FIELDS) {
    const answer = field.name in set || yes ? (given[field.name] ?? "") : await ask(field, given[field.name]);
    const value = checkSetting(field.name, answer);
    if (value !== "") answers[field.name] = value;
  }
  if (Object.keys(answers).length === 0) throw new UserError("Nothing was answered, so there is nothing to write.");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, settingsSql(answers));
  console.log(
    `${relative(PROJECT_ROOT, file)}: ${Object.keys(answers).length} settings. Commit it; the next deployment applies it.`,
  );
}

/** @param known the answer of an earlier run */
async function ask(
  { name, question, suggestion }: (typeof FIELDS)[number],
  known: string | undefined,
): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  return input({
    message: `${question} (${name}, empty: as REDCap has it)`,
    default: known ?? suggestion,
    validate: (answer) => {
      try {
        checkSetting(name, answer);
        return true;
      } catch (error) {
        return (error as Error).message;
      }
    },
  });
}
