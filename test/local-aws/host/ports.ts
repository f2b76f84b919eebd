// Free TCP ports of 127.0.0.1.
import { createServer } from "node:net";

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

const given = new Set<number>();

/**
 * A port that is free now and that nobody gets by chance: below the range that the kernel gives to outgoing connections
 * (32768 and up on Linux), so that it can stay reserved for an endpoint that does not listen yet.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}
