// Whether an unfinished upgrade may still be gone on with.
import { RDSClient } from "@aws-sdk/client-rds";
import { type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { findCluster } from "../restore/aurora";
import type { Journal } from "../runbook/journal";
import type { UpgradeFacts } from "./context";

/** Milliseconds for which a snapshot is near enough to the present, while nobody has changed a table. */
const FRESH_MS = 3_600_000;

/**
 * Not after a restore, which is the way back: the snapshot is of a database of before. And not long after a run that
 * never came to the tables: what was entered since would be missing in its snapshot.
 */
export async function isOutdated(
  stage: StageConfig,
  { facts, startedAt }: Pick<Journal<UpgradeFacts>, "facts" | "startedAt">,
  rds = new RDSClient(clientConfig(stage)),
  now = Date.now(),
): Promise<boolean> {
  const cluster = await findCluster(rds, stageNames(stage).clusterIdentifier);
  const isAnother = facts.clusterResourceId !== undefined && cluster?.DbClusterResourceId !== facts.clusterResourceId;
  return isAnother || (!facts.taskArn && now - startedAt.getTime() > FRESH_MS);
}
