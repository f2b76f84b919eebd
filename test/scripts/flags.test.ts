// What is typed wrongly is refused at once, by its name, before any account is asked.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";

jest.setTimeout(60_000);

const type = (script: string, ...args: string[]) =>
  new Promise<{ code: number; stderr: string }>((resolve) => {
    const command = ["--require", "tsx/cjs", join("scripts", script), ...args];
    const env = { ...process.env, REDCAP_STAGES_FILE: join(PROJECT_ROOT, "stages.sample.ts") };
    execFile(process.execPath, command, { cwd: PROJECT_ROOT, env }, (error, _, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    );
  });

test.each([
  ["plan.ts", ["--stage", "dev", "--stage", "prod"], "It was given before, with 'dev'"],
  ["deploy.ts", ["--stage=", "--backup-account"], "It is empty"],
  ["deploy.ts", ["--stage", "dev", "--saved", "--digest", "0000"], "64 hexadecimal digits"],
  ["deploy.ts", ["--stage", "dev", "--digest", "0".repeat(64)], "add --saved"],
  ["plan.ts", ["--stage", "dev", "--out", join(PROJECT_ROOT, "none", "a.md")], "none is not there"],
])("%s %j", async (script, args, reason) => {
  expect(await type(script, ...args)).toEqual({ code: 1, stderr: expect.stringContaining(reason) });
});
