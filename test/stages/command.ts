// Runs the project's commands as a person does, against the local AWS, with a configuration of the test's own.
import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeploymentInput, PROJECT_ROOT } from "../../config";
import { WITHOUT_WAF } from "../without-waf";

export interface Run {
  code: number | null;
  /** What was printed, both streams. */
  output: string;
}

/** Writes a deployment to the configuration file that `runCommand` is given; its stages go without AWS WAF unless they say so. */
export function writeStages(file: string, config: DeploymentInput): void {
  const stages = config.stages.map((stage) => ({ waf: WITHOUT_WAF, ...stage }));
  writeFileSync(file, `export default ${JSON.stringify({ ...config, stages }, null, 2)};\n`);
}

/**
 * Runs one of scripts/ without a terminal.
 * @param script such as `deploy.ts`
 * @param env the local AWS's, with REDCAP_STAGES_FILE
 */
export async function runCommand(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", join("scripts", script), ...args], {
    cwd: PROJECT_ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

/** A deployment by somebody who is sure: dangers that stop it are acknowledged by the very lines that it asks for. */
export async function deploySurely(args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-acknowledged-"));
  const file = join(folder, "acknowledged.txt");
  try {
    writeFileSync(file, "");
    for (;;) {
      const run = await runCommand("deploy.ts", [...args, "--yes", "--acknowledged", file], env);
      const asked = /has dangers that nobody has acknowledged.*\n((?: {2}\S+ \S+ \S+\n)+)/.exec(run.output)?.[1];
      if (!asked) return run;
      appendFileSync(file, asked);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
