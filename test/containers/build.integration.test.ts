// What a build makes and what it refuses, and what linters say of the image's own files.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import { buildTestImage, describeContainers, requireContainerTools, runToEnd } from "./engine";
import { hadolint, shellcheck } from "./engine/linters";
import { get, imageUnderTest, page, REDCAP_EXTENSIONS } from "./setup";
import { STAND_IN_VERSION } from "./stand-in/zip";

const SOURCE = join(PROJECT_ROOT, "containers", "redcap");
jest.setTimeout(600_000);

describeContainers("a build", () => {
  let folder: string;
  beforeAll(async () => {
    await requireContainerTools();
    folder = mkdtempSync(join(tmpdir(), "redcap-build-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["REDCap that this PHP cannot run", { redcapVersion: "12.4.0" }, /REDCap 12\.4\.0 does not run on PHP 8\.2/],
    [
      "a PHP that this REDCap cannot run on",
      { redcapVersion: "15.5.0", php: "8.4" as const, buildArguments: { ACCEPT_RISK: "CVE-2026-90817" } },
      /REDCap 15\.5\.0 does not run on PHP 8\.4\. .*8\.2/,
    ],
    ["a known hole, with the way out", { redcapVersion: "16.0.48" }, /CVE-2026-90817.*Take 16\.0\.49/],
    ["the hole in a standard release", { redcapVersion: "17.4.3" }, /CVE-2026-90817.*Take 17\.4\.4/],
    [
      "a risk that was not the one accepted",
      { redcapVersion: "16.0.48", buildArguments: { ACCEPT_RISK: "CVE-2020-1" } },
      /CVE-2026-90817/,
    ],
    [
      "another certificate bundle than announced",
      { buildArguments: { RDS_CA_SHA256: "0".repeat(64) } },
      /checksum did NOT match|FAILED/,
    ],
  ])("refuses %s", async (_, options, reason) => {
    await expect(buildTestImage(options)).rejects.toThrow(reason);
  });

  test("carries a known hole where its name is given, and never stops saying so", async () => {
    const risky = await imageUnderTest({
      redcapVersion: "16.0.48",
      buildArguments: { ACCEPT_RISK: "CVE-2026-90817" },
    });
    try {
      const container = await risky.serve();
      expect(container.text("stderr")).toContain("REDCap 16.0.48 has the known weakness CVE-2026-90817");
    } finally {
      await risky.stop();
    }
  });

  test("brings modules, languages and hooks along, as root's files", async () => {
    const additions = join(folder, "additions");
    mkdirSync(join(additions, "modules/mine_v1.0.0"), { recursive: true });
    writeFileSync(join(additions, "modules/mine_v1.0.0/Mine.php"), "<?php");
    mkdirSync(join(additions, "languages"));
    writeFileSync(join(additions, "languages/Esperanto.ini"), "hello = saluton");
    const { image } = await buildTestImage({ additions });
    const { stdout } = await runToEnd({
      image,
      entrypoint: ["stat", "--format", "%n %U %a"],
      command: ["modules/mine_v1.0.0/Mine.php", "languages/Esperanto.ini", "edocs", "temp"].map(
        (path) => `/var/www/redcap/${path}`,
      ),
    });
    expect(stdout.split("\n")).toEqual([
      "/var/www/redcap/modules/mine_v1.0.0/Mine.php root 644",
      "/var/www/redcap/languages/Esperanto.ini root 644",
      "/var/www/redcap/edocs root 755",
      "/var/www/redcap/temp www-data 700",
      "",
    ]);
  });

  test("holds no key, no password file of its own and nothing of the build", async () => {
    const { image, sizeMegabytes, packages } = await buildTestImage();
    const search =
      "find / -xdev \\( -name '*.key' -o -name 'id_*' -o -name '.bash_history' -o -name '.env' -o -path '/input*' -o -path '/build*' \\) -not -path '/proc/*'; " +
      "grep --recursive --files-with-matches 'PRIVATE KEY-----' /etc /usr/local /var/www /root /home || true";
    const { stdout } = await runToEnd({ image, user: "0", entrypoint: ["bash", "-c", search] });
    expect(stdout).toBe("");
    process.stderr.write(`Image: ${sizeMegabytes} MB, ${packages} Debian packages, REDCap ${STAND_IN_VERSION}.\n`);
  });

  test("of PHP 8.4 serves, too", async () => {
    const newer = await imageUnderTest({ php: "8.4" });
    try {
      const container = await newer.serve();
      const { php, extensions } = await page<{ php: string; extensions: string[] }>(container, "settings");
      expect(php).toMatch(/^8\.4\./);
      expect(extensions).toEqual(expect.arrayContaining(REDCAP_EXTENSIONS));
      expect((await get(container, "/health/ready")).status).toBe(200);
    } finally {
      await newer.stop();
    }
  });

  test("is made of PHP without syntax errors", async () => {
    const { image } = await buildTestImage();
    const { exitCode, stdout } = await runToEnd({
      image,
      environment: { POST_LIMIT_MB: "1" },
      entrypoint: [
        "bash",
        "-c",
        'for file in /usr/local/lib/redcap/*.php /usr/local/lib/redcap/*/*.php; do php -l "$file" || exit 1; done',
      ],
    });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("No syntax errors")]);
  });

  test("has a Dockerfile and scripts without a linter's complaint", async () => {
    execFileSync(await hadolint(), [join(SOURCE, "Dockerfile")], { stdio: "pipe" });
    const scripts = ["build", "lib"].flatMap((name) =>
      readdirSync(join(SOURCE, name))
        .filter((file) => file.endsWith(".sh"))
        .map((file) => join(SOURCE, name, file)),
    );
    execFileSync(await shellcheck(), ["--external-sources", "--source-path=SCRIPTDIR", ...scripts], { stdio: "pipe" });
    expect(scripts).toHaveLength(4);
  });
});
