// npm run gen:redcap-config as a script types it, and what the stack makes of the file.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { readSettings } from "../../../scripts/redcap-config/sql";
import { containers } from "../../stacks/app/task";
import { sampleInput, synthesizeApp } from "../../stacks/synth";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-settings-"));
  file = join(folder, "redcap-config/prod.sql");
  process.env.REDCAP_STAGES_FILE = join(folder, "stages.ts");
  writeFileSync(process.env.REDCAP_STAGES_FILE, `export default ${JSON.stringify(sampleInput())};`);
});
afterEach(() => {
  delete process.env.REDCAP_STAGES_FILE;
  rmSync(folder, { recursive: true });
});

const generate = (...flags: string[]) =>
  spawnSync(process.execPath, ["--require", "tsx/cjs", "scripts/gen-redcap-config.ts", "--stage", "prod", ...flags], {
    cwd: PROJECT_ROOT,
    encoding: "utf8",
    // Of this test: a child would otherwise get the environment that jest began with.
    env: { ...process.env },
  });

/** The statements that REDCap's web server is started with. */
const given = () =>
  containers(synthesizeApp())
    .find(({ name }) => name === "redcap")
    ?.environment.find(({ name }) => name === "SETTINGS_SQL")?.value;

test("writes what is answered; a second run keeps it; containers are started with it", () => {
  expect(given()).toBeUndefined();
  const first = generate("--yes", "--set", "institution=Example = Hospital", "--set", "autologout_timer=20");
  expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining("2 settings. Commit it") });
  expect(generate("--yes", "--set", "autologout_timer=15").status).toBe(0);
  const sql = readFileSync(file, "utf8");
  expect(readSettings(sql)).toEqual({ institution: "Example = Hospital", autologout_timer: "15" });
  expect(given()).toBe(sql);
});

test("what Terraform would take for its own reaches it as text", () => {
  expect(generate("--yes", "--set", "institution=$" + "{x} %{y} 100% $5").status).toBe(0);
  expect(given()).toContain("'$$" + "{x} %%{y} 100% $5'");
});

test.each([
  [["--set", "institution=x"], "answer with --set and add --yes"],
  [["--yes"], "nothing to write"],
  [["--yes", "--set", "institution"], "write a name and a value"],
  [["--yes", "--set", "autologout_timer=never"], 'autologout_timer: "never" is not accepted'],
])("%j is refused, and nothing is written", (flags, reason) => {
  expect(generate(...flags)).toMatchObject({ status: 1, stderr: expect.stringContaining(reason) });
  expect(existsSync(file)).toBe(false);
});

test("what is too large for a task definition is refused", () => {
  expect(generate("--yes", "--set", "institution=x").status).toBe(0);
  writeFileSync(file, "-".repeat(16_385));
  expect(given).toThrow("16384 fit into a task definition");
});
