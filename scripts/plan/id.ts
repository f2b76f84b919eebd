// Which code a plan was made of: git's id of the whole tree, the same before and after a merge that brings nothing else in.
import { PROJECT_ROOT } from "../../config";
import { UserError } from "../command";
import { execute } from "../terraform/process";

/**
 * @param given what was typed; true for the code that is checked out
 * @throws UserError for an id that cannot be part of a key, or code that is not committed
 */
export async function planId(given: string | true, root = PROJECT_ROOT): Promise<string> {
  if (given === true) return committedTree(root);
  if (/^[\w.-]{1,64}$/.test(given)) return given;
  throw new UserError(`"${given}" is no id of a plan: use 1 to 64 letters, digits, dots, hyphens and underscores.`);
}

async function committedTree(root: string): Promise<string> {
  const changed = await git(root, "status", "--porcelain");
  if (changed)
    throw new UserError(
      `A plan is kept for the code that was committed, and this is not:\n${changed.split("\n").slice(0, 10).join("\n")}\n` +
        "Commit it, take it away, or name the plan yourself: --save <id>, and later --saved <id>.",
    );
  return git(root, "rev-parse", "HEAD^{tree}");
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute("git", args, { cwd, env: process.env });
  if (code !== 0) throw new UserError(`git ${args[0]} failed in ${cwd}: ${stderr.trim()}`);
  return stdout.trimEnd();
}
