// Which code a plan was made of: git's id of the whole tree, the same before and after a merge that brings nothing else in.
import { PROJECT_ROOT } from "../../config";
import { UserError } from "../command";
import { execute } from "../terraform/process";

/** @throws UserError where there is no commit, or something that is not in it */
export async function committedTree(root = PROJECT_ROOT): Promise<string> {
  const changed = await git(root, "status", "--porcelain");
  if (changed)
    throw new UserError(
      `A plan is kept for the code that was committed, and this is not:\n${changed.split("\n").slice(0, 10).join("\n")}\nCommit it, or take it away.`,
    );
  return git(root, "rev-parse", "HEAD^{tree}");
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute("git", args, { cwd, env: process.env });
  if (code !== 0) throw new UserError(`git ${args[0]} failed in ${cwd}: ${stderr.trim()}`);
  return stdout.trimEnd();
}
