// Synthesizes stacks as the cdktf command does, and reads what comes out.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Deployment, type DeploymentInput, stageNames, validate } from "../../config";
import { buildApp } from "../../main";
import sample from "../../stages.sample";

/** A block of Terraform's JSON, such as a resource's attributes. */
export type Block = Record<string, unknown>;
type Blocks = Record<string, Record<string, Block>>;

export interface SynthesizedStack {
  name: string;
  resource: Blocks;
  data: Blocks;
  provider: Record<string, Block[]>;
  terraform: Block;
  output: Record<string, Block>;
}

export type StageInput = DeploymentInput["stages"][number];

/** A copy of the sample, free to change. */
export const sampleInput = (): DeploymentInput => structuredClone(sample);

/** The sample's stage of this name, free to change. */
export function sampleStage(name: "dev" | "prod"): StageInput {
  const stage = sampleInput().stages.find((entry) => entry.name === name);
  if (!stage) throw new Error(`The sample has no stage ${name}.`);
  return stage;
}

/** The sample's service on App Runner: the same image, all else as App Runner has it by default. */
export const onAppRunner = (change: object = {}): Pick<StageInput, "service"> => ({
  service: { type: "app-runner", image: sampleStage("prod").service.image, ...change } as StageInput["service"],
});

/** Every stack of a deployment. */
export function synthesize(config: Deployment): SynthesizedStack[] {
  const outdir = mkdtempSync(join(tmpdir(), "synth-"));
  try {
    buildApp(config, outdir).synth();
    return readdirSync(join(outdir, "stacks")).map((name) => ({
      resource: {},
      data: {},
      output: {},
      ...JSON.parse(readFileSync(join(outdir, "stacks", name, "cdk.tf.json"), "utf8")),
      name,
    }));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The app stack of one stage: the sample's prod stage with changes, and without its domain, and so mail, unless asked for. */
export function synthesizeApp(change: Partial<StageInput> = {}, base: "dev" | "prod" = "prod"): SynthesizedStack {
  const stage = { ...sampleStage(base), domain: undefined, subdomain: undefined, ...change };
  const config = validate({ ...sampleInput(), stages: [stage] });
  const names = config.stages.map((entry) => stageNames(entry).appStack);
  const stack = synthesize(config).find(({ name }) => names.includes(name));
  if (!stack) throw new Error("No app stack was synthesized.");
  return stack;
}

/** The resources of a type, by logical id. */
export const byId = (stack: SynthesizedStack, type: string): Record<string, Block> => stack.resource[type] ?? {};

/** The resources of a type. */
export const all = (stack: SynthesizedStack, type: string): Block[] => Object.values(byId(stack, type));

/** The one resource of a type, or the one whose logical id starts so. */
export function one(stack: SynthesizedStack, type: string, idStart = ""): Block {
  const found = Object.entries(byId(stack, type)).filter(([id]) => id.startsWith(idStart));
  const [entry] = found;
  if (!entry || found.length > 1) throw new Error(`${found.length} resources ${type}.${idStart}*, not one.`);
  return entry[1];
}

/** Terraform's expression for an attribute. */
export const ref = (address: string): string => `\${${address}}`;

/** A nested block or list of blocks as a list. */
export const blocks = (value: unknown): Block[] => (value === undefined ? [] : [value].flat()) as Block[];

export interface Statement {
  sid?: string;
  effect?: string;
  actions?: string[];
  not_actions?: string[];
  resources?: string[];
  not_resources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  condition?: { test: string; variable: string; values: string[] }[];
}

/** Statements of the policy document whose logical id starts so. */
export function statements(stack: SynthesizedStack, idStart: string): Statement[] {
  const documents = Object.entries(stack.data.aws_iam_policy_document ?? {}).filter(([id]) => id.startsWith(idStart));
  if (documents.length !== 1) throw new Error(`${documents.length} policy documents ${idStart}*, not one.`);
  return blocks(documents[0]?.[1].statement) as Statement[];
}

/**
 * The policy that the provider makes of the statements, as text.
 * @param values what Terraform's expressions stand for, such as `aws_s3_bucket.files.arn`
 */
export function policyJson(documentStatements: Statement[], values: Record<string, string>): string {
  const Statement = documentStatements.map(
    ({ effect = "Allow", actions, not_actions, resources, not_resources, principals = [], condition = [] }) => {
      const Condition: Record<string, Record<string, string[]>> = {};
      for (const { test, variable, values: wanted } of condition)
        Condition[test] = { ...Condition[test], [variable]: wanted };
      const Principal = principals.some(({ type }) => type === "*")
        ? "*"
        : Object.fromEntries(principals.map(({ type, identifiers }) => [type, identifiers]));
      const what = { Action: actions, NotAction: not_actions, Resource: resources, NotResource: not_resources };
      return { Effect: effect, Principal, ...what, Condition };
    },
  );
  return JSON.stringify({ Version: "2012-10-17", Statement }).replace(/\$\{([\w.-]+)\}/g, (_, address: string) => {
    const value = values[address];
    if (value === undefined) throw new Error(`No value was given for ${address}.`);
    return value;
  });
}
