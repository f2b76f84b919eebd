// Debian's slim images: from the registry where one answers, otherwise made here with debootstrap. Kept for a month.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../local-aws/host/processes";
import { buildah, buildahEnvironment, exclusively, madeAt } from "./storage";
import { requireContainerTools } from "./tools";

export type Release = "bookworm" | "trixie";

/** Debian's updates come into an image when it is built: an old base would make every build fetch them all. */
const KEPT_DAYS = 30;
const PULL_SECONDS = 60;
const MIRROR = "http://deb.debian.org";

/** What Debian's own image has beyond debootstrap's: all package sources, no service starts, no documentation. */
const files = (release: Release): Record<string, string> => ({
  "etc/apt/sources.list.d/debian.sources":
    `Types: deb\nURIs: ${MIRROR}/debian\nSuites: ${release} ${release}-updates\nComponents: main\n` +
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n" +
    `Types: deb\nURIs: ${MIRROR}/debian-security\nSuites: ${release}-security\nComponents: main\n` +
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
  "etc/apt/apt.conf.d/docker-clean":
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n' +
    'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\nAcquire::Languages "none";\n',
  "etc/dpkg/dpkg.cfg.d/docker":
    "path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\npath-exclude /usr/share/man/*\n" +
    "path-exclude /usr/share/info/*\npath-exclude /usr/share/locale/*\npath-include /usr/share/locale/locale.alias\n",
  "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
});

async function debootstrap(release: Release, image: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-debian-"));
  try {
    const root = join(folder, "root");
    await command("debootstrap", ["--variant=minbase", release, root, `${MIRROR}/debian`]);
    for (const [path, text] of Object.entries(files(release))) writeFileSync(join(root, path), text);
    const clean =
      "chmod 755 usr/sbin/policy-rc.d && rm -rf etc/apt/sources.list var/lib/apt/lists/* var/log/*.log var/log/apt " +
      "var/cache/apt/*.bin var/cache/apt/archives/*.deb usr/share/man usr/share/info && " +
      "find usr/share/doc -type f ! -name copyright -delete && " +
      "find usr/share/locale -mindepth 1 -maxdepth 1 ! -name locale.alias -exec rm -rf {} +";
    await command("sh", ["-c", `cd '${root}' && ${clean}`]);
    await command("tar", ["--numeric-owner", "--exclude=./dev/*", "-C", root, "-cf", join(folder, "root.tar"), "."]);
    writeFileSync(join(folder, "Dockerfile"), 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n');
    await buildah("build", "--quiet", "--tag", image, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Puts Debian's slim image into the project's storage, unless it is there and not too old.
 * @returns its name, as in the Dockerfile's FROM
 */
export async function baseImage(
  release: Release,
  progress: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<string> {
  await requireContainerTools(progress);
  const image = `docker.io/library/debian:${release}-slim`;
  return exclusively(`debian-${release}`, async () => {
    const made = await madeAt(image);
    if (made && Date.now() - made.getTime() < KEPT_DAYS * 86_400_000) return image;
    // With a base of last month every image and layer made from it is old, too; what a container uses now stays.
    if (made) await buildah("rmi", "--all").catch((error: Error) => progress(error.message));
    const pull = ["buildah", "pull", "--quiet", "--retry", "0", image];
    const pulled = await command("timeout", [String(PULL_SECONDS), ...pull], buildahEnvironment()).catch(
      () => undefined,
    );
    if (pulled === undefined) {
      progress(`No registry gives ${image}: making it with debootstrap, about half a minute …`);
      await debootstrap(release, image);
    }
    return image;
  });
}
