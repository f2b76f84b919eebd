// What the local RDS remembers: clusters, instances and cluster snapshots of every account, in AWS's own shapes.
import type { DBCluster, DBClusterSnapshot, DBInstance, Tag } from "@aws-sdk/client-rds";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parameter } from "../host/xml";
import { AwsError } from "../service";
import { Endpoint } from "./endpoint";
import type { DatabaseHost, MariaDb } from "./mariadb";
import type { ParameterChange } from "./parameter-groups";

export type Parameters = { [name: string]: Parameter };

export interface Cluster {
  place: Place;
  shape: DBCluster & { DBClusterIdentifier: string; DBClusterArn: string; MasterUsername: string; TagList: Tag[] };
  instances: Instance[];
  /** The server, once it runs. Rejects when it could not be started. */
  server: Promise<MariaDb>;
}

export interface Instance {
  place: Place;
  cluster: Cluster;
  writer: boolean;
  /** Changes of its parameter group that come with its next reboot. */
  awaitingReboot: ParameterChange[];
  shape: DBInstance & { DBInstanceIdentifier: string; DBInstanceArn: string; TagList: Tag[] };
}

export interface Snapshot {
  place: Place;
  shape: DBClusterSnapshot & { DBClusterSnapshotIdentifier: string; DBClusterSnapshotArn: string; TagList: Tag[] };
  /** Accounts that may copy it. */
  sharedWith: string[];
  /** The folder with the data, once it is complete. */
  data: Promise<string>;
  /** What a restore takes over from the cluster. */
  cluster: Pick<DBCluster, "DatabaseName" | "EngineVersion" | "MasterUsername" | "BacktrackWindow">;
}

/** Seconds after a change was accepted that the old status is still shown. On AWS a waiter that looks at once sees it, too. */
export const LAG_SECONDS = 0.2;

/** Statuses of an instance that serves nobody. */
const NOT_SERVING = ["creating", "failed", "deleting"];

const same = (a: Place, b: Place) => a.account === b.account && a.region === b.region;

/** A fault of the API, e.g. `fault("DBClusterNotFoundFault", "…", 404)`. */
export const fault = (code: string, message: string, status = 400) => new AwsError(code, message, status);

export class RdsState {
  readonly clusters = new Set<Cluster>();
  readonly instances = new Set<Instance>();
  readonly snapshots = new Set<Snapshot>();
  private readonly endpoints = new Map<string, Promise<Endpoint>>();

  constructor(
    readonly moto: MotoClient,
    readonly host: DatabaseHost,
    /** Seconds that changes of state take, e.g. from `creating` to `available`. */
    readonly changeSeconds: number,
  ) {}

  clustersOf = (place: Place) => [...this.clusters].filter((cluster) => same(cluster.place, place));
  instancesOf = (place: Place) => [...this.instances].filter((instance) => same(instance.place, place));
  snapshotsOf = (place: Place) => [...this.snapshots].filter((snapshot) => same(snapshot.place, place));

  /** By identifier (case does not matter) or ARN. */
  findCluster(place: Place, name: string): Cluster | undefined {
    const wanted = name.toLowerCase();
    return this.clustersOf(place).find(
      ({ shape }) => shape.DBClusterIdentifier === wanted || shape.DBClusterArn.toLowerCase() === wanted,
    );
  }

  cluster(place: Place, name: string): Cluster {
    const found = this.findCluster(place, name);
    if (!found) throw fault("DBClusterNotFoundFault", `DBCluster ${name} not found.`, 404);
    return found;
  }

  findInstance(place: Place, name: string): Instance | undefined {
    const wanted = name.toLowerCase();
    return this.instancesOf(place).find(
      ({ shape }) => shape.DBInstanceIdentifier === wanted || shape.DBInstanceArn.toLowerCase() === wanted,
    );
  }

  /** One of the account's own, by identifier or ARN; by ARN also one that another account shared with it. */
  findSnapshot(place: Place, name: string): Snapshot | undefined {
    const wanted = name.toLowerCase();
    return [...this.snapshots].find(({ place: owner, shape, sharedWith }) =>
      shape.DBClusterSnapshotArn.toLowerCase() === wanted
        ? same(owner, place) || (owner.region === place.region && sharedWith.includes(place.account))
        : shape.DBClusterSnapshotIdentifier.toLowerCase() === wanted && same(owner, place),
    );
  }

  snapshot(place: Place, name: string): Snapshot {
    const found = this.findSnapshot(place, name);
    if (!found) throw fault("DBClusterSnapshotNotFoundFault", `DBClusterSnapshot not found: ${name}`, 404);
    return found;
  }

  /** The endpoint of an identifier: the same port for as long as the local AWS runs, as a host name is on AWS. */
  endpoint(place: Place, identifier: string): Promise<Endpoint> {
    const key = [place.account, place.region, identifier].join("/");
    const known = this.endpoints.get(key) ?? Endpoint.reserve();
    this.endpoints.set(key, known);
    return known;
  }

  /** Lets connections in if the cluster has an instance that is there, and drops them if not. */
  async connect(cluster: Cluster): Promise<void> {
    const endpoint = await this.endpoint(cluster.place, cluster.shape.DBClusterIdentifier);
    const ready = cluster.instances.some(({ shape }) => !NOT_SERVING.includes(shape.DBInstanceStatus ?? ""));
    if (ready) await endpoint.open((await cluster.server).port);
    else await endpoint.close();
  }

  async stop(): Promise<void> {
    for (const endpoint of this.endpoints.values()) await (await endpoint).close();
    const servers = await Promise.allSettled([...this.clusters].map((cluster) => cluster.server));
    await Promise.all(servers.map((server) => (server.status === "fulfilled" ? server.value.destroy() : undefined)));
  }
}

/** ARN of one of the account's RDS resources, e.g. `cluster`, `db`, `cluster-snapshot`. */
export function arn({ account, region }: Place, type: string, name: string): string {
  return `arn:aws:rds:${region}:${account}:${type}:${name}`;
}

export function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  return typeof value === "string" ? value : undefined;
}

/** @throws AwsError when the parameter is missing */
export function required(parameters: Parameters, name: string): string {
  const value = text(parameters, name);
  if (!value) throw fault("MissingParameter", `The request must contain the parameter ${name}.`);
  return value;
}

/** `undefined` when it was not given. */
export function flag(parameters: Parameters, name: string): boolean | undefined {
  const value = text(parameters, name);
  return value === undefined ? undefined : value === "true";
}

export function number(parameters: Parameters, name: string): number | undefined {
  const value = text(parameters, name);
  return value === undefined ? undefined : Number(value);
}

/** A list, e.g. of security groups. An empty list is written as an empty string. */
export function list<T = string>(parameters: Parameters, name: string): T[] | undefined {
  const value = parameters[name];
  return value === undefined ? undefined : Array.isArray(value) ? (value as T[]) : [];
}

export function tags(parameters: Parameters): Tag[] {
  return (list<Tag>(parameters, "Tags") ?? []).map(({ Key, Value }) => ({ Key, Value: Value ?? "" }));
}

/** Values of `Filters`, e.g. `db-cluster-id`. */
export function filterValues(parameters: Parameters, name: string): string[] | undefined {
  const filter = (list<{ Name: string; Values: string[] }>(parameters, "Filters") ?? []).find((f) => f.Name === name);
  return filter?.Values.map((value) => value.toLowerCase());
}
