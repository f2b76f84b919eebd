// Test suites that need containers: skipped with the reason where this machine cannot run any.
import { whyNoContainers } from "./tools";

/** jest's describe, skipped with one line that says why, unless containers can run here; with REQUIRE_CONTAINERS, it fails. */
export function describeContainers(name: string, tests: () => void): void {
  const reason = whyNoContainers();
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  if (process.env.REQUIRE_CONTAINERS) throw new Error(`REQUIRE_CONTAINERS is set. ${reason}`);
  process.stderr.write(`Skipped: ${name}. ${reason}\n`);
  describe.skip(`${name} (skipped: ${reason})`, tests);
}
