// A review in the format that was asked for, and the exit code that says what it found.
import { writeFileSync } from "node:fs";
import { markdown } from "./markdown";
import type { Review } from "./review";
import { text } from "./text";

export const FORMATS = {
  md: (found: Review) => markdown(found),
  text,
  json: (found: Review) => `${JSON.stringify({ version: 1, ...found }, null, 2)}\n`,
} as const;
export type Format = keyof typeof FORMATS;

/** @param out file; default: stdout */
export function write(output: string, out: string | undefined): void {
  if (out === undefined) process.stdout.write(output);
  else writeFileSync(out, output);
}

/** 0 where nothing is dangerous, or all of it acknowledged; 2 otherwise. */
export const exitCodeOf = ({ verdict }: Review): 0 | 2 => (verdict === "dangerous" ? 2 : 0);
