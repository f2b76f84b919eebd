// What the restore takes as a recovery point, and what it refuses with a word on what would be right.

import { compareVersions } from "../../../scripts/database/engine-version";
import { parseRecoveryPointArn } from "../../../scripts/restore/recovery-points";

it("takes recovery points and snapshots of Aurora", () => {
  expect(parseRecoveryPointArn("arn:aws:rds:eu-west-2:222222222222:cluster-snapshot:awsbackup:copyjob-1")).toEqual({
    service: "rds",
    region: "eu-west-2",
    accountId: "222222222222",
    resource: "cluster-snapshot:awsbackup:copyjob-1",
  });
});

it.each([
  ["latest", "this is not an ARN"],
  ["arn:aws:rds", "this is not an ARN"],
  ["arn:aws:backup:eu-west-2:111111111111:recovery-point:1", "not a recovery point of an Aurora cluster"],
  ["arn:aws:rds:eu-west-2:111111111111:snapshot:one", "not a recovery point of an Aurora cluster"],
])("refuses %s", (arn, message) => {
  expect(() => parseRecoveryPointArn(arn)).toThrow(message);
});

it("compares engine versions by number", () => {
  expect(compareVersions("8.0.mysql_aurora.3.10.0", "8.0.mysql_aurora.3.9.9")).toBeGreaterThan(0);
  expect(compareVersions("8.0.mysql_aurora.3.8.0", "8.0.mysql_aurora.3.10.0")).toBeLessThan(0);
  expect(compareVersions("8.0.mysql_aurora.3.10.0", "8.0.mysql_aurora.3.10.0")).toBe(0);
});
