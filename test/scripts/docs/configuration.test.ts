import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PROJECT_ROOT } from "../../../config";
import { deployment } from "../../../config/schema/deployment";
import { configurationPage } from "../../../scripts/docs/configuration";

const page = configurationPage();

test("docs/configuration.md is what the schema says; if not: npm run docs", () => {
  expect(readFileSync(join(PROJECT_ROOT, "docs/configuration.md"), "utf8")).toBe(page);
});

test("names every field of the schema", () => {
  const fields = new Set<string>();
  JSON.stringify(z.toJSONSchema(deployment, { io: "input", unrepresentable: "any" }), (_, value) => {
    for (const name of Object.keys(value?.properties ?? {})) fields.add(name);
    return value;
  });
  expect(fields.size).toBeGreaterThan(60);
  expect([...fields].filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
});

test("says of every field what it means", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  // What only tells alternatives apart has one value.
  const mute = rows.filter((line) => line.endsWith("|  |") && !/^\| `\w+` \| `[^`]+` \|/.test(line));
  expect(mute).toEqual([]);
});

test("has a table for each alternative", () => {
  expect(page).toContain('## `stages[].service` with type "fargate"');
  expect(page).toContain('## `stages[].service` with type "app-runner"');
});
