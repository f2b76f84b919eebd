import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { PROJECT_ROOT } from "../../../config";
import { lambdaBundle } from "../../../stacks/app/lambda-bundle";
import { all, onAppRunner, sampleStage, synthesizeApp } from "../synth";

const FUNCTIONS = readdirSync(join(PROJECT_ROOT, "functions")).filter((name) =>
  existsSync(join(PROJECT_ROOT, "functions", name, "index.ts")),
);

test("there is a bundle for each function", () => {
  expect(FUNCTIONS).toEqual(expect.arrayContaining(["access-key", "database-users", "first-image", "prepare"]));
});

test("every function of a stage runs on Node.js 22 or later", () => {
  const { image: _, ...service } = sampleStage("prod").service as { image?: string };
  const own = { redCapLocalVersion: "17.4.4", service: service as never, email: "admins@example.org" };
  for (const stack of [synthesizeApp(own), synthesizeApp(onAppRunner())]) {
    const runtimes = all(stack, "aws_lambda_function").map(({ runtime }) =>
      Number(/^nodejs(\d+)/.exec(`${runtime}`)?.[1]),
    );
    expect(runtimes.length).toBeGreaterThan(2);
    for (const version of runtimes) expect(version).toBeGreaterThanOrEqual(22);
  }
});

describe.each(FUNCTIONS)("%s", (name) => {
  const bundle = lambdaBundle(name);
  const zip = readFileSync(bundle.zipFile);

  test("is one CommonJS file with everything in it", () => {
    const files = unzipSync(zip);
    expect(Object.keys(files)).toEqual(["index.js"]);
    // Cold starts read all of it.
    expect(zip.length).toBeLessThan(1_000_000);
    const code = Buffer.from(files["index.js"] ?? []).toString();
    const module = { exports: {} as { handler?: (event: unknown) => Promise<unknown> } };
    // Node's own modules are all it may ask for.
    const builtin = (name: string) => {
      if (!require("node:module").isBuiltin(name)) throw new Error(`The bundle requires ${name}.`);
      return require(name);
    };
    new Function("module", "exports", "require", code)(module, module.exports, builtin);
    return expect(module.exports.handler?.({ action: "nothing" })).rejects.toThrow(/^Invalid event\. /);
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
