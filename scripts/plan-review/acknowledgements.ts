// Dangers that somebody has looked at and wants: each line names one stack, one action and one exact address.
import { type Finding, isLoss } from "../gate/finding";

export interface Acknowledgement {
  /** As it was written. */
  line: string;
  stack: string;
  action: string;
  address: string;
  /** What stands behind "#". */
  reason?: string;
}

export interface Refused {
  line: string;
  because: string;
}

export interface Acknowledgements {
  accepted: Acknowledgement[];
  /** Lines that cover nothing, and must be mended or removed. */
  refused: Refused[];
}

const LINE = /^(\S+)\s+(\S+)\s+(.+?)(?:\s+#\s*(.*))?$/;
/** Modules, type, name, and the key of an instance, which may hold anything between its quotes. */
const EXACT_ADDRESS = /^(module\.[\w-]+(\["[^"]*"\]|\[\d+\])?\.)*[a-z][a-z0-9_]*\.[\w-]+(\["[^"]*"\]|\[\d+\])?$/;
const WHOLE_MODULE = /^module\.[^.]+$/;

/** The line that acknowledges a finding; of an acknowledgement, the line without its reason. */
export const acknowledgementOf = (stack: string, { action, address }: Pick<Finding, "action" | "address">): string =>
  `${stack} ${action} ${address}`;

/** The same, as it is offered: what it cannot bring about stands behind it. */
export const offeredLine = (stack: string, finding: Finding): string =>
  acknowledgementOf(stack, finding) + (isLoss(finding) ? "  # no command of this project applies it all the same" : "");

/** @param text one acknowledgement per line; empty lines and those that begin with "#" say nothing */
export function parseAcknowledgements(text: string): Acknowledgements {
  const accepted: Acknowledgement[] = [];
  const refused: Refused[] = [];
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const [, stack = "", action = "", address = "", reason] = LINE.exec(line) ?? [];
    const because = refusal(stack, action, address);
    if (because) refused.push({ line, because });
    else accepted.push({ line, stack, action, address, ...(reason && { reason }) });
  }
  return { accepted, refused };
}

function refusal(stack: string, action: string, address: string): string | undefined {
  if (!address)
    return "it must name a stack, an action and an address: a whole stack, or all of an action, cannot be acknowledged";
  if (!/^[\w-]+$/.test(stack)) return "the stack must be one stack's name";
  if (!/^[a-z]+(-[a-z]+)*$/.test(action)) return "the action must be one action, as the review names it";
  if (/^(all|any|every|everything)$/.test(action)) return "one action must be named, as the review names it";
  if (EXACT_ADDRESS.test(address) && !WHOLE_MODULE.test(address)) return undefined;
  if (/[*?]/.test(address)) return "wildcards cover what nobody has looked at: name each address";
  if (!address.includes(".")) return "it names a type or a construct, which may hold many resources: name each address";
  return "this is not the exact address of one resource; take the line from the review";
}
