// Runs a container of an image: the real file system, user and environment; signals and exit code as an engine gives them.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../local-aws/host/ports";
import { until } from "../../local-aws/host/processes";
import { type LogLine, Logs } from "./logs";
import { buildah, buildahEnvironment, imageSettings } from "./storage";

export interface ContainerOptions {
  image: string;
  /** Arguments of the image's entrypoint. Default: the image's CMD. */
  command?: string[];
  /** Replaces the image's entrypoint. */
  entrypoint?: string[];
  /** Added to the image's own variables; PORT is set to a free port unless given. Nothing of the caller's is in it. */
  environment?: Record<string, string>;
  /** Folders that can be written to, empty volumes as of a task definition. Default: the image's VOLUMEs. */
  volumes?: string[];
  /** Files and folders of this machine, read-only unless `writable`. */
  mounts?: { source: string; target: string; writable?: boolean }[];
  /** Default true: only the volumes can be written to. */
  readOnly?: boolean;
  /** Name or number of another user than the image's. */
  user?: string;
}

export interface Container {
  /** The value of PORT; containers share this machine's loopback. */
  port: number;
  /** `url("/health/live")`: on 127.0.0.1 and the container's port */
  url(path: string): string;
  /** Number of the container's process 1 as this machine sees it. */
  pid: number;
  lines(): LogLine[];
  /** All output, or one stream's, as it was written. */
  text(stream?: LogLine["stream"]): string;
  /**
   * Waits until `attempt` gives a value; errors of fetch count as not yet.
   * @throws Error with the end of the log, when time is up or the container has ended
   */
  waitFor<T>(what: string, attempt: () => T | undefined | Promise<T | undefined>, seconds?: number): Promise<T>;
  waitForLine(what: string, predicate: (line: LogLine) => boolean, seconds?: number): Promise<LogLine>;
  /** Sends a signal to process 1. */
  signal(name: NodeJS.Signals): void;
  /** 128 + n after signal n, as engines report it. */
  exitCode: Promise<number>;
  /** Another container with the same options that runs `command` to its end; `environment` is added. */
  exec(command: string[], environment?: Record<string, string>): Promise<Finished>;
  /** SIGTERM, SIGKILL after `graceSeconds` (default 5), and everything of the container is removed. */
  stop(graceSeconds?: number): Promise<number>;
}

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
  lines: LogLine[];
}

const PREFIX = "redcap-container-";
const SCRIPT = join(__dirname, "container.sh");
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const running = new Set<Container>();
let swept: Promise<void> | undefined;

/** fetch's errors of a server that does not listen, or not any more. */
function notYet(error: unknown): undefined {
  if ((error as Error).message !== "fetch failed") throw error;
}

