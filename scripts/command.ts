// What every command shares: errors of the user's end without a stack trace, exit codes, and progress lines.
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { ConfigurationError } from "../config";

/** Something the person at the keyboard can mend; the message says how. Ends the command with exit code 1. */
export class UserError extends Error {}

/** Runs a command's main function; the process ends non-zero if it fails. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const known = error instanceof UserError || error instanceof ConfigurationError;
    console.error(known ? `Error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Before an hour of work, not after it. @param flag such as `--out` @throws UserError where no file can be written there */
export function requireWritable(flag: string, file: string): void {
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new UserError(`${flag} ${file}: the folder ${folder} is not there, or cannot be written to.`);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${flag} ${file}: this is a folder; name a file.`);
}

/** For an option of which the last would win silently. @throws InvalidArgumentError where it is empty, or given again */
export function once(value: string, before: string | undefined): string {
  if (value === "") throw new InvalidArgumentError("It is empty.");
  if (before !== undefined) throw new InvalidArgumentError(`It was given before, with '${before}': give one.`);
  return value;
}

/** Seconds since `start` (milliseconds since the epoch) as `1 m 05 s`. */
export function elapsed(start: number, end = Date.now()): string {
  const seconds = Math.round((end - start) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
}
