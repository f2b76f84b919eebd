// Changes of an Aurora cluster: settings, master password, name, failover, deletion.
import type { DBCluster } from "@aws-sdk/client-rds";
import { compareVersions } from "../../../scripts/database/engine-version";
import type { Place } from "../host/moto-client";
import { sleep } from "../host/processes";
import { applySettings, checkGroups } from "./cluster-settings";
import { checkIdentifier, checkPassword, describe } from "./clusters";
import { createLogGroups } from "./log-groups";
import { createMasterSecret, deleteMasterSecret, rotateMasterSecret } from "./master-secret";
import { snapshotCluster } from "./snapshots";
import { arn, type Cluster, fault, flag, LAG_SECONDS, type Parameters, type RdsState, required, text } from "./state";

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html */
export async function modifyCluster(state: RdsState, place: Place, parameters: Parameters): Promise<DBCluster> {
  const cluster = state.cluster(place, required(parameters, "DBClusterIdentifier"));
  const { shape } = cluster;
  if (shape.Status !== "available") {
    throw fault(
      "InvalidDBClusterStateFault",
      `DB cluster ${shape.DBClusterIdentifier} is in state ${shape.Status}, expected: available.`,
    );
  }
  await checkGroups(state.moto, place, parameters);
  const newName = text(parameters, "NewDBClusterIdentifier");
  const newIdentifier = newName && checkIdentifier(state, place, newName);
  checkBacktrack(cluster, parameters);
  const upgrades = changeVersion(cluster, parameters);
  const resetsPassword = await changeMasterPassword(state, cluster, parameters);
  applySettings(shape, parameters);
  await createLogGroups(state.moto, cluster);
  if (newIdentifier && flag(parameters, "ApplyImmediately")) {
    passThrough(state, cluster, "renaming", () => rename(state, cluster, newIdentifier));
  } else {
    // Without ApplyImmediately a new name waits for the maintenance window, which never comes here.
    if (newIdentifier)
      shape.PendingModifiedValues = { ...shape.PendingModifiedValues, DBClusterIdentifier: newIdentifier };
    passThrough(state, cluster, upgrades ? "upgrading" : resetsPassword ? "resetting-master-credentials" : "modifying");
  }
  return describe(state, cluster);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html: at creation only. */
function checkBacktrack({ shape }: Cluster, parameters: Parameters): void {
  if (Number(text(parameters, "BacktrackWindow") ?? 0) > 0 && !shape.BacktrackWindow)
    throw fault("InvalidParameterCombination", "Backtrack is not enabled for the DB cluster.");
}

/**
 * At once, or in the maintenance window, which never comes here; never back to an older version.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Updates.Patching.html
 * @returns whether it happens now
 */
function changeVersion({ shape }: Cluster, parameters: Parameters): boolean {
  const wanted = text(parameters, "EngineVersion");
  if (!wanted || wanted === shape.EngineVersion) return false;
  if (compareVersions(wanted, shape.EngineVersion ?? "") < 0) {
    const message = `Cannot upgrade ${shape.Engine} from ${shape.EngineVersion} to ${wanted}`;
    throw fault("InvalidParameterCombination", message);
  }
  const now = flag(parameters, "ApplyImmediately") ?? false;
  const { EngineVersion: _, ...others } = shape.PendingModifiedValues ?? {};
  const pending = now ? others : { ...others, EngineVersion: wanted };
  shape.PendingModifiedValues = Object.keys(pending).length > 0 ? pending : undefined;
  if (now) shape.EngineVersion = wanted;
  return now;
}

/** Shows a state of change for a while, but not at once: the call is answered, and the cluster still `available`. */
function passThrough(state: RdsState, cluster: Cluster, status: string, change = async () => {}): void {
  const pass = async () => {
    await sleep(LAG_SECONDS * 1000);
    if (cluster.shape.Status === "deleting") return;
    cluster.shape.Status = status;
    await change();
    await sleep(state.changeSeconds * 1000);
    if (cluster.shape.Status === "deleting") return;
    if (cluster.shape.Status === status) cluster.shape.Status = "available";
    await state.connect(cluster);
  };
  pass().catch((error: Error) => state.host.log(`${status} ${cluster.shape.DBClusterIdentifier}: ${error.message}`));
}

/** @returns whether the password changed */
async function changeMasterPassword(state: RdsState, cluster: Cluster, parameters: Parameters): Promise<boolean> {
  const { shape } = cluster;
  const password = text(parameters, "MasterUserPassword");
  const manage = flag(parameters, "ManageMasterUserPassword");
  const managed = Boolean(shape.MasterUserSecret);
  if (password && (manage ?? managed)) {
    throw fault(
      "InvalidParameterCombination",
      "You can't specify MasterUserPassword when RDS manages the master password.",
    );
  }
  if (manage === false && managed && !password) {
    throw fault(
      "InvalidParameterCombination",
      "MasterUserPassword is required when ManageMasterUserPassword is turned off.",
    );
  }
  const rotate = flag(parameters, "RotateMasterUserPassword") ?? false;
  if (rotate && !(managed && flag(parameters, "ApplyImmediately"))) {
    throw fault("InvalidParameterCombination", "Rotation needs a managed master password and ApplyImmediately.");
  }

  const server = await cluster.server;
  if (password) {
    checkPassword(password);
    if (managed) await deleteMasterSecret(state.moto, cluster);
    await server.setMaster(shape.MasterUsername, password);
  } else if (manage && !managed) {
    const key = text(parameters, "MasterUserSecretKmsKeyId");
    await server.setMaster(shape.MasterUsername, await createMasterSecret(state.moto, cluster, key));
  } else if (rotate) {
    await server.setMaster(shape.MasterUsername, await rotateMasterSecret(state.moto, cluster));
  } else return false;
  return true;
}

/** Connections drop; the endpoint of the old name leads nowhere, that of the new one to this cluster. */
async function rename(state: RdsState, cluster: Cluster, identifier: string): Promise<void> {
  const { shape, place, instances } = cluster;
  await (await state.endpoint(place, shape.DBClusterIdentifier)).close();
  shape.DBClusterIdentifier = identifier;
  shape.DBClusterArn = arn(place, "cluster", identifier);
  shape.Port = (await state.endpoint(place, identifier)).port;
  for (const instance of instances) instance.shape.DBClusterIdentifier = identifier;
  await createLogGroups(state.moto, cluster);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverDBCluster.html */
export async function failoverCluster(state: RdsState, place: Place, parameters: Parameters): Promise<DBCluster> {
  const cluster = state.cluster(place, required(parameters, "DBClusterIdentifier"));
  const target = text(parameters, "TargetDBInstanceIdentifier")?.toLowerCase();
  const next = cluster.instances.find(({ writer, shape }) =>
    target ? shape.DBInstanceIdentifier === target : !writer,
  );
  if (!next) throw fault("InvalidDBClusterStateFault", "The cluster has no reader to fail over to.");
  for (const instance of cluster.instances) instance.writer = instance === next;
  return describe(state, cluster);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html */
export async function deleteCluster(state: RdsState, place: Place, parameters: Parameters): Promise<DBCluster> {
  const cluster = state.cluster(place, required(parameters, "DBClusterIdentifier"));
  const { shape } = cluster;
  const skip = flag(parameters, "SkipFinalSnapshot") ?? false;
  const final = text(parameters, "FinalDBSnapshotIdentifier");
  if (shape.DeletionProtection) {
    const message = "Cannot delete protected Cluster, please disable deletion protection and try again.";
    throw fault("InvalidParameterCombination", message);
  }
  if (skip === Boolean(final)) {
    const message = skip
      ? "FinalDBSnapshotIdentifier can not be specified when deleting a cluster with SkipFinalSnapshot."
      : "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.";
    throw fault("InvalidParameterCombination", message);
  }
  if (cluster.instances.length) {
    throw fault(
      "InvalidDBClusterStateFault",
      "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
    );
  }
  if (shape.Status === "deleting") throw fault("InvalidDBClusterStateFault", "The cluster is already being deleted.");
  const snapshot = final
    ? snapshotCluster(state, cluster, final, shape.CopyTagsToSnapshot ? shape.TagList : [])
    : undefined;
  shape.Status = "deleting";
  void finishDeletion(state, cluster, snapshot?.data);
  return describe(state, cluster);
}

async function finishDeletion(state: RdsState, cluster: Cluster, finalSnapshot?: Promise<string>): Promise<void> {
  try {
    await finalSnapshot;
    await (await state.endpoint(cluster.place, cluster.shape.DBClusterIdentifier)).close();
    await deleteMasterSecret(state.moto, cluster);
    // A cluster whose server never started has none to remove.
    await cluster.server.then(
      (server) => server.destroy(),
      () => undefined,
    );
    await sleep(state.changeSeconds * 1000);
    state.clusters.delete(cluster);
  } catch (error) {
    state.host.log(`Deletion of ${cluster.shape.DBClusterIdentifier}: ${(error as Error).message}`);
  }
}
