// A dangerous plan each: what is found in it, and that the way back is not called the same danger.
import { findings } from "../../../../scripts/gate/findings";
import type { ResourceChange, TerraformPlan } from "../../../../scripts/gate/plan";
import { plan } from "../plans";

/** Name, changes, and the dangers that must be found: exactly these, as `action address`. */
export type Case = [name: string, changes: ResourceChange[] | TerraformPlan, ...expected: string[]];

const planOf = (changes: Case[1]): TerraformPlan => (Array.isArray(changes) ? plan(changes) : changes);

export const dangersOf = (changes: Case[1]): string[] =>
  findings(planOf(changes))
    .filter(({ level }) => level === "danger")
    .map(({ action, address }) => `${action} ${address}`.trim());

const reversed = ({ change, ...entry }: ResourceChange): ResourceChange => ({
  ...entry,
  change: { ...change, before: change.after, after: change.before, after_unknown: {} },
});

export function testDangers(cases: Case[]): void {
  test.each(cases)("%s", (_, changes, ...expected) => {
    expect(dangersOf(changes).sort()).toEqual(expected.sort());
  });

  const updates = cases.filter(([, changes]) => {
    const { resource_changes = [] } = planOf(changes);
    return resource_changes.length > 0 && resource_changes.every(({ change }) => change.actions.join() === "update");
  });
  test.each(updates)("the way back is safe: %s", (_, changes, ...expected) => {
    const { resource_changes = [], ...rest } = planOf(changes);
    const back = dangersOf({ ...rest, resource_changes: resource_changes.map(reversed) });
    for (const one of expected) expect(back).not.toContain(one);
  });
}
