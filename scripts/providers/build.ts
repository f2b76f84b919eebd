// Builds the pinned providers from their Go modules into a Terraform filesystem mirror, and says how far it is.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, platform } from "node:os";
import { dirname, join, relative } from "node:path";
import { PROVIDER_VERSIONS, type ProviderName } from "../../config/provider-versions";
import { elapsed } from "../command";
import { go, requireGo } from "./go";
import { slim } from "./slim";
import { KEPT_SERVICES, PROVIDER_MODULES } from "./versions";

export type Log = (line: string) => void;

/** The platform in Go's and Terraform's spelling, such as `linux_amd64`. */
export const PLATFORM = `${platform()}_${arch() === "x64" ? "amd64" : arch()}`;

/** Where Terraform looks for a provider's program below a filesystem mirror. */
export function providerProgram(mirror: string, name: ProviderName): string {
  const version = PROVIDER_VERSIONS[name];
  const folder = join(mirror, "registry.terraform.io/hashicorp", name, version, PLATFORM);
  return join(folder, `terraform-provider-${name}_v${version}_x5`);
}

/** Minutes that a build takes with nothing cached, from 5 min measured on two cores. */
export const expectedMinutes = (): number => Math.max(2, Math.ceil(10 / availableParallelism()));

/**
 * @param mirror empty or absent folder; where this fails it may hold half a mirror
 * @throws UserError when Go is missing; Error when a module's hash differs from the pinned one, or the build fails
 */
export async function buildMirror(mirror: string, log: Log): Promise<void> {
  await requireGo();
  const start = Date.now();
  const source = join(mirror, "source");
  mkdirSync(source, { recursive: true });
  for (const name of ["random", "aws"] as const) {
    const phase = (text: string) => log(`  ${elapsed(start).padStart(8)}  ${name}: ${text}`);
    const folder = join(source, name);
    phase("fetch source");
    copySource(await fetchModule(name, mirror), folder);
    if (name === "aws") {
      slim(folder, KEPT_SERVICES);
      phase(`${KEPT_SERVICES.length} services kept`);
    }
    await compile(folder, providerProgram(mirror, name), phase);
    rmSync(folder, { recursive: true });
  }
  rmSync(source, { recursive: true });
  log(`  ${elapsed(start).padStart(8)}  done`);
}

/** @returns the module's folder in Go's module cache, its zip's hash checked against the pinned one */
export async function fetchModule(name: ProviderName, cwd: string): Promise<string> {
  const { path, version, sum } = PROVIDER_MODULES[name];
  const answer = await go(["mod", "download", "-json", `${path}@${version}`], { cwd });
  const module = JSON.parse(answer) as { Dir: string; Sum: string };
  if (module.Sum !== sum) throw new Error(`${path}@${version} has hash ${module.Sum}, expected ${sum}. Not built.`);
  return module.Dir;
}

/** Go's module cache is read-only, files and folders, and Go refuses to replace files in it: edit and build a copy. */
function copySource(from: string, to: string): void {
  const unneeded = /^(docs|website|examples|infrastructure|\.\w+)\/|_test\.go$|\/testdata\//;
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const file = relative(from, join(entry.parentPath, entry.name));
    if (!entry.isFile() || unneeded.test(file)) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), readFileSync(join(from, file)));
  }
}

async function compile(folder: string, program: string, phase: (text: string) => void): Promise<void> {
  // -trimpath: the result does not depend on where it is built.
  const flags = ["-trimpath", "-ldflags=-s -w"];
  const modules = ticking(phase, (count) => `${count} modules downloaded`);
  const stale = await modules.during(
    go(["list", ...flags, "-deps", "-f", "{{if .Stale}}x{{end}}", "."], { cwd: folder, onLine: modules.count }),
  );
  const total = stale.split("\n").filter((line) => line === "x").length;
  phase(`packages to compile: ${total}`);
  const packages = ticking(phase, (count) => `${Math.min(count, total)} of ${total} packages compiled`);
  await packages.during(go(["build", "-v", ...flags, "-o", program, "."], { cwd: folder, onLine: packages.count }));
}

/** Counts Go's lines and says every 10 s how many there are. */
function ticking(phase: (text: string) => void, describe: (count: number) => string) {
  let count = 0;
  const during = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setInterval(() => phase(describe(count)), 10_000);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  };
  return { count: () => void count++, during };
}
