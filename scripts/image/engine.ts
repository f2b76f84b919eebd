// The program that builds images on this machine: docker, podman or buildah, whichever works.
import { UserError } from "../command";
import { execute, type Output } from "../terraform/process";

export const ENGINES = ["docker", "podman", "buildah"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /** Default: this process' own. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Takes the engine's output while it runs. */
  onText?: ((text: string) => void) | undefined;
}

const ELSEWHERE = "prepare the build context with --context-only <folder> and build it where there is one.";
const REMEDY = `Install and start Docker (https://docs.docker.com/engine/install), podman or buildah, or ${ELSEWHERE}`;

/**
 * The named engine, or the first of docker, podman and buildah, that works: a client without its daemon does not.
 * @throws UserError with why the named one, or each, does not, and the remedy
 */
export async function findEngine(named?: EngineName, { env }: EngineOptions = {}): Promise<EngineName> {
  if (named) {
    const problem = await problemOf(named, env);
    if (problem === undefined) return named;
    throw new UserError(
      `${named} does not work here (${problem}). Install or start it, leave out --engine to take whichever of ` +
        `${ENGINES.join(", ")} works, or ${ELSEWHERE}`,
    );
  }
  const problems: string[] = [];
  for (const engine of ENGINES) {
    const problem = await problemOf(engine, env);
    if (problem === undefined) return engine;
    problems.push(`${engine}: ${problem}`);
  }
  throw new UserError(`No container engine works here (${problems.join("; ")}). ${REMEDY}`);
}

/** @returns undefined where the engine answers and can run what a Dockerfile says */
async function problemOf(engine: EngineName, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const answer = await runEngine(engine, ["info"], { env }).catch((error: Error) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (!answer) return "not installed";
  const { code, stdout, stderr } = answer;
  if (code !== 0) return stderr.trim().split("\n").at(-1) || `exit code ${code}`;
  if (engine !== "buildah" || env.BUILDAH_ISOLATION === "chroot") return undefined;
  const { host } = JSON.parse(stdout) as { host: { OCIRuntime?: string } };
  return host.OCIRuntime === ""
    ? "it finds neither crun nor runc: install one, or set BUILDAH_ISOLATION=chroot"
    : undefined;
}

/**
 * Runs the engine to its end, whatever its exit code.
 * @throws UserError where it is not installed
 */
export async function runEngine(engine: EngineName, args: string[], options: EngineOptions): Promise<Output> {
  const { env = process.env, onText } = options;
  try {
    return await execute(engine, args, { cwd: process.cwd(), env, ...(onText && { onText }) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(`${engine} is not installed. ${REMEDY}`);
  }
}
