// Brings a list of items about: looks at all of them, asks, then puts right what is not, in order.
import { confirm } from "@inquirer/prompts";
import { UserError } from "../command";
import type { Finding, Item } from "./item";

export interface ConvergeOptions {
  /** Change without asking. */
  yes?: boolean | undefined;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  /** Where lines go; default: the terminal. */
  print?: ((line: string) => void) | undefined;
}

/** Whether everything is as it should be now, or the person said no, or it was only to be said. */
export type Convergence = { changed: number; pending: number };

const DONE = { right: "already right", existing: "existing (not ours)", missing: "created", wrong: "corrected" };
const TO_DO = { missing: "to be created", wrong: "to be corrected" };

/**
 * Running it again changes nothing.
 * @throws UserError where there is something to do, no one to ask, and no `yes`
 */
export async function converge(items: Item[], options: ConvergeOptions): Promise<Convergence> {
  const print = options.print ?? console.log;
  const findings = await Promise.all(
    items.map(async (item) => ({ item, finding: await permitted(item, item.inspect()) })),
  );
  const pending = findings.filter(({ finding }) => finding.state === "missing" || finding.state === "wrong");

  if (pending.length > 0 && (options.dryRun || !options.yes)) {
    for (const { item, finding } of findings) print(line(item, finding, { ...DONE, ...TO_DO }));
    if (options.dryRun || !(await agreed(pending.length))) return { changed: 0, pending: pending.length };
  }
  for (const { item, finding } of findings) {
    const toDo = finding.state === "missing" || finding.state === "wrong";
    if (toDo) await permitted(item, item.apply());
    // A person who was asked has seen the rest already.
    if (toDo || options.yes || pending.length === 0) print(line(item, finding, DONE));
  }
  return { changed: pending.length, pending: 0 };
}

/** Missing rights are the person's to mend: AWS's message names the action, this one the item. */
async function permitted<T>(item: Item, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Error && /AccessDenied/.test(error.name))
      throw new UserError(`${item.name}: ${error.message}`);
    throw error;
  }
}

function line(item: Item, finding: Finding, words: Record<Finding["state"], string>): string {
  const what = finding.state === "wrong" ? ` (${finding.what})` : "";
  return `  ${words[finding.state].padEnd(19)}  ${item.name}${what}`;
}

async function agreed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UserError("There is nobody to ask: nothing was changed. Add --yes, or look with --dry-run.");
  return confirm({ message: `Make ${count === 1 ? "this change" : `these ${count} changes`}?`, default: false });
}
