// What bootstrap brings about is a list of items: each can tell how it stands and put itself right.
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { UserError } from "../command";

/** How an item stands in the account. "existing": right, but made by somebody else, who keeps it. */
export type Finding = { state: "right" | "existing" | "missing" } | { state: "wrong"; what: string };

export interface Item {
  /** As a person would call it: `state bucket redcap-tfstate-…`. */
  name: string;
  inspect(): Promise<Finding>;
  /** Creates what is missing, corrects what is wrong, and leaves the rest. */
  apply(): Promise<void>;
}

/** Tag that marks what bootstrap made. */
export const OWN_TAG = { key: "redcap:stack", value: "bootstrap" } as const;

/** "missing", "right", or "wrong" with the settings that are. */
export function findingOf(settings: Record<string, boolean>): Finding {
  const wrong = Object.keys(settings).filter((name) => !settings[name]);
  return wrong.length === 0 ? { state: "right" } : { state: "wrong", what: wrong.join(", ") };
}

/** An item of which the configuration says that it exists: it is checked, never touched. */
export function mustExist(item: Item, field: string): Item {
  return {
    name: item.name,
    async inspect() {
      const finding = await item.inspect();
      if (finding.state === "right" || finding.state === "existing") return { state: "existing" };
      const problem = finding.state === "wrong" ? `it is not as needed (${finding.what})` : "there is none";
      throw new UserError(
        `${item.name}: ${field} says "existing", but ${problem}. Mend it, or set ${field} to "create".`,
      );
    },
    async apply() {
      throw new Error(`${item.name} belongs to somebody else`);
    },
  };
}

/** What a request answers, or undefined if it fails with one of these errors, by which AWS says "there is none". */
export async function orNone<T>(request: Promise<T>, ...errorNames: string[]): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Error && errorNames.includes(error.name)) return undefined;
    throw error;
  }
}

/** Seconds that AWS may take until a new role, policy or table is known everywhere. */
const PROPAGATION_SECONDS = 90;

/** Repeats a request while it fails with one of these errors, by which AWS says "not yet". */
export async function onceReady(request: () => Promise<unknown>, ...errorNames: string[]): Promise<void> {
  const result = await createWaiter(
    { client: undefined, maxWaitTime: PROPAGATION_SECONDS, minDelay: 2, maxDelay: 8 },
    undefined,
    async () => {
      try {
        await request();
        return { state: WaiterState.SUCCESS };
      } catch (error) {
        if (error instanceof Error && errorNames.includes(error.name))
          return { state: WaiterState.RETRY, reason: error };
        throw error;
      }
    },
  );
  checkExceptions(result);
}
