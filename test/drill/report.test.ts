// A drill passes only if every single claim of its report holds.
import { type DrillReport, describe as inWords, passed } from "./report";

const GOOD: DrillReport = {
  rowsBefore: 120_020,
  rowsAfter: 120_020,
  checksumMatches: true,
  filesBefore: 50,
  filesAfterAttack: 0,
  filesAfter: 50,
  fileChecksumMatches: true,
  planChangesAfterDeploy: 0,
  planChangesAfterRestore: 0,
  statefulDestroys: 0,
  clusterGone: true,
  sourcePointsBefore: 2,
  sourceLockRefused: true,
  sourcePointsAfterAttack: 0,
  destinationDeleteRefused: true,
  awsJobSeconds: 12,
  recoverySeconds: 40,
  totalSeconds: 200,
  steps: [],
};

test("a good drill passes", () => {
  expect(passed(GOOD)).toBe(true);
  expect(inWords(GOOD)).toContain("120,020 before, 120,020 after the restore, identical");
});

test.each<Partial<DrillReport>>([
  { rowsBefore: 99_999, rowsAfter: 99_999 },
  { rowsAfter: 120_019 },
  { checksumMatches: false },
  { filesBefore: 0, filesAfter: 0 },
  { filesAfterAttack: 1 },
  { filesAfter: 49 },
  { fileChecksumMatches: false },
  { planChangesAfterDeploy: 1 },
  { planChangesAfterRestore: 1 },
  { statefulDestroys: 1 },
  { clusterGone: false },
  { sourcePointsBefore: 0 },
  { sourceLockRefused: false },
  { sourcePointsAfterAttack: 1 },
  { destinationDeleteRefused: false },
])("%j fails it", (change) => {
  expect(passed({ ...GOOD, ...change })).toBe(false);
  expect(inWords({ ...GOOD, ...change })).toContain("THE DRILL FAILED");
});
