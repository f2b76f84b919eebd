// The parts of `npm test` that are other programs: tools that pass or fail as one, and jest, whose tests are counted.
import { type StdioOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import type { Counts } from "./parts";

/** Runs one of the project's installed programs; it counts as one. */
export async function tool(name: string, args: string[], output: StdioOptions = "inherit"): Promise<Counts> {
  return (await exitCode(name, args, {}, output)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs jest and counts its tests. A test file that cannot be run counts as one failure. */
export async function jest(args: string[], env = {}, output: StdioOptions = "inherit"): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-test-"));
  try {
    const report = join(folder, "report.json");
    const code = await exitCode("jest", [...args, "--json", "--outputFile", report], env, output);
    return countTests(existsSync(report) ? readFileSync(report, "utf8") : undefined, code);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param report jest's report as JSON; undefined where jest ended before it wrote one */
export function countTests(report: string | undefined, code: number): Counts {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(report ?? "{}") as {
    numPassedTests?: number;
    numFailedTests?: number;
    numRuntimeErrorTestSuites?: number;
  };
  const failed = (numFailedTests ?? 0) + (numRuntimeErrorTestSuites ?? 0);
  // jest has its own reasons to fail, such as no tests at all.
  return { passed: numPassedTests ?? 0, failed: failed || (code === 0 ? 0 : 1) };
}

function exitCode(name: string, args: string[], env: NodeJS.ProcessEnv, stdio: StdioOptions): Promise<number> {
  const program = join(PROJECT_ROOT, "node_modules/.bin", name);
  const child = spawn(program, args, { cwd: PROJECT_ROOT, stdio, env: { ...process.env, ...env } });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code) => done(code ?? 1));
  });
}
