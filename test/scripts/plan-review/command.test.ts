// The command: files in, exit code and review out; what it cannot read, it says why.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { destroy, plan, update } from "../gate/plans";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-plan-review-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
jest.setTimeout(60_000);

/** A stack's folder as cdktf and Terraform leave it. */
function stackFolder(stack: string, ...changes: ReturnType<typeof destroy>[]): string {
  const path = join(folder, stack);
  mkdirSync(path, { recursive: true });
  const metadata = { path: `${stack}/database/cluster`, uniqueId: "cluster" };
  const synthesized = {
    "//": { metadata: { stackName: stack } },
    resource: { aws_rds_cluster: { cluster: { "//": { metadata } } } },
  };
  writeFileSync(join(path, "cdk.tf.json"), JSON.stringify(synthesized));
  writeFileSync(join(path, "plan.json"), JSON.stringify(plan(changes)));
  return join(path, "plan.json");
}

const run = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const command = ["--require", "tsx/cjs", join(PROJECT_ROOT, "scripts/plan-review.ts"), ...args];
    const env = { ...process.env, NODE_PATH: join(PROJECT_ROOT, "node_modules") };
    execFile(process.execPath, command, { cwd: PROJECT_ROOT, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

test("0 where nothing is dangerous; the construct is named by the file beside the plan", async () => {
  const calm = stackFolder(
    "app-calm",
    update("aws_rds_cluster.cluster", { engine_version: "1" }, { engine_version: "2" }),
  );
  const { code, stdout } = await run("--plan", calm);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("    app-calm/database\n") });
});

test("2 where something is, 0 once it is acknowledged; several plans make one review", async () => {
  const lost = stackFolder("app-lost", destroy("aws_rds_cluster.cluster"));
  const other = stackFolder("app-other");
  const out = join(folder, "review.md");
  const refused = await run("--plan", lost, "--plan", other, "--format", "md", "--out", out);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  const comment = readFileSync(out, "utf8");
  expect(comment).toContain("destroy `aws_rds_cluster.cluster` (`app-lost/database/cluster`)");
  expect(comment).toContain("### app-other: nothing to change");
  const file = join(folder, "acknowledged.txt");
  writeFileSync(file, "app-lost destroy aws_rds_cluster.cluster # moved away\n");
  expect(await run("--plan", lost, "--acknowledged", file)).toMatchObject({ code: 0 });
  expect(await run("--plan", lost, "--acknowledge", "app-lost destroy aws_rds_cluster.cluster")).toMatchObject({
    code: 0,
  });
  expect(await run("--plan", lost, "--acknowledge", "app-lost destroy *")).toMatchObject({ code: 2 });
});

test("1 for what cannot be read, with the reason", async () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const unknown = plan([destroy("aws_sns_topic.a")]);
  const cases: [args: string[], reason: string][] = [
    [[], "There is no plan to review"],
    [["--plan", join(folder, "missing.json")], "missing.json is not there. Make it with: terraform show"],
    [["--plan", write("binary", "PK\u0003\u0004")], "terraform show -json"],
    [["--plan", write("next.json", '{"format_version":"2.0"}')], "format_version"],
    [["--plan", write("state.json", '{"format_version":"1.0","values":{}}')], "the JSON of a state, not of a plan"],
    [["--plan", write("review.json", '{"version":1,"verdict":"clear"}')], "give it with --review"],
    [["--plan", stackFolder("app-a"), "--out", join(folder, "none", "review.md")], "none is not there"],
    [["--plan", stackFolder("app-a"), "--out", folder], "this is a folder"],
    [["--plan", stackFolder("app-a"), "--acknowledged", folder], "is a folder"],
    [
      ["--plan", write("new.json", JSON.stringify(unknown).replace('"delete"', '"vanish"'))],
      "resource_changes.0.change.actions.0",
    ],
    [["--plan", stackFolder("app-a"), "--plan", stackFolder("app-a")], "Two plans are of the stack app-a"],
    [["--plan", stackFolder("app-a"), "--acknowledged", join(folder, "none.txt")], "none.txt is not there"],
    [["--plan", stackFolder("app-a"), "--format", "pdf"], "pdf"],
  ];
  for (const [args, reason] of cases) {
    expect(await run(...args)).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(reason) });
  }
});

describe("reviews made elsewhere", () => {
  const reviewOf = async (name: string, ...changes: ReturnType<typeof destroy>[]): Promise<string> => {
    const out = join(folder, `${name}.review.json`);
    await run("--plan", stackFolder(name, ...changes), "--format", "json", "--out", out);
    return out;
  };

  test("are one comment, as dangerous as the worst", async () => {
    const calm = await reviewOf("app-calm", update("aws_rds_cluster.cluster", { tags: {} }, { tags: { a: "b" } }));
    const lost = await reviewOf("app-lost", destroy("aws_rds_cluster.cluster"));
    const { code, stdout } = await run("--review", calm, "--review", lost, "--format", "md");
    expect(stdout).toContain("## Plan review: 1 danger, 0 acknowledged");
    expect(stdout).toMatch(/### app-calm: [\s\S]*### app-lost: /);
    expect(code).toBe(2);
    expect((await run("--review", calm)).code).toBe(0);
  });

  test("of one stack twice, or of another kind, are refused", async () => {
    const calm = await reviewOf("app-calm");
    const twice = await run("--review", calm, "--review", calm);
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining("Two plans are of the stack app-calm")]);
    const plain = await run("--review", stackFolder("app-plain"));
    expect([plain.code, plain.stderr]).toEqual([
      1,
      expect.stringContaining("it is not what --format json writes: version"),
    ]);
  });
});
