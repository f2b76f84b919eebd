// buildah with a storage of the project's own: nothing of the machine's other images is seen or changed.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { cacheFolder } from "../../local-aws/host/moto";
import { command } from "../../local-aws/host/processes";

/** The project's images, layers and locks, in the user's cache. */
export function containersFolder(): string {
  const folder = join(cacheFolder(), "containers");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Whether this kernel mounts an overlay in the cache's file system (not inside most containers). Where it does not,
 * `vfs` copies every layer: an image then takes seconds and hundreds of megabytes per container instead of nothing.
 */
function overlayWorks(folder: string): boolean {
  const trial = mkdtempSync(join(folder, "overlay-"));
  try {
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(join(trial, name));
    const options = `lowerdir=${trial}/lower,upperdir=${trial}/upper,workdir=${trial}/work`;
    const mount = ["mount", "-t", "overlay", "overlay", "-o", options, `${trial}/merged`];
    execFileSync("unshare", ["--mount", ...mount], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(trial, { recursive: true });
  }
}

let configuration: string | undefined;

/** Environment that makes every `buildah` use the project's storage, and isolate builds by chroot. */
export function buildahEnvironment(): NodeJS.ProcessEnv {
  if (!configuration) {
    const folder = containersFolder();
    const driver = overlayWorks(folder) ? "overlay" : "vfs";
    const file = join(folder, `${driver}.conf`);
    const lines = [
      "[storage]",
      `driver = "${driver}"`,
      `graphroot = "${folder}/${driver}"`,
      `runroot = "${folder}/run"`,
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    configuration = file;
  }
  return { ...process.env, CONTAINERS_STORAGE_CONF: configuration, BUILDAH_ISOLATION: "chroot" };
}

/** Runs buildah on the project's storage. @throws Error with the end of its output */
export function buildah(...args: string[]): Promise<string> {
  return command("buildah", args, buildahEnvironment());
}

/** Runs `work` while no other process runs work of that name. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(containersFolder(), {
    lockfilePath: join(containersFolder(), `${name}.lock`),
    stale: 60_000,
    retries: { retries: 2_400, factor: 1, minTimeout: 500, maxTimeout: 500 },
  });
  try {
    return await work();
  } finally {
    await release();
  }
}

export interface ImageSettings {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  StopSignal: string;
  /** Folders that the image wants to write to. */
  Volumes: Record<string, object>;
}

/** What the image's Dockerfile set. @throws Error where the storage has no such image */
export async function imageSettings(image: string): Promise<ImageSettings> {
  const { OCIv1 } = JSON.parse(await buildah("inspect", "--type", "image", image)) as {
    OCIv1: { config: Partial<ImageSettings> };
  };
  const unset = { User: "", Env: [], Entrypoint: [], Cmd: [], WorkingDir: "/", StopSignal: "SIGTERM", Volumes: {} };
  return { ...unset, ...OCIv1.config };
}

/** When an image was made; undefined where the storage does not have it. */
export async function madeAt(image: string): Promise<Date | undefined> {
  const images = JSON.parse(await buildah("images", "--json")) as { names: string[] | null; createdatraw: string }[];
  const found = images.find(({ names }) => names?.includes(image));
  return found && new Date(found.createdatraw);
}
