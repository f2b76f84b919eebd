import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { PROJECT_ROOT } from "../../../config";
import { lambdaBundle } from "../../../stacks/app/lambda-bundle";

describe.each(["database-users", "access-key", "recovery-kit"])("%s", (name) => {
  const bundle = lambdaBundle(name);
  const zip = readFileSync(bundle.zipFile);

  test("is one CommonJS file with everything in it", () => {
    const files = unzipSync(zip);
    expect(Object.keys(files)).toEqual(["index.js"]);
    const code = Buffer.from(files["index.js"] ?? []).toString();
    const module = { exports: {} as { handler?: (event: unknown) => Promise<unknown> } };
    // Node's own modules are all it may ask for.
    const builtin = (name: string) => {
      if (!require("node:module").isBuiltin(name)) throw new Error(`The bundle requires ${name}.`);
      return require(name);
    };
    new Function("module", "exports", "require", code)(module, module.exports, builtin);
    return expect(module.exports.handler?.({ action: "nothing" })).rejects.toThrow(/^Invalid event\. action: /);
  });

  test("has the hash that Lambda reports", () => {
    expect(bundle.codeHash).toBe(createHash("sha256").update(zip).digest("base64"));
  });

  test("is the same bytes in another process and another time zone", () => {
    const script = `process.stdout.write(require("./stacks/app/lambda-bundle").buildZip("${name}"))`;
    const made = execFileSync(process.execPath, ["--require", "tsx/cjs", "--eval", script], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, TZ: "Asia/Tokyo" },
    });
    expect(made.equals(zip)).toBe(true);
  });
});
