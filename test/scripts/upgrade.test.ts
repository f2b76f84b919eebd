// When an upgrade that was interrupted is gone on with, and when it begins anew.
import { DescribeDBClustersCommand, RDSClient } from "@aws-sdk/client-rds";
import { findStage, validate } from "../../config";
import type { UpgradeFacts } from "../../scripts/upgrade/context";
import { isOutdated } from "../../scripts/upgrade/outdated";
import { sampleInput } from "../stacks/synth";

const stage = findStage(validate(sampleInput()), "dev");
const startedAt = new Date("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;

const rds = new RDSClient({ region: stage.region });
jest.spyOn(rds, "send").mockImplementation((async (command: unknown) => {
  expect(command).toBeInstanceOf(DescribeDBClustersCommand);
  return { DBClusters: [{ DBClusterIdentifier: "redcap-dev", DbClusterResourceId: "cluster-NOW" }] };
}) as never);

test.each<[string, Partial<UpgradeFacts>, number, boolean]>([
  ["soon after", { clusterResourceId: "cluster-NOW" }, HOUR / 2, false],
  ["long after, before any table changed", { clusterResourceId: "cluster-NOW" }, 2 * HOUR, true],
  ["long after, with tables half changed", { clusterResourceId: "cluster-NOW", taskArn: "arn:t" }, 48 * HOUR, false],
  ["after a restore", { clusterResourceId: "cluster-BEFORE", taskArn: "arn:t" }, HOUR / 2, true],
])("%s: outdated %#", async (_, facts, later, outdated) => {
  expect(await isOutdated(stage, { facts, startedAt }, rds, startedAt.getTime() + later)).toBe(outdated);
});
