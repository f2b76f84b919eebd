// The pages that people read, and every field that they may name.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { configurationPage } from "../../../scripts/docs/configuration";

/** README and all pages of docs, as paths of the project. */
export const PAGES: string[] = [
  "README.md",
  ...readdirSync(join(PROJECT_ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((name) => join("docs", name)),
].filter((name) => name.endsWith(".md"));

export const textOf = (page: string): string => readFileSync(join(PROJECT_ROOT, page), "utf8");

/** Every field of stages.ts, as the page of the schema has it: `stages[].db.scaling.minCapacityAcu`. */
export function fieldsOfSchema(): Set<string> {
  const fields = new Set<string>();
  let path = "";
  for (const line of configurationPage().split("\n")) {
    const [, heading] = /^## (.+)$/.exec(line) ?? [];
    if (heading !== undefined) path = /^`([^`]+)`/.exec(heading)?.[1] ?? "";
    const [, field] = /^\| `([^`]+)` \|/.exec(line) ?? [];
    if (field) fields.add(path ? `${path}.${field}` : field);
  }
  return fields;
}
