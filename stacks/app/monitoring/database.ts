// The Aurora cluster. A paused one reports nothing, and nothing is wrong then.
import type { DatabaseConfig, StageConfig, Thresholds } from "../../../config";
import type { Database } from "../database";
import type { Alarm } from "./alarm";
import { FIVE_MINUTES, HOUR, MINUTE, metricsOf } from "./metric";
import { graph, type Watched } from "./watched";

const GIB = 2 ** 30;
/** Memory of one ACU (Aurora user guide, Serverless v2 capacity). */
const ACU_BYTES = 2 * GIB;

/** max_connections of Aurora MySQL by largest capacity in ACU (Aurora user guide, maximum connections for Serverless v2). */
const MAX_CONNECTIONS: [acu: number, connections: number][] = [
  [192, 6_000],
  [128, 5_000],
  [64, 4_000],
  [32, 3_000],
  [16, 2_000],
  [8, 1_000],
  [4, 135],
  [1, 90],
];

/** Of the documented sizes, the next smaller one's. */
export function maxConnections({ scaling }: DatabaseConfig): number {
  return MAX_CONNECTIONS.find(([acu]) => acu <= scaling.maxCapacityAcu)?.[1] ?? 90;
}

export function watchDatabase(stage: StageConfig, database: Database, limits: Thresholds): Watched {
  const metrics = databaseMetrics(database);
  return {
    alarms: databaseAlarms(stage, metrics, limits),
    graphs: [
      graph("Database capacity in ACU", { capacity: metrics.capacity }),
      graph("Database capacity in percent of the largest", { used: metrics.utilization }),
      graph("Database connections", { writer: metrics.connections }),
      graph("Database memory and size in bytes", { "free memory": metrics.freeMemory, size: metrics.volume }),
      graph("Database latency in milliseconds", {
        select: metrics.selectLatency,
        commit: metrics.commitLatency,
        "replica lag": metrics.replicaLag,
      }),
      graph("Deadlocks and failed logins a second", {
        deadlocks: metrics.deadlocks,
        "failed logins": metrics.loginFailures,
      }),
    ],
  };
}

/** Aurora user guide, CloudWatch metrics for Amazon Aurora. */
function databaseMetrics({ cluster }: Database) {
  const DBClusterIdentifier = cluster.clusterIdentifier;
  const ofCluster = metricsOf("AWS/RDS", { DBClusterIdentifier });
  // Whichever instance it is: the role moves with a failover.
  const ofWriter = metricsOf("AWS/RDS", { DBClusterIdentifier, Role: "WRITER" });
  return {
    capacity: ofCluster("ServerlessDatabaseCapacity", "Average"),
    utilization: ofCluster("ACUUtilization", "Average"),
    volume: ofCluster("VolumeBytesUsed", "Maximum"),
    replicaLag: ofCluster("AuroraReplicaLagMaximum", "Average"),
    connections: ofWriter("DatabaseConnections", "Maximum"),
    freeMemory: ofWriter("FreeableMemory", "Minimum"),
    deadlocks: ofWriter("Deadlocks", "Average"),
    loginFailures: ofWriter("LoginFailures", "Average"),
    commitLatency: ofWriter("CommitLatency", "Average"),
    selectLatency: ofWriter("SelectLatency", "Average"),
  };
}

function databaseAlarms({ db }: StageConfig, metrics: ReturnType<typeof databaseMetrics>, limits: Thresholds): Alarm[] {
  const quiet = { missing: "notBreaching" } as const;
  return [
    {
      id: "database-capacity",
      metric: metrics.utilization,
      ...{ comparison: ">=", threshold: limits.databaseCapacityPercent, period: FIVE_MINUTES, periods: 3, ...quiet },
      meaning: "The database is at its largest capacity: REDCap becomes slow.",
      first:
        "open Performance Insights: one heavy query, or more people? Then raise db.scaling.maxCapacityAcu and deploy.",
    },
    {
      id: "database-connections",
      metric: metrics.connections,
      ...{ comparison: ">=", period: MINUTE, periods: 5, ...quiet },
      threshold: Math.floor((maxConnections(db) * limits.databaseConnectionsPercent) / 100),
      meaning: "The writer's connections run out; the next ones are refused, which people see as an error.",
      first:
        "look for long transactions in Performance Insights; then raise db.scaling.maxCapacityAcu: the limit follows it after a restart of the instances.",
    },
    {
      id: "database-memory",
      metric: metrics.freeMemory,
      ...{ comparison: "<", period: FIVE_MINUTES, periods: 3, ...quiet },
      threshold: Math.floor((db.scaling.maxCapacityAcu * ACU_BYTES * limits.databaseFreeMemoryPercent) / 100),
      meaning: "The writer would have no memory left even at its largest capacity; Aurora restarts it then.",
      first: "raise db.scaling.maxCapacityAcu and deploy: it takes effect at once.",
    },
    {
      id: "database-size",
      metric: metrics.volume,
      ...{ comparison: ">=", threshold: limits.databaseGib * GIB, period: HOUR, periods: 1, ...quiet },
      meaning:
        "The database is larger than was expected of it. Aurora grows by itself; cost and restore time grow along.",
      first: "no hurry: find the largest tables, or raise monitoring.thresholds.databaseGib.",
    },
    ...(db.dbReaders > 0
      ? [
          {
            id: "replica-lag",
            metric: metrics.replicaLag,
            ...({ comparison: ">=", threshold: limits.replicaLagMilliseconds, period: MINUTE, periods: 5 } as const),
            ...quiet,
            meaning: "A reader is behind the writer: REDCap's reports show what was true a while ago.",
            first: "look for a heavy report on the reader in Performance Insights.",
          },
        ]
      : []),
    {
      id: "deadlocks",
      metric: metrics.deadlocks,
      ...{
        comparison: ">=",
        threshold: limits.deadlocksPerMinute / MINUTE,
        period: FIVE_MINUTES,
        periods: 3,
        ...quiet,
      },
      meaning: "Transactions get in each other's way; InnoDB ends one of two, and its page fails.",
      first: "look for two imports into the same project, or for a module's cron that runs twice.",
    },
    {
      id: "database-logins",
      metric: metrics.loginFailures,
      ...{ comparison: ">=", threshold: 3 / MINUTE, period: FIVE_MINUTES, periods: 3, ...quiet },
      meaning:
        "Somebody fails to log in to the database, again and again: a password that was changed, or one who guesses.",
      first: "read the cluster's audit log: it has user and address. Of REDCap's own tasks: did a rotation fail?",
    },
  ];
}
