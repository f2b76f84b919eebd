// Unfinished runs of a stage are found by the beginning of their id, and not another stage's.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Journal } from "../../../scripts/runbook/journal";

test("the newest first; finished ones and those of a stage with a longer name are left out", () => {
  const folder = mkdtempSync(join(tmpdir(), "journal-"));
  const begin = (id: string) => {
    const journal = Journal.open(id, folder);
    journal.commit();
    return journal;
  };
  begin("upgrade-dev-0123456789");
  begin("upgrade-dev-abcdefabcd").finish();
  begin("upgrade-dev-2-0123456789");
  expect(Journal.unfinished("upgrade-dev-", folder).map(({ id }) => id)).toEqual(["upgrade-dev-0123456789"]);
  expect(Journal.unfinished("upgrade-prod-", folder)).toEqual([]);
  expect(Journal.unfinished("upgrade-dev-", join(folder, "none"))).toEqual([]);
  rmSync(folder, { recursive: true });
});
