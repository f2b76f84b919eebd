// Questions that commands ask a person, each with a way to answer it where there is no terminal.
import { UserError } from "./command";

export const isInteractive = (): boolean => Boolean(process.stdin.isTTY && process.stderr.isTTY);

/** Asks before anything is changed. @throws UserError if nobody can be asked, or the answer is no */
export async function confirmOrStop(message: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!isInteractive())
    throw new UserError(`${message} There is no terminal to ask on: add --yes to go on, or --dry-run to look.`);
  const { confirm } = await import("@inquirer/prompts");
  if (!(await confirm({ message, default: false }))) throw new UserError("Stopped; nothing was changed.");
}

/**
 * For what cannot be taken back, the stage's name is given as a flag, or will be typed.
 * @throws UserError if the flag is another name, or nobody can be asked
 */
export function requireNameOrTerminal(stage: string, given: string | undefined): void {
  if (given !== undefined) requireName(stage, given);
  else if (!isInteractive()) {
    throw new UserError(
      `There is no terminal to type the stage's name on: add --confirm ${stage}, or --dry-run to look.`,
    );
  }
}

/** @throws UserError if another name was typed */
export async function askForName(stage: string): Promise<void> {
  const { input } = await import("@inquirer/prompts");
  requireName(stage, await input({ message: `All of this goes. Type the stage's name to destroy it (${stage}):` }));
}

function requireName(stage: string, typed: string): void {
  if (typed !== stage) throw new UserError(`"${typed}" is not the stage's name, "${stage}": nothing was changed.`);
}
