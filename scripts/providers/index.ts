// Gives Terraform its providers: from the registry where that answers, else from a mirror built on this machine.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Log } from "./build";
import { requireGo } from "./go";
import { cacheFolder, ensureMirror, expectedMirror, isPresent } from "./mirror";
import { REGISTRY, registryProblem } from "./registry";

/** Where Terraform gets its providers; `own` is what the user has configured in Terraform's CLI configuration. */
export type Source = "registry" | "mirror" | "own";

export interface Providers {
  source: Source;
  /** What to add to the environment of terraform and cdktf. */
  env: NodeJS.ProcessEnv;
}

export interface ProviderOptions {
  /** Use a mirror even where the registry answers. */
  forceBuild?: boolean;
  /** Default: the project's folder in the user's cache. */
  cache?: string;
  /** Default: Terraform's registry. */
  registry?: string;
  /** Builds a mirror into a folder. Default: from the Go modules. */
  build?: (folder: string, log: Log) => Promise<void>;
  /** Takes progress lines. Default: standard error. */
  log?: Log;
}

/**
 * What to add to the environment of terraform and cdktf so that they find their providers. Takes minutes where a mirror
 * has to be built, and says so; otherwise at most the seconds it takes to ask the registry.
 * @throws UserError where a mirror is needed and Go is missing
 */
export async function ensureProviders(): Promise<NodeJS.ProcessEnv> {
  return (await resolveProviders()).env;
}

let resolved: Promise<Providers> | undefined;

/** As ensureProviders, with where they come from. Without options the answer is kept for the process. */
export function resolveProviders(options?: ProviderOptions): Promise<Providers> {
  if (options) return resolve(options);
  resolved ??= resolve({});
  return resolved;
}

async function resolve(options: ProviderOptions): Promise<Providers> {
  const cache = options.cache ?? cacheFolder();
  const log = options.log ?? ((line: string) => console.error(line));
  const env = { CHECKPOINT_DISABLE: "1" };
  const { source, reason } = await choose(cache, options);
  if (source === "own") return { source, env };
  if (source === "registry") return { source, env: { ...env, TF_PLUGIN_CACHE_DIR: pluginCache(cache) } };
  const mirror = await ensureMirror(cache, reason, log, options.build);
  return {
    source,
    env: {
      ...env,
      TF_CLI_CONFIG_FILE: mirror.cliConfig,
      // `terraform providers lock` does not read the CLI configuration.
      TF_CLI_ARGS_providers_lock: `-fs-mirror="${mirror.folder}"`,
      // Terraform links to a mirror; a plugin cache, which cdktf turns on unasked, would keep links to removed mirrors.
      TF_PLUGIN_CACHE_DIR: "",
      CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
    },
  };
}

/**
 * Fails within seconds, rather than in the middle of the work, where a mirror is needed and cannot be built.
 * @throws UserError where Go is missing
 */
export async function checkProviders(options: ProviderOptions = {}): Promise<void> {
  const cache = options.cache ?? cacheFolder();
  const { source } = await choose(cache, options);
  if (source === "mirror" && !isPresent(expectedMirror(cache))) await requireGo();
}

async function choose(cache: string, options: ProviderOptions): Promise<{ source: Source; reason: string }> {
  if (options.forceBuild) return { source: "mirror", reason: "A mirror was asked for." };
  if (hasOwnInstallation(cache)) return { source: "own", reason: "" };
  const problem = await registryProblem(cache, isPresent(expectedMirror(cache)), options.registry);
  if (!problem) return { source: "registry", reason: "" };
  return { source: "mirror", reason: `${options.registry ?? REGISTRY} does not answer (${problem}).` };
}

/** Whether the user told Terraform where to install providers from, such as a network mirror. */
function hasOwnInstallation(cache: string): boolean {
  const file = process.env.TF_CLI_CONFIG_FILE || join(homedir(), ".terraformrc");
  const ours = file.startsWith(join(cache, "providers"));
  return !ours && existsSync(file) && /^\s*provider_installation\b/m.test(readFileSync(file, "utf8"));
}

/** Terraform refuses a plugin cache folder that does not exist. */
function pluginCache(cache: string): string {
  const folder = process.env.TF_PLUGIN_CACHE_DIR || join(cache, "plugins");
  mkdirSync(folder, { recursive: true });
  return folder;
}
