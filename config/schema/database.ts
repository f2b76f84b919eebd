// The Aurora MySQL Serverless v2 cluster of a stage.
import { z } from "zod";

const WINDOW_DAY = "(mon|tue|wed|thu|fri|sat|sun)";
const WINDOW_TIME = "([01]\\d|2[0-3]):[0-5]\\d";

/** 1 ACU is about 2 GiB of memory; steps of 0.5, 0 to pause, 256 at most (Aurora user guide, Serverless v2 capacity). */
const acu = z.number().min(0).max(256).multipleOf(0.5, "Aurora counts capacity in steps of 0.5 ACU.");

const scaling = z
  .strictObject({
    minCapacityAcu: acu
      .default(0.5)
      .describe(
        "Smallest capacity in ACU. 0 lets an idle cluster pause; a cron or a health check that reaches the database every minute keeps it awake.",
      ),
    maxCapacityAcu: acu
      .min(1, "Aurora's largest capacity is at least 1 ACU.")
      .default(4)
      .describe("Largest capacity in ACU."),
    secondsUntilAutoPause: z
      .number()
      .int()
      .min(300)
      .max(86_400)
      .default(3_600)
      .describe("Idle seconds before a cluster with minCapacityAcu 0 pauses."),
  })
  .refine((value) => value.minCapacityAcu <= value.maxCapacityAcu, {
    path: ["minCapacityAcu"],
    error: "minCapacityAcu must not be above maxCapacityAcu.",
  });

/** Length of `01:00-02:00`; a window may pass midnight. */
function windowMinutes(window: string): number {
  const [from = 0, to = 0] = window.split("-").map((time) => {
    const [hours = 0, minutes = 0] = time.split(":").map(Number);
    return hours * 60 + minutes;
  });
  return (to - from + 1_440) % 1_440;
}

/** A parameter of the engine, as text like every parameter of a group. */
const bytes = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `Write a number of bytes in quotes, such as "${least * 32}".`)
    .refine((text) => Number(text) >= least && Number(text) <= most, `Aurora MySQL allows ${least} to ${most} bytes.`);

/** Pausing at 0 ACU needs Aurora MySQL 3.08 (Aurora user guide, scaling to zero). */
const canPause = (engineVersion: string): boolean => Number(/\.3\.(\d+)\./.exec(engineVersion)?.[1]) >= 8;

export const database = z
  .strictObject({
    clusterIdentifier: z
      .string()
      .regex(
        /^(?=.{2,55}$)[a-z]([a-z0-9]|-(?!-))*[a-z0-9]$/,
        "Use 2 to 55 lower-case letters, digits and single hyphens, starting with a letter.",
      )
      .optional()
      .describe(
        "Identifier of the cluster, where it is not redcap-<stage>. `npm run restore -- --keep-identifier` writes it.",
      ),
    engineVersion: z
      .string()
      .regex(/^8\.0\.mysql_aurora\.3\.\d+\.\d+$/, "Write an Aurora MySQL 3 version such as 8.0.mysql_aurora.3.10.0.")
      .default("8.0.mysql_aurora.3.10.0")
      .describe("Aurora MySQL version; the default is the long-term-support line 3.10."),
    dbReaders: z
      .number()
      .int()
      .min(0)
      .max(15, "Aurora allows 15 readers.")
      .default(1)
      .describe("Read-only instances beside the writer."),
    dbSnapshotId: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Snapshot that a new cluster is created from, by name or ARN. Read at creation only; with a cluster that was not created from it the plan stops and names `npm run restore`.",
      ),
    maxAllowedPacket: bytes(1_024, 1_073_741_824)
      .optional()
      .describe(
        "max_allowed_packet in bytes. Left out, the engine's default: 64 MiB. REDCap's configuration check asks for \"1073741824\".",
      ),
    readRndBufferSize: bytes(8_192, 2_147_479_552)
      .optional()
      .describe(
        "read_rnd_buffer_size in bytes. Left out, the engine's default. REDCap's configuration check asks for \"262144\".",
      ),
    sortBufferSize: bytes(32_768, 4_294_967_295)
      .optional()
      .describe(
        "sort_buffer_size in bytes, for every connection that sorts. Left out, the engine's default: 256 KiB. REDCap's configuration check asks for \"2097152\".",
      ),
    caCertificateIdentifier: z
      .enum(
        ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"],
        'Use "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1" or "rds-ca-ecc384-g1".',
      )
      .default("rds-ca-rsa2048-g1")
      .describe("Certificate authority of the instances' TLS certificates; image and function trust all three."),
    passwordRotationDays: z
      .number()
      .int()
      .min(1)
      .max(1_000, "Secrets Manager rotates at least every 1000 days.")
      .default(30)
      .describe("Days between two rotations of the database users' passwords; each works for two of these at most."),
    preferredMaintenanceWindow: z
      .string()
      .regex(
        new RegExp(`^${WINDOW_DAY}:${WINDOW_TIME}-${WINDOW_DAY}:${WINDOW_TIME}$`),
        "Write it like sun:03:00-sun:04:00 (UTC).",
      )
      .default("sun:03:00-sun:04:00")
      .describe("Weekly maintenance window, UTC."),
    preferredBackupWindow: z
      .string()
      .regex(new RegExp(`^${WINDOW_TIME}-${WINDOW_TIME}$`), "Write it like 01:00-02:00 (UTC).")
      .default("01:00-02:00")
      .refine((window) => windowMinutes(window) >= 30, "Aurora wants a window of 30 minutes or more.")
      .describe("Daily window of Aurora's own automated snapshot, UTC."),
    backupRetentionDays: z
      .number()
      .int()
      .min(1)
      .max(35, "Aurora keeps automated backups for 1 to 35 days.")
      .default(35)
      .describe("Days of Aurora's automated backups, the range of point-in-time recovery in the same account."),
    backtrackHours: z
      .number()
      .int()
      .min(0)
      .max(72, "Aurora backtracks 72 hours at most.")
      .default(24)
      .describe(
        "Hours the cluster can be rewound in place; 0 is off. Off with a message where the region lacks it; can be turned on only when a cluster is created or restored.",
      ),
    auditLog: z
      .enum(["create", "existing"], 'Use "create" or "existing".')
      .default("create")
      .describe(
        'Who records connections to the database and changes of its tables and users: Aurora, into CloudWatch ("create"), or something the organization has, such as Database Activity Streams ("existing"). Never the queries: they hold patients\' data.',
      ),
    scaling: scaling.prefault({}).describe("Capacity of each Serverless v2 instance."),
  })
  .refine((db) => db.scaling.minCapacityAcu > 0 || canPause(db.engineVersion), {
    path: ["scaling", "minCapacityAcu"],
    error: "Pausing at 0 ACU needs Aurora MySQL 3.08 or later: raise db.engineVersion, or use 0.5.",
  })
  .prefault({})
  .describe("The Aurora MySQL Serverless v2 cluster.");

export type DatabaseConfig = z.infer<typeof database>;
