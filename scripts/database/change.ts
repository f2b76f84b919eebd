// What a deployment asks of a database that is there: refused before the plan where AWS would refuse it in the middle of the
// apply, and told afterwards where it is not in use yet.
import { RDSClient } from "@aws-sdk/client-rds";
import { backtrack, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { findCluster } from "../restore/aurora";
import { compareVersions } from "./engine-version";
import { rebootLines } from "./report";
import { databaseStatus } from "./status";

/** @throws UserError with the value to set; a stage without a cluster passes */
export async function checkDatabaseChange(stage: StageConfig, rds = new RDSClient(clientConfig(stage))): Promise<void> {
  const cluster = await findCluster(rds, stageNames(stage).clusterIdentifier);
  if (!cluster) return;
  const { EngineVersion = "", BacktrackWindow, DBClusterIdentifier } = cluster;
  if (compareVersions(EngineVersion, stage.db.engineVersion) > 0)
    throw new UserError(
      `${DBClusterIdentifier} runs engine version ${EngineVersion}, newer than db.engineVersion ${stage.db.engineVersion} of stage ` +
        `${stage.name}, and Aurora knows no way back. Set db.engineVersion to "${EngineVersion}".`,
    );
  if (backtrack(stage).windowSeconds && !BacktrackWindow)
    throw new UserError(
      `${DBClusterIdentifier} was made without backtrack, which cannot be turned on later. Set db.backtrackHours of stage ` +
        `${stage.name} to 0, or restore the database (npm run restore): the restored one has it.`,
    );
}

/** Instances whose parameters wait for a reboot, each with its command. */
export async function pendingReboots(stage: StageConfig, rds = new RDSClient(clientConfig(stage))): Promise<string[]> {
  return rebootLines(stage, await databaseStatus(stage, rds));
}
