// What every command shares: errors of the user's end without a stack trace, exit codes, and progress lines.
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

/** Seconds since `start` (milliseconds since the epoch) as `1 m 05 s`. */
export function elapsed(start: number, end = Date.now()): string {
  const seconds = Math.round((end - start) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
}
