// RDS for Aurora: which function answers which action. Subnet and parameter groups, and all else, are moto's.
import type { Tag } from "@aws-sdk/client-rds";
import type { MotoClient, Place } from "../host/moto-client";
import { parseForm, queryAnswer } from "../host/xml";
import type { Service } from "../service";
import { deleteCluster, failoverCluster, modifyCluster } from "./cluster-changes";
import { createCluster, describeClusters, restoreCluster } from "./clusters";
import { createInstance, deleteInstance, describe, describeInstances, modifyInstance } from "./instances";
import type { DatabaseHost } from "./mariadb";
import { applyAtReboot, describeParameters, modifyGroup, resetGroup } from "./parameter-groups";
import {
  copySnapshot,
  createSnapshot,
  deleteSnapshot,
  describeSnapshots,
  shareSnapshot,
  snapshotAttributes,
} from "./snapshots";
import { fault, type Instance, list, type Parameters, RdsState, required, tags, text } from "./state";

/** Names that RDS's model gives to list members. */
const MEMBERS: Record<string, string> = {
  AccountQuotas: "AccountQuota",
  AssociatedRoles: "DBClusterRole",
  AttributeValues: "AttributeValue",
  AvailabilityZones: "AvailabilityZone",
  DBClusterMembers: "DBClusterMember",
  DBClusters: "DBCluster",
  DBClusterSnapshotAttributes: "DBClusterSnapshotAttribute",
  DBClusterSnapshots: "DBClusterSnapshot",
  DBEngineVersions: "DBEngineVersion",
  DBInstances: "DBInstance",
  DBParameterGroups: "DBParameterGroup",
  Parameters: "Parameter",
  PendingMaintenanceActions: "ResourcePendingMaintenanceActions",
  TagList: "Tag",
  ValidUpgradeTarget: "UpgradeTarget",
  VpcSecurityGroups: "VpcSecurityGroupMembership",
};

/** The header by which AWS Backup, which is part of AWS, does to its snapshots what users may not. */
export const INTERNAL_HEADER = "x-local-aws-internal";

type Action = (state: RdsState, place: Place, parameters: Parameters, internal: boolean) => object | Promise<object>;

const asCluster =
  (action: Action): Action =>
  async (...given) => ({ DBCluster: await action(...given) });

/** An action on an instance. */
const onInstance =
  (act: (state: RdsState, instance: Instance, parameters: Parameters) => object | Promise<object>): Action =>
  async (state, place, parameters) => {
    const name = required(parameters, "DBInstanceIdentifier");
    const instance = state.findInstance(place, name);
    if (!instance) throw fault("DBInstanceNotFound", `DBInstance ${name} not found.`, 404);
    return { DBInstance: await act(state, instance, parameters) };
  };

