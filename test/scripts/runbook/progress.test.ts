import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";

test("a process that fails in the middle of a line ends all the same", () => {
  const code = `
    const { Progress } = require(${JSON.stringify(join(PROJECT_ROOT, "scripts/runbook/progress"))});
    new Progress().begin("apply");
    process.exitCode = 3;`;
  const { status, signal } = spawnSync(process.execPath, ["--require", "tsx/cjs", "-e", code], {
    cwd: PROJECT_ROOT,
    timeout: 45_000,
  });
  expect([status, signal]).toEqual([3, null]);
}, 60_000);
