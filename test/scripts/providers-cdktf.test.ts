// The wrapper passes everything on to cdktf, and adds what Terraform's providers need only where Terraform runs.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import { readArguments, withProviderLock } from "../../scripts/cdktf";

test.each([
  [["deploy", "app-prod", "--auto-approve"], "deploy"],
  [["--log-level", "debug", "plan", "app-prod"], "plan"],
  [["destroy", "*"], "destroy"],
  [["synth"], undefined],
  [["list"], undefined],
  [["deploy", "--help"], undefined],
  [["diff", "-h"], undefined],
  [["constructor"], undefined],
])("%j needs Terraform for: %s", (args, command) => {
  expect(readArguments(args).command).toBe(command);
});

test.each([
  [["diff"], "cdktf.out"],
  [["diff", "-o", "elsewhere"], "elsewhere"],
  [["diff", "--output=/elsewhere"], "/elsewhere"],
])("%j writes to %s", (args, output) => {
  expect(readArguments(args).output).toBe(join(output.startsWith("/") ? "" : PROJECT_ROOT, output));
});

test("providers from elsewhere than the registry are not locked against the registry", () => {
  const args = ["deploy", "app-prod"];
  expect(withProviderLock(args, "deploy", "mirror")).toEqual(["deploy", "--skip-provider-lock", "app-prod"]);
  expect(withProviderLock(args, "deploy", "own")).toContain("--skip-provider-lock");
  expect(withProviderLock(args, "deploy", "registry")).toBe(args);
  expect(withProviderLock(["watch"], "watch", "mirror")).toEqual(["watch"]);
  expect(withProviderLock(["plan", "--skip-provider-lock"], "plan", "mirror")).toHaveLength(2);
});

test("standard output and the exit code are cdktf's own", () => {
  const cdktf = (...args: string[]) =>
    spawnSync(process.execPath, ["--require", "tsx/cjs", "scripts/cdktf.ts", ...args], {
      cwd: PROJECT_ROOT,
      encoding: "utf8",
      env: { ...process.env, TF_CLI_CONFIG_FILE: "" }, // cdktf reports Terraform's complaint about a missing one
    });
  expect(cdktf("--version")).toMatchObject({ status: 0, stdout: "0.21.0\n" });
  expect(cdktf("no-such-command").status).toBe(1);
});
