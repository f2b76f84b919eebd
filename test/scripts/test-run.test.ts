// jest's tests are counted from its own report, whatever way it fails.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countTests, jest as runJest, tool } from "../../scripts/test/run";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-jest-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function runTests(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = JSON.stringify({ rootDir: folder, transform: {} });
  return runJest(["--config", config], { MARK: "1" }, "ignore");
}

test("passed tests, failed tests and files that do not load are counted", async () => {
  const counts = await runTests({
    "a.test.js": 'test("one", () => {}); test("two", () => {}); test("three", () => { throw new Error("no"); });',
    "b.test.js": "not JavaScript",
    "c.test.js": 'test("four", () => {}); test.skip("five", () => {});',
  });
  expect(counts).toEqual({ passed: 3, failed: 2 });
});

test("the environment reaches the tests", async () => {
  const text = 'test("one", () => { if (process.env.MARK !== "1") throw new Error("no"); });';
  expect(await runTests({ "a.test.js": text })).toEqual({ passed: 1, failed: 0 });
});

test("no tests at all is a failure, as is a jest that ends without a report", async () => {
  expect(await runTests({})).toEqual({ passed: 0, failed: 1 });
  expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1 });
});

test("a tool counts as one, by its exit code", async () => {
  expect(await tool("esbuild", ["--version"], "ignore")).toEqual({ passed: 1, failed: 0 });
  expect(await tool("esbuild", ["--no-such-option"], "ignore")).toEqual({ passed: 0, failed: 1 });
});
