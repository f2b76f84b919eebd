// Runs parts one after the other, whatever becomes of each, and sums up what passed and what failed.
import { elapsed } from "../command";

export interface Counts {
  passed: number;
  failed: number;
}

export interface Part {
  name: string;
  /** An error thrown counts as one failure. */
  run: () => Promise<Counts>;
}

/**
 * @param print takes the report; its last line is `N passed, N failed`
 * @returns the exit code: 0 where nothing failed and something passed
 */
export async function runParts(parts: Part[], print: (line: string) => void): Promise<number> {
  const lines: string[] = [];
  const total: Counts = { passed: 0, failed: 0 };
  for (const { name, run } of parts) {
    print(`\n== ${name}`);
    const start = Date.now();
    const { passed, failed } = await run().catch((error: Error) => {
      print(error.message);
      return { passed: 0, failed: 1 };
    });
    total.passed += passed;
    total.failed += failed;
    lines.push(`${name.padEnd(16)}${elapsed(start).padStart(10)}   ${passed} passed, ${failed} failed`);
  }
  print(`\n${lines.join("\n")}\n`);
  print(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
