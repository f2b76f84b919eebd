// Runs other programs: the ordinary way, and so that they outlive a killed command.
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../command";

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program and collects what it prints. */
export function execute(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onText?: (text: string) => void },
): Promise<Output> {
  const { cwd, env, onText } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
      onText?.(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
      onText?.(text);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, ...output }));
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const TAIL_EVERY_MS = 1_000;

/**
 * Runs a program that must not be cut short: it writes to files, not to us, and has a process group of its own. If this
 * process is killed, it goes on and ends by itself; a signal is passed on once, and its end is waited for.
 * @throws UserError after an interruption, when the program has ended
 */
export async function runDetached(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; onLine?: (line: string) => void },
): Promise<Output> {
  const { cwd, env, onLine } = options;
  // Inside the folder of the stack, which only its owner may read: what Terraform prints can hold secrets.
  const folder = mkdtempSync(join(cwd, ".output-"));
  const files = [join(folder, "stdout"), join(folder, "stderr")] as const;
  const [out, err] = files.map((file) => openSync(file, "w", 0o600)) as [number, number];
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", out, err] });
  closeSync(out);
  closeSync(err);
  let interrupted = false;
  const forward = () => {
    if (interrupted) return;
    interrupted = true;
    console.error(`\nInterrupted: waiting for ${command} to end in order.`);
    child.kill("SIGINT");
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const tail = setInterval(
    () => onLine?.(readFileSync(files[0], "utf8").trimEnd().split("\n").at(-1) ?? ""),
    TAIL_EVERY_MS,
  );
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve(status ?? 1));
    });
    if (interrupted)
      throw new UserError(`${command} ${args[0]} was interrupted and has ended. Give the same command again to go on.`);
    const [stdout, stderr] = files.map((file) => readFileSync(file, "utf8")) as [string, string];
    return { code, stdout, stderr };
  } finally {
    clearInterval(tail);
    for (const signal of SIGNALS) process.removeListener(signal, forward);
    rmSync(folder, { recursive: true, force: true });
  }
}
