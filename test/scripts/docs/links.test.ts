// Every file that a page points to is there.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { PAGES, textOf } from "./pages";

test.each(PAGES)("%s points to files that are there", (page) => {
  const text = textOf(page);
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) => target);
  expect(targets.filter((target) => !existsSync(join(PROJECT_ROOT, dirname(page), target)))).toEqual([]);
});
