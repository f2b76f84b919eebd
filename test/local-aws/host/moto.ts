// moto_server in its own virtual environment: made once in the user's cache folder, started per run.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { freePort } from "./ports";
import { command, startServer, stopServer, until } from "./processes";

const REQUIREMENTS = join(__dirname, "..", "requirements.txt");

/** The project's folder in the user's cache (XDG Base Directory Specification). */
export function cacheFolder(): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "redcap-aws");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs `make` once, also when two processes come at the same time; the folder appears when it is complete. */
export async function madeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  const release = await lock(cacheFolder(), {
    lockfilePath: `${folder}.lock`,
    stale: 60_000,
    retries: { retries: 600, minTimeout: 500, maxTimeout: 500 },
  });
  try {
    if (!existsSync(folder)) {
      rmSync(`${folder}.part`, { recursive: true, force: true });
      await make(`${folder}.part`);
      renameSync(`${folder}.part`, folder);
    }
  } finally {
    await release();
  }
  return folder;
}

/** A virtual environment with what a requirements file pins by hash. @returns its folder of programs */
export async function pythonPrograms(
  name: string,
  requirements: string,
  python3: string,
  progress: () => void,
): Promise<string> {
  const version = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const folder = await madeOnce(join(cacheFolder(), `${name}-${version}`), async (folder) => {
    progress();
    await command(python3, ["-m", "venv", folder]);
    const options = ["--quiet", "--disable-pip-version-check", "--require-hashes"];
    await command(join(folder, "bin", "python"), ["-m", "pip", "install", ...options, "-r", requirements]);
  });
  return join(folder, "bin");
}

export interface MotoServer {
  port: number;
  stop(): Promise<void>;
}

/** Starts moto_server on a free port of 127.0.0.1. */
export async function startMoto(options: {
  python3: string;
  log: string;
  progress: (line: string) => void;
}): Promise<MotoServer> {
  const programs = await pythonPrograms("moto", REQUIREMENTS, options.python3, () =>
    options.progress("Installing moto, the AWS emulator, into the user's cache: about a minute, once …"),
  );
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // AWS's own managed policies, which roles of the stacks attach.
    MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
    // Seconds after which moto issues a certificate without looking for its record: never. gaps/acm-issuing.ts looks.
    MOTO_ACM_VALIDATION_WAIT: "1000000000",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  // Not the moto_server script: its first line names the folder in which the environment was made, before it was renamed.
  const main = "import sys; from moto.server import main; main(sys.argv[1:])";
  const child = startServer(
    join(programs, "python"),
    ["-c", main, "-H", "127.0.0.1", "-p", String(port)],
    options.log,
    env,
  );
  await until("moto_server's start", 60, async () => {
    if (child.exitCode !== null) throw new Error(`moto_server ended: see ${options.log}`);
    return fetch(`http://127.0.0.1:${port}/moto-api/data.json`, { signal: AbortSignal.timeout(20_000) }).then(
      () => true,
      () => undefined,
    );
  });
  return { port, stop: () => stopServer(child, "SIGKILL") };
}
