// GitHub's workflows, read by the programs that know what GitHub takes and what attackers use; and proof that they look.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import { execute } from "../../scripts/terraform/process";
import { actionlint, zizmor } from "./linters";

jest.setTimeout(300_000);

let folder: string;
let programs: { actionlint: string; zizmor: string };

beforeAll(async () => {
  programs = { actionlint: await actionlint(), zizmor: await zizmor() };
  folder = mkdtempSync(join(tmpdir(), "redcap-workflows-"));
  // Both look for the repository's root by its .git.
  await execute("git", ["init", "--quiet", folder], { cwd: folder, env: process.env });
});
beforeEach(() => {
  rmSync(join(folder, ".github"), { recursive: true, force: true });
  cpSync(join(PROJECT_ROOT, ".github"), join(folder, ".github"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function spoil(workflow: string, from: string, to: string): void {
  const file = join(folder, ".github", "workflows", workflow);
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}
const run = (program: keyof typeof programs, ...args: string[]) =>
  execute(programs[program], args, { cwd: folder, env: process.env });
const audit = () => run("zizmor", "--offline", "--no-progress", "--quiet", "--persona=pedantic", ".");

test("actionlint finds nothing", async () => {
  expect(await run("actionlint")).toMatchObject({ code: 0, stdout: "" });
});

test("zizmor finds nothing", async () => {
  expect(await audit()).toMatchObject({ code: 0, stdout: expect.stringContaining("No findings to report") });
});

test.each<[string, string, string, string, RegExp]>([
  [
    "an action by its tag",
    "check.yml",
    "checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
    "checkout@v4",
    /unpinned-uses/,
  ],
  ["all permissions", "plan.yml", "permissions: {}", "permissions: write-all", /excessive-permissions/],
  [
    "a title in a script",
    "plan.yml",
    'list="$(npm',
    `echo "\${{ github.event.pull_request.title }}"; list="$(npm`,
    /template-injection/,
  ],
  ["a token left behind", "deploy.yml", "persist-credentials: false", "fetch-depth: 1", /artipacked/],
])("zizmor finds %s", async (_, workflow, from, to, finding) => {
  spoil(workflow, from, to);
  const { code, stdout } = await audit();
  expect(stdout).toMatch(finding);
  expect(code).not.toBe(0);
});

test("actionlint finds a job that needs no other", async () => {
  spoil("deploy.yml", "needs: [targets, ready]", "needs: [targets, reviewed]");
  const { code, stdout } = await run("actionlint");
  expect(stdout).toContain('needs job "reviewed" which does not exist');
  expect(code).toBe(1);
});
