// What GitHub's workflows type: commands and flags that there are.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";

const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const folder = join(PROJECT_ROOT, ".github", "workflows");
const typed = readdirSync(folder).flatMap((file) =>
  [...readFileSync(join(folder, file), "utf8").matchAll(/npm (?:--prefix \S+ )?run (?:--silent )?([\w:-]+)(.*)/g)].map(
    ([, command = "", rest = ""]): [string, string, string[]] => [file, command, rest.match(/(?<= )--[a-z-]+/g) ?? []],
  ),
);

test("there are some of each workflow", () => {
  expect(new Set(typed.map(([file]) => file)).size).toBe(readdirSync(folder).length);
});

test.each(typed)("%s: npm run %s", (_, command, flags) => {
  const script = scripts[command];
  expect(script).toBeDefined();
  const [, source] = /^tsx (\S+)/.exec(script as string) ?? [];
  const known = source ? readFileSync(join(PROJECT_ROOT, source), "utf8") : "";
  expect(flags.filter((flag) => !known.includes(`${flag} `) && !known.includes(`"${flag}"`))).toEqual([]);
});
