// Which engine is used, and what it is told. The engines are shell scripts that write down how they were called.
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildImage, imageFacts } from "../../../scripts/image/build";
import { ENGINES, findEngine } from "../../../scripts/image/engine";
import { temporaryFolder } from "./zips";

const { folder, write } = temporaryFolder();
// The scripts need a shell and nothing else: the machine's own engines must not be found.
const env = { PATH: folder };
const calls = () => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");

/** @param script what it does, by its first arguments in a `case` */
function engine(name: (typeof ENGINES)[number], script: string): void {
  const text = `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\ncase "$*" in\n${script}\nesac\n`;
  chmodSync(write(name, text), 0o755);
}

beforeEach(() => {
  for (const name of [...ENGINES, "calls"]) rmSync(join(folder, name), { force: true });
});

describe("the engine", () => {
  const works = 'info) echo \'{"host":{"OCIRuntime":"crun"}}\';;';

  test("is docker, where it works", async () => {
    for (const name of ENGINES) engine(name, works);
    expect(await findEngine(undefined, { env })).toBe("docker");
  });

  test("is the next where docker's daemon does not run", async () => {
    engine("docker", "info) echo 'Cannot connect to the Docker daemon' >&2; exit 1;;");
    engine("buildah", works);
    expect(await findEngine(undefined, { env })).toBe("buildah");
  });

  test("is the named one", async () => {
    for (const name of ENGINES) engine(name, works);
    expect(await findEngine("podman", { env })).toBe("podman");
    expect(calls()).toEqual(["podman info"]);
  });

  test("that is named and does not work is not replaced by another", async () => {
    engine("docker", works);
    await expect(findEngine("podman", { env })).rejects.toThrow(
      /^podman does not work here \(not installed\)\. Install or start it, leave out --engine .*--context-only/,
    );
  });

  test("is missing: each one's reason, and the remedy", async () => {
    engine("docker", "info) echo 'Cannot connect to the Docker daemon' >&2; exit 1;;");
    await expect(findEngine(undefined, { env })).rejects.toThrow(
      /docker: Cannot connect to the Docker daemon; podman: not installed; buildah: not installed\)\. Install .*--context-only/,
    );
  });

  test("buildah needs a runtime or chroot isolation", async () => {
    engine("buildah", 'info) echo \'{"host":{"OCIRuntime":""}}\';;');
    await expect(findEngine("buildah", { env })).rejects.toThrow(/neither crun nor runc.*BUILDAH_ISOLATION=chroot/);
    expect(await findEngine("buildah", { env: { ...env, BUILDAH_ISOLATION: "chroot" } })).toBe("buildah");
  });
});

