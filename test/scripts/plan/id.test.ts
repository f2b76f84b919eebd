// Which code a plan was made of.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planId } from "../../../scripts/plan/id";

let root: string;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
    cwd: root,
    encoding: "utf8",
  });
const write = (name: string, text: string) => {
  writeFileSync(join(root, name), text);
  git("add", ".");
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "redcap-plan-id-"));
  git("init", "--quiet", "--initial-branch", "main");
  write("stages.ts", "1");
  git("commit", "--quiet", "-m", "one");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a merge that brings nothing else in keeps the id", async () => {
  git("checkout", "--quiet", "-b", "change");
  write("stages.ts", "2");
  git("commit", "--quiet", "-m", "two");
  const planned = await planId(true, root);
  git("checkout", "--quiet", "main");
  expect(await planId(true, root)).not.toBe(planned);
  git("merge", "--quiet", "--no-ff", "-m", "merged", "change");
  expect(await planId(true, root)).toBe(planned);
});

test("what is not committed is refused, and named", async () => {
  writeFileSync(join(root, "stages.ts"), "3");
  await expect(planId(true, root)).rejects.toThrow(/was committed, and this is not:\n M stages\.ts/);
});

test("a name of one's own", async () => {
  expect(await planId("friday", root)).toBe("friday");
  await expect(planId("../state", root)).rejects.toThrow('"../state" is no id of a plan');
});
