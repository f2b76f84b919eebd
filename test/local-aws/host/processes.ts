// Child processes of the local AWS: short commands, and servers that never outlive this process.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a command to its end. @throws Error with the end of its output when it fails */
export async function command(file: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  try {
    return (await execute(file, args, { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    throw new Error(`${file} failed: ${(stderr || stdout || String(error)).trim().slice(-2000)}`);
  }
}

/** Where a program is, also in the sbin folders that are not on every user's PATH. */
export function which(...names: string[]): string | undefined {
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/bin",
    "/usr/local/bin",
  ];
  return names.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find((path) => existsSync(path));
}

const servers = new Set<ChildProcess>();
process.on("exit", () => {
  for (const server of servers) server.kill("SIGKILL");
});

/**
 * Starts a server whose output goes to a file. It ends with this process, also when that is killed: setpriv (util-linux)
 * asks the kernel for it, and the exit handler above serves where setpriv is missing.
 * @param user account to run as; only root can give one
 */
export function startServer(file: string, args: string[], log: string, env = process.env, user?: string): ChildProcess {
  const setpriv = which("setpriv");
  const identity = user ? [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"] : [];
  const [program, ...rest] = setpriv ? [setpriv, ...identity, "--pdeathsig=KILL", file, ...args] : [file, ...args];
  const output = openSync(log, "a");
  const child = spawn(program as string, rest, { env, stdio: ["ignore", output, output] });
  servers.add(child);
  child.once("exit", () => servers.delete(child));
  child.once("error", () => servers.delete(child));
  return child;
}

/** Ends a server: asks first, and kills it when it has not ended after `patienceSeconds`. */
export async function stopServer(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM", patienceSeconds = 5) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceSeconds * 1000);
  await ended;
  clearTimeout(timer);
}

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `attempt` gives a value. @throws Error saying what was waited for, after `seconds` */
export async function until<T>(what: string, seconds: number, attempt: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`${what}: not after ${seconds} s.`);
    await sleep(50);
  }
}
