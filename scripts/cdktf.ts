// npm run cdktf -- …: cdktf's own command line, with Terraform's providers made available first where they are needed.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadDeployment, PROJECT_ROOT } from "../config";
import { run } from "./command";
import { resolveProviders, type Source } from "./providers/index";
import { dropForeignLockFiles } from "./providers/lock-files";
import { checkTerraform } from "./test/machine";

/** Commands that run Terraform, and whether they take --skip-provider-lock. */
const TERRAFORM_COMMANDS: Record<string, boolean> = {
  deploy: true,
  apply: true,
  destroy: true,
  diff: true,
  plan: true,
  output: true,
  outputs: true,
  watch: false,
};

export interface Invocation {
  /** The command, where it is one that runs Terraform. */
  command: string | undefined;
  /** cdktf's output folder. */
  output: string;
}

/** What the arguments ask of cdktf, as far as it matters here. */
export function readArguments(args: string[]): Invocation {
  const { values, positionals } = parseArgs({
    args,
    strict: false,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
  });
  const command = values.help ? undefined : positionals.find((word) => Object.hasOwn(TERRAFORM_COMMANDS, word));
  const output = values.output ?? process.env.CDKTF_OUTPUT ?? "cdktf.out";
  return { command, output: resolve(PROJECT_ROOT, String(output)) };
}

/** `terraform providers lock` goes to the registry; where the providers come from elsewhere it is left out. */
export function withProviderLock(args: string[], command: string, source: Source): string[] {
  const skip = source !== "registry" && TERRAFORM_COMMANDS[command] && !args.includes("--skip-provider-lock");
  const after = args.indexOf(command) + 1;
  return skip ? args.toSpliced(after, 0, "--skip-provider-lock") : args;
}

async function main(given: string[]): Promise<void> {
  const { command, output } = readArguments(given);
  let args = given;
  let env: NodeJS.ProcessEnv = { CHECKPOINT_DISABLE: "1" };
  if (command) {
    // What is wrong here is better said now, in one place, than by cdktf twice.
    loadDeployment();
    await checkTerraform();
    const providers = await resolveProviders();
    dropForeignLockFiles(output, providers);
    args = withProviderLock(given, command, providers.source);
    env = { ...env, ...providers.env };
  }
  process.exitCode = await runCdktf(args, { ...process.env, ...env });
}

/** @returns cdktf's exit code, or 128 plus the number of the signal that ended it */
async function runCdktf(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const cdktf = spawn(process.execPath, [require.resolve("cdktf-cli/bundle/bin/cdktf"), ...args], {
    cwd: PROJECT_ROOT,
    stdio: "inherit",
    env,
  });
  // A terminal sends Ctrl-C to cdktf, too, and Terraform takes a second interrupt as "stop without saving the state".
  let last = 0;
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY && Date.now() - last > 1000) cdktf.kill("SIGINT");
    last = Date.now();
  });
  process.on("SIGTERM", () => cdktf.kill("SIGTERM"));
  return new Promise((done, fail) => {
    cdktf.on("error", fail);
    cdktf.on("exit", (code, signal) => done(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
  });
}

if (require.main === module) void run(() => main(process.argv.slice(2)));