/** Removes what runs that were killed have left; their processes ended with them. */
async function sweep(): Promise<void> {
  const isLeft = (name: string) => {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  };
  const containers = JSON.parse(await buildah("containers", "--json")) as { containername: string }[] | null;
  for (const { containername } of containers ?? []) {
    // Another process may be sweeping, too.
    if (isLeft(containername)) await buildah("rm", containername).catch(() => undefined);
  }
  for (const name of readdirSync(tmpdir()).filter(isLeft))
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** Starts a container and returns once its first process runs. @throws Error with the output, where it cannot */
export async function runContainer(options: ContainerOptions): Promise<Container> {
  swept ??= sweep();
  await swept;
  const settings = await imageSettings(options.image);
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const name = folder.slice(tmpdir().length + 1);
  await buildah("from", "--pull-never", "--name", name, options.image);
  const hostName = randomBytes(6).toString("hex");
  const port = Number(options.environment?.PORT ?? (await freePort()));

  const inside: Record<string, string> = {
    PATH: DEFAULT_PATH,
    HOSTNAME: hostName,
    ...Object.fromEntries(settings.Env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string])),
    ...options.environment,
    PORT: String(port),
  };
  const entrypoint = options.entrypoint ?? settings.Entrypoint;
  const command = options.command ?? (options.entrypoint ? [] : settings.Cmd);
  const lines = (values: string[]) => values.join("\n");
  const child = spawn(
    "bash",
    [SCRIPT, ...Object.entries(inside).map(([key, value]) => `${key}=${value}`), ...entrypoint, ...command],
    {
      // The script kills the container when its standard input ends.
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own: Ctrl-C in the terminal ends the tests, which then stop their containers in order.
      detached: true,
      env: {
        ...buildahEnvironment(),
        CONTAINER: name,
        FOLDER: folder,
        RUN_AS: options.user ?? settings.User,
        READ_ONLY: options.readOnly === false ? "0" : "1",
        WORKING_FOLDER: settings.WorkingDir || "/",
        HOST_NAME: hostName,
        VOLUMES: lines(options.volumes ?? Object.keys(settings.Volumes)),
        MOUNTS: lines((options.mounts ?? []).map((m) => `${m.source} ${m.target} ${m.writable ? "rw" : "ro"}`)),
      },
    },
  );

  const logs = new Logs();
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (chunk: string) => logs.add(stream, chunk));
  let ended: number | undefined;
  const exitCode = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    // Not `exit`: the last output may come after it.
    child.once("close", (code, signal) => {
      logs.end();
      ended = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve(ended);
    });
  });
  exitCode.catch(() => undefined);

  const waitFor: Container["waitFor"] = async (what, attempt, seconds = 30) => {
    const tail = () => `\n${logs.text().slice(-3000)}`;
    try {
      return await until(what, seconds, async () => {
        const value = await Promise.resolve(attempt()).catch(notYet);
        if (value === undefined && ended !== undefined) throw new Error(`${what}: the container ended with ${ended}.`);
        return value;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}${tail()}`, { cause: error });
    }
  };

  const pidFile = join(folder, "pid");
  const stop = async (graceSeconds = 5) => {
    if (ended === undefined) {
      signal("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), graceSeconds * 1000);
      await exitCode;
      clearTimeout(timer);
    }
    await remove();
    return exitCode;
  };
  let pid = 0;
  const signal = (signalName: NodeJS.Signals) => {
    if (ended === undefined && existsSync(`/proc/${pid}`)) process.kill(pid, signalName);
  };
  let removed: Promise<void> | undefined;
  const remove = () => {
    removed ??= buildah("rm", name).then(() => rmSync(folder, { recursive: true, force: true }));
    return removed;
  };

  try {
    await waitFor(`A container of ${options.image}`, () => existsSync(pidFile) || undefined);
    pid = Number(readFileSync(pidFile, "utf8"));
  } catch (error) {
    child.stdin.destroy();
    await exitCode;
    await remove();
    throw error;
  }
  const container: Container = {
    port,
    url: (path) => `http://127.0.0.1:${port}${path}`,
    pid,
    lines: () => logs.lines,
    text: (stream) => logs.text(stream),
    waitFor,
    waitForLine: (what, predicate, seconds) => waitFor(what, () => logs.lines.find(predicate), seconds),
    signal,
    exitCode,
    exec: (args, environment) => {
      const { PORT: _own, ...shared } = options.environment ?? {};
      return runToEnd({ ...options, command: args, environment: { ...shared, ...environment } });
    },
    stop: async (graceSeconds) => {
      running.delete(container);
      return stop(graceSeconds);
    },
  };
  running.add(container);
  return container;
}

/** Runs a container that ends by itself. */
export async function runToEnd(options: ContainerOptions): Promise<Finished> {
  const container = await runContainer(options);
  const exitCode = await container.exitCode;
  await container.stop();
  return { exitCode, stdout: container.text("stdout"), stderr: container.text("stderr"), lines: container.lines() };
}

/** For afterAll: ends what a test that failed has left. */
export async function stopContainers(): Promise<void> {
  await Promise.all([...running].map((container) => container.stop(1)));
}
