// Whether Terraform's registry can deliver the pinned AWS provider to this machine, asked at most once an hour.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../config/provider-versions";
import { PLATFORM } from "./build";

export const REGISTRY = "https://registry.terraform.io";
const FRESH_MS = 3600 * 1000;
const TIMEOUT_MS = 3000;

interface Answer {
  registry: string;
  version: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Why the registry is of no use; absent where it answers. */
  problem?: string;
}

/**
 * @param trustProblem whether an earlier failure counts, too (not where believing it would cost a build)
 * @returns undefined where the registry answers, else why it does not
 */
export async function registryProblem(cache: string, trustProblem: boolean, registry = REGISTRY) {
  const file = join(cache, "registry.json");
  const version = PROVIDER_VERSIONS.aws;
  const known = readAnswer(file);
  const fresh = known?.registry === registry && known.version === version && Date.now() - known.at < FRESH_MS;
  if (fresh && (!known.problem || trustProblem)) return known.problem;
  const problem = await ask(registry);
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, JSON.stringify({ registry, version, at: Date.now(), problem } satisfies Answer));
  return problem;
}

function readAnswer(file: string): Answer | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Answer;
  } catch {
    return undefined; // half written by another process: ask again
  }
}

/**
 * Asks for the package's description, then for the package itself, which lies on another host.
 * https://developer.hashicorp.com/terraform/internals/provider-registry-protocol#find-a-provider-package
 */
async function ask(registry: string): Promise<string | undefined> {
  // Unlike Node's own fetch, and like Terraform, it goes through HTTPS_PROXY where one is set.
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({ connectTimeout: TIMEOUT_MS });
  const get = async (url: string, method: "GET" | "HEAD") => {
    const answer = await fetch(url, { method, dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    return answer;
  };
  try {
    const path = `/v1/providers/hashicorp/aws/${PROVIDER_VERSIONS.aws}/download/${PLATFORM.replace("_", "/")}`;
    const found = (await (await get(registry + path, "GET")).json()) as { download_url: string };
    await get(found.download_url, "HEAD");
    return undefined;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message : message;
  } finally {
    await dispatcher.destroy();
  }
}
