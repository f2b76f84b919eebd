// Builds the image from a prepared folder, and says what came out.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../command";
import { type EngineName, type EngineOptions, runEngine } from "./engine";

export interface ImageBuild extends EngineOptions {
  /** Folder with the Dockerfile and its inputs. */
  context: string;
  engine: EngineName;
  /** Name and tag, such as `redcap:17.4.4`. */
  tag: string;
  buildArgs: Record<string, string>;
  /** More arguments for the engine's build, such as `--pull-never`. */
  extraArgs?: string[];
  /** A person reads what onText gets: an error then does not repeat it. */
  shown?: boolean;
}

export interface ImageFacts {
  /** Versions that the image says it has. */
  redcap: string;
  php: string;
  /** Of all layers, unpacked. */
  bytes: number;
  /** Debian packages installed. */
  packages: number;
}

/** What the task definition runs on (stacks/app/service.ts); the machine that builds may be another. */
const PLATFORM = "linux/amd64";

/** Lines of the engine's output that an error repeats: the reason stands at its end. */
const TAIL = 15;

/** What podman and buildah, BuildKit, and Docker's older builder say where no registry gives the base image. */
const NO_BASE =
  /^Error: .*(?:source docker:|image not known|reading (?:blob|manifest))|failed to resolve source metadata|failed to solve.*\/v2\/|^(?:Error response from daemon: )?(?:Get "\S+\/v2\/|pull access denied for|manifest for )/im;

/** The arguments of the engine's build, as a person would type them. */
export function buildCommand({ context, engine, tag, buildArgs, extraArgs = [] }: ImageBuild): string[] {
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  return [engine === "buildah" ? "bud" : "build", "--platform", PLATFORM, ...args, ...extraArgs, "--tag", tag, context];
}

/**
 * @throws UserError with the Dockerfile's reason where it refuses, otherwise with the end of the engine's output, unless
 * it was shown, and with the remedy where the base image cannot be pulled
 */
export async function buildImage(build: ImageBuild): Promise<void> {
  const { code, stdout, stderr } = await runEngine(build.engine, buildCommand(build), build);
  if (code === 0) return;
  const output = `${stdout}\n${stderr}`;
  const refusal = /REFUSED: (.*)/.exec(output)?.[1];
  if (refusal) {
    const risk = /\bACCEPT_RISK=([\w-]+)/.exec(refusal)?.[1];
    const option = risk ? ` With npm run image that is: --accept-risk ${risk}` : "";
    throw new UserError(`${build.engine} built no image: ${refusal}${option}`);
  }
  // buildah and docker write to standard error what goes wrong; steps and packages fill both.
  const end = [stdout, stderr].map((text) => text.trimEnd().split("\n").slice(-TAIL).join("\n"));
  const reason = build.shown ? "; why is said above." : `:\n${end.join("\n").trim()}`;
  const remedy = NO_BASE.test(output) ? `\n${baseRemedy(build)}` : "";
  throw new UserError(`${build.engine} built no image (exit code ${code})${reason}${remedy}`);
}

function baseRemedy({ engine, buildArgs }: ImageBuild): string {
  const base = `docker.io/library/debian:${buildArgs.DEBIAN_RELEASE}-slim`;
  const file = engine === "docker" ? "registry-mirrors in daemon.json" : "registry.mirror in registries.conf";
  return (
    `The image is built on Debian's, ${base}, which ${engine} must be able to get. Where docker.io cannot be reached, name ` +
    `a mirror in ${engine}'s configuration (${file}), or give a base of your own that name: ${engine} tag <base> ${base}`
  );
}

/** Asks the engine for the image's size, and the image for what is in it. @throws UserError where there is no such image */
export async function imageFacts({
  engine,
  tag,
  env,
}: Pick<ImageBuild, "engine" | "tag" | "env">): Promise<ImageFacts> {
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await runEngine(engine, args, { env });
    if (code !== 0) throw new UserError(`${engine} ${args.join(" ")} ended with exit code ${code}:\n${stderr.trim()}`);
    return stdout.trim();
  };
  if (engine !== "buildah") {
    const bytes = Number(await ask("image", "inspect", "--format", "{{.Size}}", tag));
    const run = ["run", "--rm", "--network", "none", "--entrypoint"];
    const versions = await ask(...run, "cat", tag, VERSIONS_FILE);
    return facts(bytes, versions, await ask(...run, "dpkg-query", tag, ...PACKAGES));
  }
  // buildah tells the size in words ("204 MB"); the manifest has each layer's in bytes.
  const manifest = await ask("inspect", "--type", "image", "--format", "{{.Manifest}}", tag);
  const { layers } = JSON.parse(manifest) as { layers: { size: number }[] };
  const container = await ask("from", "--pull-never", tag);
  const folder = mkdtempSync(join(tmpdir(), "redcap-facts-"));
  try {
    // Through files: under chroot isolation, buildah 1.28 now and then loses what a short command prints.
    chmodSync(folder, 0o777);
    const look = `cp ${VERSIONS_FILE} /facts/versions && dpkg-query ${PACKAGES.join(" ")} > /facts/packages`;
    await ask("run", "--volume", `${folder}:/facts`, container, "--", "sh", "-c", look);
    const [versions, packages] = ["versions", "packages"].map((name) => readFileSync(join(folder, name), "utf8"));
    const bytes = layers.reduce((sum, { size }) => sum + size, 0);
    return facts(bytes, versions as string, packages as string);
  } finally {
    rmSync(folder, { recursive: true });
    await ask("rm", container);
  }
}

/** What unpack.sh writes. */
const VERSIONS_FILE = "/etc/redcap/build.json";
/** One letter for each package. */
const PACKAGES = ["--show", "--showformat", "x"];

function facts(bytes: number, versions: string, packages: string): ImageFacts {
  const { redcap, php } = JSON.parse(versions) as Record<"redcap" | "php", string>;
  return { redcap, php, bytes, packages: packages.length };
}
