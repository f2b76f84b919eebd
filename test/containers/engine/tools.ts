// What containers need on this machine: the programs, Linux, root. Found, installed where possible, or named in one sentence.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { command, which } from "../../local-aws/host/processes";

/** util-linux and coreutils, which the runner also needs, are on every Linux. */
const PROGRAMS = ["buildah", "debootstrap"];
/** The keyring is a recommendation of debootstrap only, and Ubuntu does not bring Debian's keys. */
const INSTALL =
  "apt-get update && apt-get install -y --no-install-recommends buildah debootstrap debian-archive-keyring";

const missingPrograms = () => PROGRAMS.filter((name) => !which(name));
const isDebian = () => existsSync("/etc/debian_version") && which("apt-get") !== undefined;

/**
 * Why no container can run on this machine, in one sentence; undefined where they can, or could after an installation
 * that requireContainerTools() does by itself.
 */
export function whyNoContainers(): string | undefined {
  if (process.platform !== "linux") return `Containers need Linux; this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return "Containers are run by root here: they need mounts and a user of their own.";
  try {
    execFileSync("unshare", ["--mount", "--pid", "--ipc", "--uts", "--fork", "true"], { stdio: "pipe" });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return `The kernel lets nobody make namespaces here: ${String(stderr ?? error).trim()}`;
  }
  const missing = missingPrograms();
  return missing.length > 0 && !isDebian() ? missingSentence(missing) : undefined;
}

function missingSentence(missing: string[]): string {
  return `Containers need ${missing.join(" and ")}. On Debian or Ubuntu: sudo sh -c '${INSTALL}'`;
}

/**
 * Finds buildah and debootstrap. As root on Debian or Ubuntu it installs what is missing.
 * @throws Error that says why containers cannot run here, with the command that installs what is missing
 */
export async function requireContainerTools(
  progress: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<void> {
  const reason = whyNoContainers();
  if (reason) throw new Error(reason);
  const missing = missingPrograms();
  if (missing.length === 0) return;
  progress(`Installing ${missing.join(" and ")} from Debian's packages …`);
  await command("sh", ["-c", INSTALL], { ...process.env, DEBIAN_FRONTEND: "noninteractive" });
  const still = missingPrograms();
  if (still.length > 0) throw new Error(missingSentence(still));
}