describe("the build", () => {
  const image = { context: "/context", tag: "redcap:1.2.3", env };
  const build = (name: (typeof ENGINES)[number], onText?: (text: string) => void) =>
    buildImage({ ...image, engine: name, buildArgs: { A: "1", B: "2" }, onText });
  /** With the command's own arguments, and what it shows while it builds. */
  const shown = async (name: (typeof ENGINES)[number]) => {
    let output = "";
    const onText = (text: string) => {
      output += text;
    };
    const buildArgs = { DEBIAN_RELEASE: "trixie" };
    const error = await buildImage({ ...image, engine: name, buildArgs, onText, shown: true }).catch(String);
    return { output, error };
  };

  test.each([
    ["docker", "docker build"],
    ["podman", "podman build"],
    ["buildah", "buildah bud"],
  ] as const)("calls %s with platform, arguments, tag and folder", async (name, start) => {
    engine(name, "*) echo STEP 1; echo STEP 2 >&2;;");
    let output = "";
    await build(name, (text) => {
      output += text;
    });
    expect(calls()).toEqual([
      `${start} --platform linux/amd64 --build-arg A=1 --build-arg B=2 --tag redcap:1.2.3 /context`,
    ]);
    expect(output.split("\n").sort()).toEqual(["", "STEP 1", "STEP 2"]);
  });

  test("that fails gives the end of what the engine said", async () => {
    engine(
      "docker",
      '*) i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "STEP $i"; done; echo "no space left" >&2; exit 3;;',
    );
    const failure = build("docker");
    await expect(failure).rejects.toThrow(
      /^docker built no image \(exit code 3\):\nSTEP 26\n(STEP \d+\n)+no space left$/,
    );
  });

  test("that fails does not repeat what was shown", async () => {
    engine("podman", "*) echo STEP 1; echo 'no space left' >&2; exit 3;;");
    const { output, error } = await shown("podman");
    expect(output.split("\n").sort()).toEqual(["", "STEP 1", "no space left"]);
    expect(error).toBe("Error: podman built no image (exit code 3); why is said above.");
  });

  const base = "docker.io/library/debian:trixie-slim";
  const head = 'Head "https://registry-1.docker.io/v2/library/debian/manifests/trixie-slim"';
  test.each([
    [
      "buildah",
      "buildah's",
      'Error: creating build container: initializing source docker://debian:trixie-slim: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: i/o timeout',
    ],
    ["podman", "podman's, when told not to pull", `Error: creating build container: ${base}: image not known`],
    [
      "docker",
      "BuildKit's",
      `ERROR: failed to solve: debian:trixie-slim: failed to resolve source metadata for ${base}: failed to do request: ${head}: dial tcp: i/o timeout`,
    ],
    ["docker", "an older BuildKit's", `failed to solve: failed to do request: ${head}: i/o timeout`],
    ["docker", "the older builder's", 'Get "https://registry-1.docker.io/v2/": dial tcp: i/o timeout'],
    [
      "docker",
      "the older builder's, of a mirror without the image",
      "manifest for debian:trixie-slim not found: manifest unknown",
    ],
  ] as const)("without the base image names the remedy (%s: %s)", async (name, _, said) => {
    engine(name, `*) echo '${said}' >&2; exit 125;;`);
    const { error } = await shown(name);
    expect(error).toContain(
      `built no image (exit code 125); why is said above.\nThe image is built on Debian's, ${base},`,
    );
    expect(error).toContain(
      name === "docker" ? "registry-mirrors in daemon.json" : "registry.mirror in registries.conf",
    );
    expect(error).toMatch(new RegExp(`: ${name} tag <base> ${base}$`));
    expect(error).not.toContain(said);
  });

  test("that fails later, after a pull that was tried again, is not taken for a missing base image", async () => {
    const retry = `Failed, retrying in 1s ... (1/3). Error: initializing source docker://debian: ${head}: i/o timeout`;
    engine(
      "podman",
      `*) echo 'WARN[0000] ${retry}' >&2; echo 'Error: building at STEP "RUN": exit status 100' >&2; exit 100;;`,
    );
    expect((await shown("podman")).error).toBe("Error: podman built no image (exit code 100); why is said above.");
  });

  test("that the Dockerfile refuses for a risk names the command's own option", async () => {
    engine(
      "docker",
      "*) echo '#9 REFUSED: It has a hole. To build it, set the build argument ACCEPT_RISK=CVE-2026-1.' >&2; exit 1;;",
    );
    await expect(build("docker")).rejects.toThrow(
      /ACCEPT_RISK=CVE-2026-1\. With npm run image that is: --accept-risk CVE-2026-1$/,
    );
  });

  test("that the Dockerfile refuses gives its reason alone", async () => {
    engine("docker", "*) echo '#9 0.21 REFUSED: REDCap 1.2.3 does not run on PHP 8.4.' >&2; echo end >&2; exit 1;;");
    await expect(build("docker")).rejects.toThrow(/^docker built no image: REDCap 1\.2\.3 does not run on PHP 8\.4\.$/);
  });
});

describe("what is in the image", () => {
  const facts = { redcap: "15.5.0", php: "8.2", packages: 3 };
  const answers = `*build.json) echo '{"redcap":"15.5.0","php":"8.2"}';;\n*dpkg-query*) printf xxx;;`;

  test("docker is asked, and the image without a network", async () => {
    engine("docker", `'image inspect'*) echo 123456789;;\n${answers}`);
    expect(await imageFacts({ engine: "docker", tag: "redcap:1", env })).toEqual({ bytes: 123456789, ...facts });
    expect(calls().slice(1)).toEqual([
      "docker run --rm --network none --entrypoint cat redcap:1 /etc/redcap/build.json",
      "docker run --rm --network none --entrypoint dpkg-query redcap:1 --show --showformat x",
    ]);
  });

  const manifest = JSON.stringify({ layers: [{ size: 200 }, { size: 56 }] });
  const steps = `inspect*) echo '${manifest}';;\nfrom*) echo redcap-working;;\nrm*) ;;\n`;

  test("buildah's working container writes it into a folder, and is removed again", async () => {
    const write = `folder=\${3%%:*}; echo '{"redcap":"15.5.0","php":"8.2"}' > $folder/versions; printf xxx > $folder/packages`;
    engine("buildah", `${steps}run*) ${write};;`);
    expect(await imageFacts({ engine: "buildah", tag: "redcap:1", env })).toEqual({ bytes: 256, ...facts });
    expect(calls().at(-1)).toBe("buildah rm redcap-working");
  });

  test("buildah's working container is removed after a failure, too", async () => {
    engine("buildah", `${steps}run*) echo no such file >&2; exit 1;;`);
    await expect(imageFacts({ engine: "buildah", tag: "redcap:1", env })).rejects.toThrow(/exit code 1:\nno such file/);
    expect(calls().at(-1)).toBe("buildah rm redcap-working");
  });
});
