// What lies in the folder that the image is built from, and which additions are refused.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { prepareContext } from "../../../scripts/image/context";
import { redcapZip, temporaryFolder } from "./zips";

const { folder: temporary, write } = temporaryFolder();
const folder = join(temporary, "context");
const template = join(temporary, "template");
const additions = join(temporary, "additions");
const rdsCa = { file: write("ca.pem", "the bundle"), sha256: "a".repeat(64) };

function fill(into: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(into, name)), { recursive: true });
    writeFileSync(join(into, name), text);
  }
}

const prepare = (options = {}) =>
  prepareContext({ folder, redcap: write("redcap.zip", redcapZip()), rdsCa, phpVersion: "8.4", template, ...options });

const filesOf = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

beforeEach(() => {
  for (const each of [folder, template, additions]) rmSync(each, { recursive: true, force: true });
  fill(template, {
    Dockerfile: "FROM scratch",
    "etc/php.ini": "",
    "input/additions/modules/left_v1.0.0/config.json": "{}",
  });
});

test("the image's own files, the zip and the bundle are there, and what the build is told", async () => {
  expect(await prepare()).toEqual({
    folder,
    version: "15.5.0",
    buildArgs: { DEBIAN_RELEASE: "trixie", RDS_CA_SHA256: rdsCa.sha256 },
  });
  expect(filesOf(folder)).toEqual(["Dockerfile", "etc/php.ini", "input/rds-ca.pem", "input/redcap.zip"]);
  expect(readdirSync(join(folder, "input/additions")).sort()).toEqual(["hooks", "languages", "modules"]);
  expect(readFileSync(join(folder, "input/redcap.zip")).equals(redcapZip())).toBe(true);
  expect(readFileSync(join(folder, "input/rds-ca.pem"), "utf8")).toBe("the bundle");
});

test("the project's own image files are the default, and their Dockerfile takes every argument given", async () => {
  const { buildArgs } = await prepare({ template: undefined, acceptRisk: "CVE-2026-12345" });
  expect(buildArgs).toMatchObject({ ACCEPT_RISK: "CVE-2026-12345" });
  const taken = readFileSync(join(folder, "Dockerfile"), "utf8").matchAll(/^ARG (\w+)/gm);
  expect([...taken].map(([, name]) => name)).toEqual(expect.arrayContaining(Object.keys(buildArgs)));
});

test("additions are copied without what version control and macOS leave in folders", async () => {
  fill(additions, {
    "modules/mine_v1.0.0/config.json": "{}",
    "modules/mine_v1.0.0/.git/config": "secret",
    "modules/mine_v1.0.0/.DS_Store": "",
    "languages/Japanese.ini": "x",
    ".git/config": "",
  });
  await prepare({ additions });
  expect(filesOf(join(folder, "input/additions"))).toEqual([
    "languages/Japanese.ini",
    "modules/mine_v1.0.0/config.json",
  ]);
});

test.each<[string, () => void, RegExp]>([
  [
    "an unknown folder",
    () => fill(additions, { "module/x/config.json": "", "hooks/h.php": "" }),
    /unknown at its top: module\. Allowed are the folders modules\/, languages\/, hooks\//,
  ],
  ["a file at the top", () => fill(additions, { "modules/a": "", "mine.zip": "" }), /unknown at its top: mine\.zip/],
  ["an empty folder", () => mkdirSync(additions), /nothing to add is in it/],
  ["a file instead of a folder", () => fill(additions, { hooks: "" }), /hooks: this is no folder/],
  [
    "a link",
    () => {
      fill(additions, { "modules/x/config.json": "" });
      symlinkSync("/etc", join(additions, "modules/x/etc"));
    },
    /modules\/x\/etc is a link/,
  ],
])("additions with %s are refused, and nothing is written", async (_, make, message) => {
  make();
  await expect(prepare({ additions })).rejects.toThrow(message);
  expect(existsSync(folder)).toBe(false);
});

test("a wrong zip is refused, and nothing is written", async () => {
  await expect(prepare({ redcap: write("wrong.zip", "x") })).rejects.toThrow(/--redcap .*wrong\.zip: not a whole zip/);
  expect(existsSync(folder)).toBe(false);
});

test("a folder with something in it is left alone; an empty one is used", async () => {
  fill(folder, { mine: "" });
  await expect(prepare()).rejects.toThrow(`--context-only ${folder}: it exists and is not empty`);
  expect(filesOf(folder)).toEqual(["mine"]);
  rmSync(join(folder, "mine"));
  expect((await prepare()).version).toBe("15.5.0");
});

test("a file in the folder's place is left alone", async () => {
  writeFileSync(folder, "mine");
  await expect(prepare()).rejects.toThrow(/is not empty/);
  expect(readFileSync(folder, "utf8")).toBe("mine");
});

test("without a Dockerfile it says where one is missing", async () => {
  rmSync(join(template, "Dockerfile"));
  await expect(prepare()).rejects.toThrow(`${template} has no Dockerfile`);
});
