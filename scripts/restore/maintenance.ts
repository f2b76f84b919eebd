// A maintenance server during a restore: it writes to the database that is about to be replaced, so it is removed. It is not
// started again: what ran on it has to be looked at by whoever ran it.
import { Servers } from "../maintenance/servers";
import type { RestoreContext } from "./context";

/** @returns what is said of it, where there was one */
export async function removeMaintenanceServers(context: RestoreContext): Promise<string | undefined> {
  const servers = new Servers(context.stage, context);
  const removed = await context.awsWait(() =>
    servers.remove((left) => context.progress.update(`${left} maintenance servers are shutting down`)),
  );
  return removed.length ? `maintenance server ${removed.join(", ")} removed` : undefined;
}
