// Loads stages.ts (or the sample), validates it, and says in plain words what is wrong with it.
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { MOVED } from "./moved";
import { type Deployment, type DeploymentInput, deployment } from "./schema/deployment";
import type { StageConfig } from "./schema/stage";

export const PROJECT_ROOT = resolve(__dirname, "..");

/** A configuration that cannot be used; the message lists every problem with field, value and remedy. */
export class ConfigurationError extends Error {}

/** Gives stages.ts its type: completion and errors in the editor. */
export const defineDeployment = (input: DeploymentInput): DeploymentInput => input;

export interface LoadedDeployment {
  config: Deployment;
  /** The file it came from. */
  file: string;
  /** Whether it is the sample, because no stages.ts exists. */
  isSample: boolean;
}

/** The file named by REDCAP_STAGES_FILE, else stages.ts, else the sample. */
export function stagesFile(root = PROJECT_ROOT): { file: string; isSample: boolean } {
  const named = process.env.REDCAP_STAGES_FILE;
  const own = named ? resolve(root, named) : join(root, "stages.ts");
  if (named && !existsSync(own)) throw new ConfigurationError(`REDCAP_STAGES_FILE names ${own}, which does not exist.`);
  return existsSync(own) ? { file: own, isSample: false } : { file: join(root, "stages.sample.ts"), isSample: true };
}

export const CREATE_STAGES_HINT = "cp stages.sample.ts stages.ts";

/**
 * Reads and validates the configuration.
 * @throws ConfigurationError with one line per problem.
 */
export function loadDeployment(root = PROJECT_ROOT): LoadedDeployment {
  const { file, isSample } = stagesFile(root);
  const module = evaluate(file);
  if (module.default === undefined)
    throw new ConfigurationError(
      `${basename(file)} has no default export: end it with "export default defineDeployment({ … })".`,
    );
  return { config: validate(module.default, basename(file)), file, isSample };
}

/** Runs the file. @throws ConfigurationError with what is wrong and where, instead of a compiler's stack trace */
function evaluate(file: string): { default?: unknown } {
  try {
    return require(file) as { default?: unknown };
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const lines = String((error as Error).message)
      .split("\n")
      .filter((line) => line.trim() !== "");
    throw new ConfigurationError(`${basename(file)} cannot be read: ${lines.slice(0, 3).join("\n  ")}`);
  }
}

/** As loadDeployment, for commands that reach into an account: the sample's accounts are nobody's. */
export function loadOwnDeployment(root = PROJECT_ROOT): LoadedDeployment {
  const loaded = loadDeployment(root);
  if (loaded.isSample)
    throw new ConfigurationError(
      `There is no stages.ts yet. Create it from the sample, then edit it:\n  ${CREATE_STAGES_HINT}`,
    );
  return loaded;
}

/** The stage with this name. @throws ConfigurationError naming the stages there are. */
export function findStage(config: Deployment, name: string): StageConfig {
  const found = config.stages.find((entry) => entry.name === name);
  if (found) return found;
  throw new ConfigurationError(
    `--stage ${name}: there is no such stage. Configured: ${config.stages.map((entry) => entry.name).join(", ")}.`,
  );
}

/** Validates a configuration object. @throws ConfigurationError */
export function validate(input: unknown, fileName = "stages.ts"): Deployment {
  const result = deployment.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => explain(issue, input));
  throw new ConfigurationError(
    `${fileName}: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}\n${problems.map((line) => `  ${line}`).join("\n")}`,
  );
}

function explain(issue: z.core.$ZodIssue, input: unknown): string[] {
  const path = describePath(issue.path, input);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${path ? `${path}.` : ""}${key}: ${unknownKey(key, issue.path)}`);
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => `${path}: ${message}`);
  const at = valueAt(input, issue.path);
  if (at === undefined && issue.code === "invalid_type") return [`${path}: missing. Add it (${issue.expected}).`];
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return [`${path || "the export"}: ${JSON.stringify(at)} is not accepted. Write a value of type ${issue.expected}.`];
  }
  const value = typeof at === "object" || at === undefined ? "" : `${JSON.stringify(at)} is not accepted. `;
  return [`${path || "the export"}: ${value}${issue.message}`];
}

function unknownKey(key: string, path: PropertyKey[]): string {
  const inStage = path[0] === "stages";
  // Deeper, too: the systems that people come from nested some of them.
  const moved = inStage && (path.length === 2 || !knownKeys().includes(key)) ? MOVED[key] : undefined;
  if (moved) return `this setting is now ${moved}.`;
  if (knownKeys().includes(key))
    return "this key does not belong here. Remove it, or see docs/configuration.md for where it goes.";
  const similar = closest(key, knownKeys());
  return distance(key, similar) <= Math.min(3, key.length / 3)
    ? `unknown key. Did you mean "${similar}"?`
    : "unknown key. Remove it, or see docs/configuration.md for what there is.";
}

/** `stages[1].db` reads as `stages[prod].db`: people know stages by their names. */
function describePath(path: PropertyKey[], input: unknown): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part !== "number") return text ? `${text}.${String(part)}` : String(part);
    const entry = valueAt(input, path.slice(0, index + 1)) as { name?: unknown } | undefined;
    return `${text}[${typeof entry?.name === "string" ? entry.name : part}]`;
  }, "");
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], input);
}

let keys: string[] | undefined;
function knownKeys(): string[] {
  if (keys) return keys;
  const found = new Set<string>();
  JSON.stringify(z.toJSONSchema(deployment, { io: "input", unrepresentable: "any" }), (_, value) => {
    for (const key of [...Object.keys(value?.properties ?? {}), ...(value?.propertyNames?.enum ?? [])]) found.add(key);
    return value;
  });
  keys = [...found];
  return keys;
}
