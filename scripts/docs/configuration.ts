// docs/configuration.md: every field of stages.ts, written from the schema that validates it.
import { z } from "zod";
import { deployment } from "../../config/schema/deployment";

/** A node of the schema as JSON Schema (draft 2020-12), the parts that are used here. */
interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  required?: string[];
  items?: Node;
  additionalProperties?: Node | boolean;
  anyOf?: Node[];
  oneOf?: Node[];
}

/** A table of fields with a heading. */
interface Section {
  heading: string;
  description: string | undefined;
  rows: string[];
}

const INTRODUCTION = `# Configuration

Every field of \`stages.ts\`, as \`config/schema\` defines it. Written by \`npm run docs\`; a test compares it with
the schema. Wrong values, misspelt keys and combinations that cannot work are refused before anything is planned, with the
field, the value and the remedy. A field without a default is required unless its type says "optional".
`;

/** The whole page. */
export function configurationPage(): string {
  const root = z.toJSONSchema(deployment, { io: "input", unrepresentable: "any" }) as Node;
  const sections: Section[] = [];
  collect("", root, sections);
  return `${INTRODUCTION}\n${sections.map(sectionText).join("\n")}`;
}

const sectionText = ({ heading, description, rows }: Section): string =>
  [
    `## ${heading}`,
    "",
    ...(description ? [description, ""] : []),
    "| field | type | default | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");

/** Adds the node's own table, and after it those of the objects in it that are large enough for one. */
function collect(path: string, node: Node, sections: Section[], variant = ""): void {
  const section: Section = {
    heading: path ? `\`${path}\`${variant}` : "The whole file",
    description: variant ? undefined : node.description,
    rows: [],
  };
  sections.push(section);
  const inner: [string, Node, string][] = [];
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    const fieldPath = path ? `${path}.${name}` : name;
    section.rows.push(row(name, field, node.required?.includes(name) ?? false));
    for (const [suffix, object, label] of objectsIn(field)) inner.push([`${fieldPath}${suffix}`, object, label]);
  }
  for (const [fieldPath, object, label] of inner) collect(fieldPath, object, sections, label);
}

/** Objects that a field holds, each with what comes after its path, and what tells it from its alternatives. */
function objectsIn(field: Node): [suffix: string, object: Node, variant: string][] {
  if (field.properties) return [["", field, ""]];
  const within = (node: Node | undefined, mark: string) =>
    (node ? objectsIn(node) : []).map(([suffix, object, variant]): [string, Node, string] => [
      `${mark}${suffix}`,
      object,
      variant,
    ]);
  if (field.items) return within(field.items, "[]");
  if (typeof field.additionalProperties === "object") return within(field.additionalProperties, ".<key>");
  return alternatives(field).flatMap((node) =>
    objectsIn(node).map(([suffix, object, variant]): [string, Node, string] => [
      suffix,
      object,
      variant || discriminator(object),
    ]),
  );
}

const alternatives = ({ anyOf, oneOf }: Node): Node[] => anyOf ?? oneOf ?? [];

/** ` with type "fargate"` */
function discriminator({ properties = {} }: Node): string {
  const [name, field] = Object.entries(properties).find(([, { const: value }]) => value !== undefined) ?? [];
  return name ? ` with ${name} ${JSON.stringify(field?.const)}` : "";
}

function row(name: string, field: Node, required: boolean): string {
  const hasDefault = field.default !== undefined;
  const type = `${typeText(field)}${required || hasDefault ? "" : ", optional"}`;
  const meaning = field.description ?? alternatives(field).find(({ description }) => description)?.description ?? "";
  const cells = [`\`${name}\``, type, hasDefault ? code(field.default) : "", meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function typeText(field: Node): string {
  if (field.const !== undefined) return code(field.const);
  if (field.enum) return field.enum.map(code).join(", ");
  const choices = alternatives(field);
  if (choices.length > 0) return [...new Set(choices.map(typeText))].join(" or ");
  if (field.items) return `list of ${typeText(field.items)}`;
  return field.type ?? "any";
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
