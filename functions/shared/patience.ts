// Trying again while IAM's changes are on their way: they take seconds (IAM user guide, changes that are not always
// immediately visible).
import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  patienceMs: number;
  retryMs: number;
}

/** @throws the last error once the patience is over, any other error at once */
export async function retryWhile<T>(
  isPassing: (error: unknown) => boolean,
  work: () => Promise<T>,
  { patienceMs, retryMs }: Patience,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || Date.now() + retryMs > deadline) throw error;
      await sleep(retryMs);
    }
  }
}

/** Of any service: the caller lacks a right. */
export const isDenied = (error: unknown): boolean => /^AccessDenied(Exception)?$/.test((error as Error).name);
