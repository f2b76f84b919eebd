// What killed commands leave behind holds plans: it goes with the next command, once nothing can still work in it.
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeLeftFolders } from "../../../scripts/terraform";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "redcap-left-"));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function folder(name: string, hoursOld: number): string {
  const path = join(parent, name);
  mkdirSync(join(path, "stacks"), { recursive: true });
  const then = new Date(Date.now() - hoursOld * 3_600_000);
  utimesSync(path, then, then);
  return path;
}

test("older than a day goes; what may still be worked in, and what is others', stays", () => {
  const left = folder("redcap-deploy-abc", 25);
  const stay = [folder("redcap-deploy-def", 23), folder("something-else", 100)];
  removeLeftFolders(parent);
  expect([left, ...stay].map((path) => existsSync(path))).toEqual([false, true, true]);
});
