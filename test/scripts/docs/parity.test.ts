// docs/parity.md: what it names exists, and no property of the systems that people come from has been forgotten.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { MOVED } from "../../../config/moved";
import { fieldsOfSchema, textOf } from "./pages";

interface Row {
  section: string;
  there: string;
  here: string;
  test: string;
}

/** Rows of all tables; no cell has a bar of its own. */
function rowsOf(text: string): Row[] {
  let section = "";
  return text.split("\n").flatMap((line) => {
    section = /^## (.+)$/.exec(line)?.[1] ?? section;
    const cells = /^\| .* \|$/.test(line) ? line.slice(2, -2).split(" | ") : [];
    if (cells.length === 0 || cells.at(-1) === "test") return [];
    expect([line, cells.length]).toEqual([line, 3]);
    const [there = "", here = "", test = ""] = cells;
    return [{ section, there, here, test }];
  });
}

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
/** Files that a cell links to, as paths of the project. */
const linked = (cell: string): string[] =>
  [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => join("docs", target));

/** A test cell in parts: each file, and the names that stand behind it. */
const namedTests = (cell: string): [file: string, names: string[]][] =>
  cell
    .split(/(?=\[[^\]]+\]\([^)]+\))/)
    .map((part): [string, string[]] => [linked(part)[0] ?? part, quoted(part.replace(/^\[[^\]]+\]\([^)]+\)/, ""))]);

/** Whether a test's source gives this name to a test or describe, or to a row or key of what test.each reads. */
function isNamed(source: string, name: string): boolean {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`[([{,]\\s*(["'\`])${literal}\\1\\s*[,:\\]]`).test(source);
}

const rows = rowsOf(textOf("docs/parity.md"));
const fields = fieldsOfSchema();
const isField = (name: string) => [`stages[].${name}`, name].some((path) => fields.has(path));

test("there is a table for each part", () => {
  const sections = new Set(rows.map(({ section }) => section));
  expect(sections.size).toBeGreaterThanOrEqual(15);
  expect(rows.length).toBeGreaterThan(120);
});

test.each(rows.map((row): [string, string, Row] => [row.section, row.there, row]))("%s: %s", (_, there, row) => {
  expect(there).not.toBe("");
  const files = linked(row.here).filter((file) => !file.startsWith("test/"));
  expect(files).not.toEqual([]);
  expect(files.filter((file) => !existsSync(join(PROJECT_ROOT, file)))).toEqual([]);
  for (const [file, names] of namedTests(row.test)) {
    expect(file).toMatch(/^test\/.+\.test\.ts$/);
    expect(names).not.toEqual([]);
    const source = readFileSync(join(PROJECT_ROOT, file), "utf8");
    expect([file, names.filter((name) => !isNamed(source, name))]).toEqual([file, []]);
  }
});

describe("configuration", () => {
  /** Properties of the other systems, as the first column has them before their default, each with the row's second column. */
  const properties = rows
    .filter(({ section }) => section === "Configuration")
    .flatMap(({ there, here }) => quoted(there.split(":")[0] ?? "").map((name): [string, string] => [name, here]));

  test("every property of the other systems is in the table", () => {
    expect(properties.length).toBeGreaterThanOrEqual(45);
    const parts = properties.flatMap(([name]) => name.split("."));
    expect(Object.keys(MOVED).filter((name) => !parts.includes(name))).toEqual([]);
  });

  test.each(properties)("%s is a field, or is refused with the name of the field that it became", (name, here) => {
    const [first = ""] = name.split(".");
    const kept = [name, `route53Ns.${name}`].find(isField);
    const became = kept ?? /^[\w.]+/.exec(MOVED[first] ?? "")?.[0] ?? "none";
    expect([became, isField(became)]).toEqual([became, true]);
    const named = quoted(here).filter(isField);
    expect(named.filter((field) => `${field}.`.startsWith(`${became}.`))).not.toEqual([]);
  });
});
