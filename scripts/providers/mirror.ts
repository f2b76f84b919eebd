// The locally built mirror in the user's cache: named by what it must contain, built once, renamed into place when whole.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { PROVIDER_VERSIONS, type ProviderName } from "../../config/provider-versions";
import { buildMirror, expectedMinutes, type Log, PLATFORM, providerProgram } from "./build";
import { KEPT_SERVICES, PROVIDER_MODULES } from "./versions";

/** The project's folder in the user's cache (XDG Base Directory specification). */
export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "redcap-aws");

/** What a mirror must contain; another version, hash, service or platform is another mirror. */
const RECIPE = JSON.stringify({ PROVIDER_VERSIONS, PROVIDER_MODULES, services: [...KEPT_SERVICES].sort(), PLATFORM });
const ID = createHash("sha256").update(RECIPE).digest("hex").slice(0, 12);
const UNUSED_MS = 14 * 24 * 3600 * 1000;

export interface Mirror {
  /** Changes with the mirror's content. */
  id: string;
  folder: string;
  /** Terraform's CLI configuration file that makes it install from the mirror. */
  cliConfig: string;
}

export function expectedMirror(cache: string): Mirror {
  const folder = join(cache, "providers", ID);
  return { id: ID, folder, cliConfig: join(folder, "mirror.tfrc") };
}

/** Whether the mirror is there and whole. Its use is noted, since mirrors that nobody uses are removed. */
export function isPresent({ folder, cliConfig }: Mirror): boolean {
  const marker = join(folder, "recipe.json");
  const names = Object.keys(PROVIDER_VERSIONS) as ProviderName[];
  const files = [cliConfig, marker, ...names.map((name) => providerProgram(folder, name))];
  if (!files.every(existsSync) || readFileSync(marker, "utf8") !== RECIPE) return false;
  utimesSync(marker, new Date(), new Date());
  return true;
}

/**
 * Builds the mirror unless it is there. Of several processes one builds, and the others wait for it.
 * @param reason why it is needed, for the person who waits
 * @throws UserError when Go is missing; Error when the build fails
 */
export async function ensureMirror(cache: string, reason: string, log: Log, build = buildMirror): Promise<Mirror> {
  const mirror = expectedMirror(cache);
  if (isPresent(mirror)) return mirror;
  const root = join(cache, "providers");
  mkdirSync(root, { recursive: true });
  const unlock = await takeLock(root, log);
  try {
    if (!isPresent(mirror)) {
      log(
        `${reason} Building Terraform's providers (aws ${PROVIDER_VERSIONS.aws}, random ${PROVIDER_VERSIONS.random}) from ` +
          `their Go modules: up to ${expectedMinutes()} minutes, once. They go to ${mirror.folder}`,
      );
      await buildInto(mirror, root, (folder) => build(folder, log));
    }
  } finally {
    await unlock();
  }
  return mirror;
}

async function buildInto(mirror: Mirror, root: string, build: (folder: string) => Promise<void>): Promise<void> {
  removeOld(root);
  const unfinished = join(root, `unfinished-${process.pid}`);
  try {
    mkdirSync(unfinished);
    await build(unfinished);
    await writeFile(join(unfinished, "mirror.tfrc"), cliConfiguration(mirror.folder));
    await writeFile(join(unfinished, "recipe.json"), RECIPE);
    rmSync(mirror.folder, { recursive: true, force: true });
    renameSync(unfinished, mirror.folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Whoever holds the lock may remove what killed builds left, and mirrors unused for two weeks (250 MB each). */
function removeOld(root: string): void {
  for (const name of readdirSync(root)) {
    const marker = join(root, name, "recipe.json");
    const unused = existsSync(marker) && Date.now() - statSync(marker).mtimeMs > UNUSED_MS;
    if (unused || name.startsWith("unfinished-")) rmSync(join(root, name), { recursive: true, force: true });
  }
}

/** @returns what releases the lock. A dead process' lock is no longer renewed, and is taken over after 15 s. */
async function takeLock(root: string, log: Log): Promise<() => Promise<void>> {
  const options = {
    stale: 15_000,
    update: 5_000,
    // After the machine slept, a second build may have begun: each has its own folder, so both may end.
    onCompromised: (error: Error) => log(`The lock on ${root} was lost (${error.message}); going on.`),
  };
  try {
    return await lock(root, options);
  } catch (error) {
    if ((error as { code?: string }).code !== "ELOCKED") throw error;
    log(`Another process is building Terraform's providers in ${root}: waiting for it.`);
    return lock(root, { ...options, retries: { retries: 3600, factor: 1, minTimeout: 1_000 } });
  }
}

/** https://developer.hashicorp.com/terraform/cli/config/config-file#explicit-installation-method-configuration */
function cliConfiguration(folder: string): string {
  const names = Object.keys(PROVIDER_VERSIONS).map((name) => `"registry.terraform.io/hashicorp/${name}"`);
  return `disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(folder)}
    include = [${names.join(", ")}]
  }
  direct {
    exclude = [${names.join(", ")}]
  }
}
`;
}
