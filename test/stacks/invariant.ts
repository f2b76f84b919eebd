// What an invariant is, and how it finds its way in a synthesized stack.
import { type Block, blocks, byId, type Statement, type SynthesizedStack } from "./synth";

export interface StackUnderTest extends SynthesizedStack {
  /** False for a stage whose protection was turned off with a reason. */
  protect: boolean;
}

export type Invariant = (stack: StackUnderTest) => string[];

/** Addresses of the resources of a type that fail the test. */
export const failing = (
  stack: SynthesizedStack,
  type: string,
  holds: (block: Block, id: string) => boolean,
): string[] => Object.entries(byId(stack, type)).flatMap(([id, block]) => (holds(block, id) ? [] : [`${type}.${id}`]));

/** Whether some resource of a type names this one in an attribute. */
export const partner = (stack: SynthesizedStack, type: string, attribute: string, address: string): Block | undefined =>
  Object.values(byId(stack, type)).find((block) => String(block[attribute]).includes(`{${address}.`));

export const policyStatements = (document: Block | undefined): Statement[] =>
  blocks(document?.statement) as Statement[];

/** The policy document that an attribute such as `${data.aws_iam_policy_document.x.json}` names. */
export const documentOf = (stack: SynthesizedStack, reference: unknown): Block | undefined =>
  stack.data.aws_iam_policy_document?.[/aws_iam_policy_document\.([\w-]+)\.json/.exec(String(reference))?.[1] ?? ""];