const ACTIONS: Record<string, Action> = {
  CreateDBCluster: asCluster(createCluster),
  RestoreDBClusterFromSnapshot: asCluster(restoreCluster),
  ModifyDBCluster: asCluster(modifyCluster),
  FailoverDBCluster: asCluster(failoverCluster),
  DeleteDBCluster: asCluster(deleteCluster),
  DescribeDBClusters: describeClusters,
  CreateDBInstance: async (state, place, parameters) => ({
    DBInstance: await createInstance(state, place, parameters),
  }),
  ModifyDBInstance: onInstance(modifyInstance),
  DeleteDBInstance: onInstance(deleteInstance),
  RebootDBInstance: onInstance(async (_state, instance) => {
    await applyAtReboot(instance);
    return describe(instance);
  }),
  DescribeDBClusterParameters: describeParameters,
  ModifyDBClusterParameterGroup: modifyGroup,
  ResetDBClusterParameterGroup: resetGroup,
  // AWS plans none here.
  DescribePendingMaintenanceActions: () => ({ PendingMaintenanceActions: [] }),
  DescribeDBEngineVersions: (_state, _place, parameters) => ({ DBEngineVersions: engineVersions(parameters) }),
  DescribeDBInstances: describeInstances,
  CreateDBClusterSnapshot: createSnapshot,
  CopyDBClusterSnapshot: copySnapshot,
  DeleteDBClusterSnapshot: deleteSnapshot,
  DescribeDBClusterSnapshots: describeSnapshots,
  ModifyDBClusterSnapshotAttribute: shareSnapshot,
  DescribeDBClusterSnapshotAttributes: (state, place, parameters) =>
    snapshotAttributes(state.snapshot(place, required(parameters, "DBClusterSnapshotIdentifier"))),
  DescribeAccountAttributes: (state, place) => ({ AccountQuotas: quotas(state, place) }),
  ListTagsForResource: (state, place, parameters) => ({ TagList: tagsOf(state, place, parameters) }),
  AddTagsToResource: (state, place, parameters) => {
    const existing = tagsOf(state, place, parameters);
    for (const tag of tags(parameters)) {
      const index = existing.findIndex(({ Key }) => Key === tag.Key);
      existing.splice(index < 0 ? existing.length : index, 1, tag);
    }
    return {};
  },
  RemoveTagsFromResource: (state, place, parameters) => {
    const existing = tagsOf(state, place, parameters);
    const removed = list(parameters, "TagKeys") ?? [];
    existing.splice(0, existing.length, ...existing.filter(({ Key }) => !removed.includes(Key ?? "")));
    return {};
  },
};

/** Some of Aurora MySQL's versions, of two minor lines. */
const VERSIONS = ["3.10.0", "3.10.1", "3.10.2", "3.11.0"].map((version) => `8.0.mysql_aurora.${version}`);

function engineVersions(parameters: Parameters): object[] {
  const wanted = text(parameters, "EngineVersion");
  return VERSIONS.filter((version) => !wanted || version === wanted).map((EngineVersion) => ({
    Engine: "aurora-mysql",
    EngineVersion,
    ValidUpgradeTarget: VERSIONS.filter((target) => target > EngineVersion).map((target) => ({
      Engine: "aurora-mysql",
      EngineVersion: target,
      AutoUpgrade: false,
      IsMajorVersionUpgrade: false,
    })),
  }));
}

/** The quotas of a new account (RDS user guide, quotas). */
function quotas(state: RdsState, place: Place): { AccountQuotaName: string; Used: number; Max: number }[] {
  return [
    { AccountQuotaName: "DBClusters", Used: state.clustersOf(place).length, Max: 40 },
    { AccountQuotaName: "DBInstances", Used: state.instancesOf(place).length, Max: 40 },
  ];
}

/** The live list of tags of the resource that `ResourceName`, an ARN, names. */
function tagsOf(state: RdsState, place: Place, parameters: Parameters): Tag[] {
  const name = required(parameters, "ResourceName");
  const found = state.findCluster(place, name) ?? state.findInstance(place, name) ?? state.findSnapshot(place, name);
  if (!found) throw fault("DBClusterNotFoundFault", `The resource ${name} was not found.`, 404);
  return found.shape.TagList;
}

const OWN_ARN = /:(cluster|db|cluster-snapshot):/;

export function createRdsService(
  moto: MotoClient,
  host: DatabaseHost,
  changeSeconds: number,
): { service: Service; state: RdsState } {
  const state = new RdsState(moto, host, changeSeconds);
  const service: Service = async (request) => {
    if (request.service !== "rds") return undefined;
    const action = ACTIONS[request.action];
    const parameters = parseForm(request.form);
    const resource = text(parameters, "ResourceName");
    if (!action || (resource && !OWN_ARN.test(resource))) return undefined;
    const place = { account: request.account, region: request.region };
    const result = await action(state, place, parameters, INTERNAL_HEADER in request.headers);
    return queryAnswer(request.action, result, MEMBERS);
  };
  return { service, state };
}
