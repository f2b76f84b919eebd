// What happened outside this plan's own changes: drift that the refresh found, imports, moves.
import { isStateful } from "../../../config";
import { changedAttributes, quote } from "../change";
import type { Finding } from "../finding";
import type { ResourceChange, TerraformPlan } from "../plan";

/** Names of attributes only: what somebody wrote there by hand may be secret. */
export function drift({ resource_drift = [], resource_changes = [] }: TerraformPlan): Finding[] {
  const touched = new Set(
    resource_changes.filter(({ change }) => change.actions.join() !== "no-op").map(({ address }) => address),
  );
  return resource_drift
    .filter(({ mode, change }) => mode === "managed" && change.actions.join() !== "no-op")
    .flatMap((entry): Finding[] => {
      const { address, type, name, change, previous_address: previous } = entry;
      const finding = { concern: "drift", level: "notice", address } as const;
      if (change.actions.includes("delete"))
        return [
          { ...finding, action: "gone", what: `was deleted${isStateful(type, name) ? " with what it held" : ""}` },
        ];
      const attributes = changedAttributes(entry).filter((attribute) => !staysEmpty(entry, attribute));
      if (attributes.length === 0 && (previous === undefined || previous === address)) return [];
      // E.g. a policy that was attached by hand: no configuration says anything of it, so that no plan takes it away.
      const leaves = touched.has(address) ? "" : ", which this plan leaves as it is";
      return [{ ...finding, action: "drift", what: `was changed: ${attributes.join(", ") || "its address"}${leaves}` }];
    });
}

/** A refresh writes empty lists where there was nothing. */
function staysEmpty({ change }: ResourceChange, attribute: string): boolean {
  const isEmpty = (side: unknown) => {
    const value = (side as Record<string, unknown> | null)?.[attribute] ?? "";
    return value === "" || (typeof value === "object" && Object.keys(value as object).length === 0);
  };
  return isEmpty(change.before) && isEmpty(change.after);
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
