// What happened outside this plan's own changes: drift that the refresh found, imports, moves.
import { isStateful } from "../../../config";
import { changedAttributes, quote } from "../change";
import type { Finding } from "../finding";
import type { ResourceChange, TerraformPlan } from "../plan";

/** Names of attributes only: what somebody wrote there by hand may be secret. */
export function drift({ resource_drift = [] }: TerraformPlan): Finding[] {
  return resource_drift
    .filter(({ mode, change }) => mode === "managed" && change.actions.join() !== "no-op")
    .map((entry) => {
      const isGone = entry.change.actions.includes("delete");
      const attributes = changedAttributes(entry).join(", ");
      const what = isGone
        ? `was deleted${isStateful(entry.type, entry.name) ? " with what it held" : ""}`
        : `was changed: ${attributes || "its address"}`;
      return { concern: "drift", level: "notice", action: isGone ? "gone" : "drift", address: entry.address, what };
    });
}

export function importsAndMoves({ resource_changes = [] }: TerraformPlan): Finding[] {
  return resource_changes.flatMap((entry) => [...imported(entry), ...moved(entry)]);
}

function imported({ address, change }: ResourceChange): Finding[] {
  if (!change.importing) return [];
  const { id } = change.importing;
  return [
    {
      concern: "import",
      level: "notice",
      action: "import",
      address,
      what: id ? `is ${quote(id)}` : "its id is not known yet",
    },
  ];
}

function moved({ address, previous_address: previous }: ResourceChange): Finding[] {
  if (previous === undefined || previous === address) return [];
  return [{ concern: "move", level: "notice", action: "move", address, what: `was ${quote(previous)}` }];
}
