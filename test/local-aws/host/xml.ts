// XML of the query protocol: parameters in, answers out. Shapes are AWS's own, e.g. { DBClusters: [{ … }] }.
import { XMLParser } from "fast-xml-parser";
import { type AwsResponse, escapeXml, xml } from "../service";

export type Parsed = { [name: string]: unknown };

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false });

export function parseXml(text: string): Parsed {
  return parser.parse(text) as Parsed;
}

/** The element's children as a list: none, one or many. */
export function elements(parent: unknown, name: string): Parsed[] {
  const value = (parent as Parsed | undefined)?.[name];
  return value === undefined || value === "" ? [] : ((Array.isArray(value) ? value : [value]) as Parsed[]);
}

/**
 * Writes a value as XML. Lists need the name of their members, which differs from list to list; `member` is the rule of
 * the query protocol where AWS's model does not say otherwise.
 */
export function toXml(value: unknown, memberNames: Record<string, string>): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object" || value === null) return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, child]) => child !== undefined)
    .map(([name, child]) => {
      if (!Array.isArray(child)) return `<${name}>${toXml(child, memberNames)}</${name}>`;
      const member = memberNames[name] ?? "member";
      return `<${name}>${child.map((item) => `<${member}>${toXml(item, memberNames)}</${member}>`).join("")}</${name}>`;
    })
    .join("");
}

export function queryAnswer(action: string, result: object, memberNames: Record<string, string> = {}): AwsResponse {
  const body = toXml(result, memberNames);
  return xml(
    `<${action}Response><${action}Result>${body}</${action}Result>` +
      `<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></${action}Response>`,
  );
}

/** A parameter of the query protocol after parsing: lists are arrays, structures objects. */
export type Parameter = string | Parameter[] | { [name: string]: Parameter };

/** `Tags.Tag.1.Key=a` becomes `{ Tags: [{ Key: "a" }] }`: a number ends a list's name and its member's name. */
export function parseForm(form: URLSearchParams): { [name: string]: Parameter } {
  const tree: Parsed = {};
  for (const [key, value] of form) {
    const segments = key.split(".");
    let node = tree;
    segments.forEach((segment, index) => {
      if (index === segments.length - 1) node[segment] = value;
      else {
        node[segment] ??= {};
        node = node[segment] as Parsed;
      }
    });
  }
  return fold(tree) as { [name: string]: Parameter };
}

function fold(node: unknown): Parameter {
  if (typeof node !== "object" || node === null) return String(node);
  const entries = Object.entries(node as Parsed);
  if (entries.length && entries.every(([name]) => /^\d+$/.test(name))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => fold(child));
  }
  const [only] = entries;
  if (entries.length === 1 && only) {
    const inner = fold(only[1]);
    // The member's name between a list's name and its numbers says nothing.
    if (Array.isArray(inner) && isNumbered(only[1])) return inner;
  }
  return Object.fromEntries(entries.map(([name, child]) => [name, fold(child)]));
}

function isNumbered(node: unknown): boolean {
  return typeof node === "object" && node !== null && Object.keys(node).every((name) => /^\d+$/.test(name));
}
