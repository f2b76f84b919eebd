// Cluster parameter groups: moto keeps them. Here is what it lacks, and what a change does to the clusters that use one.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithDBClusterParamGroups.html
import type { MotoClient, Place } from "../host/moto-client";
import { elements, type Parsed } from "../host/xml";
import { type Instance, list, type Parameters, type RdsState, required } from "./state";

const VERSION = "2014-10-31";

/** One parameter; without a value it is the engine's default. */
export interface ParameterChange {
  ParameterName: string;
  ParameterValue?: string;
  ApplyMethod?: string;
}

/** moto cannot reset a parameter: what was reset is left out of its answers. */
const RESETS = new WeakMap<MotoClient, Set<string>>();
const resetsOf = (moto: MotoClient): Set<string> => {
  const known = RESETS.get(moto) ?? new Set();
  RESETS.set(moto, known);
  return known;
};
const keyOf = (place: Place, group: string, name: string) => [place.account, place.region, group, name].join("/");

/** What the user set in a group. */
async function userParameters(moto: MotoClient, place: Place, group: string): Promise<Parsed[]> {
  const answer = await moto.query(place, "rds", {
    Version: VERSION,
    Action: "DescribeDBClusterParameters",
    DBClusterParameterGroupName: group,
    Source: "user",
  });
  return elements(answer.Parameters, "Parameter").filter(
    ({ ParameterName, ParameterValue }) =>
      ParameterValue !== undefined && !resetsOf(moto).has(keyOf(place, group, String(ParameterName))),
  );
}

/** Names and values as the database knows them. */
export async function groupParameters(
  moto: MotoClient,
  place: Place,
  group: string | undefined,
): Promise<Record<string, string>> {
  if (!group || group.startsWith("default.")) return {};
  const parameters = await userParameters(moto, place, group);
  return Object.fromEntries(parameters.map((p) => [String(p.ParameterName), String(p.ParameterValue)]));
}

export async function describeParameters(state: RdsState, place: Place, parameters: Parameters): Promise<object> {
  const group = required(parameters, "DBClusterParameterGroupName");
  return { Parameters: await userParameters(state.moto, place, group) };
}

export async function modifyGroup(state: RdsState, place: Place, parameters: Parameters): Promise<object> {
  const group = required(parameters, "DBClusterParameterGroupName");
  const changes = list<ParameterChange>(parameters, "Parameters") ?? [];
  const members = changes.flatMap((change, index) =>
    Object.entries(change).map(([name, value]) => [`Parameters.Parameter.${index + 1}.${name}`, String(value)]),
  );
  await state.moto.query(place, "rds", {
    Version: VERSION,
    Action: "ModifyDBClusterParameterGroup",
    DBClusterParameterGroupName: group,
    ...Object.fromEntries(members),
  });
  for (const { ParameterName } of changes) resetsOf(state.moto).delete(keyOf(place, group, ParameterName));
  await apply(state, place, group, changes);
  return { DBClusterParameterGroupName: group };
}

export async function resetGroup(state: RdsState, place: Place, parameters: Parameters): Promise<object> {
  const group = required(parameters, "DBClusterParameterGroupName");
  const changes = (list<ParameterChange>(parameters, "Parameters") ?? []).map(({ ParameterName, ApplyMethod }) => ({
    ParameterName,
    ...(ApplyMethod && { ApplyMethod }),
  }));
  for (const { ParameterName } of changes) resetsOf(state.moto).add(keyOf(place, group, ParameterName));
  await apply(state, place, group, changes);
  return { DBClusterParameterGroupName: group };
}

/** At once, or at each instance's next reboot. */
async function apply(state: RdsState, place: Place, group: string, changes: ParameterChange[]): Promise<void> {
  const later = changes.filter(({ ApplyMethod }) => ApplyMethod === "pending-reboot");
  for (const cluster of state.clustersOf(place).filter(({ shape }) => shape.DBClusterParameterGroup === group)) {
    for (const change of changes) if (!later.includes(change)) await setGlobal(cluster.instances[0], change);
    if (later.length > 0) for (const instance of cluster.instances) instance.awaitingReboot.push(...later);
  }
}

/** What waited for it is in use afterwards. */
export async function applyAtReboot(instance: Instance): Promise<void> {
  for (const change of instance.awaitingReboot.splice(0)) await setGlobal(instance, change);
}

async function setGlobal(instance: Instance | undefined, { ParameterName, ParameterValue }: ParameterChange) {
  await (await instance?.cluster.server)?.setGlobal(ParameterName, ParameterValue);
}
