// What is watched of a stage and when somebody is told, what it may cost, and how long its traces are kept.
import { z } from "zod";
import { positive } from "./common";

const percent = z.number().int().min(1).max(100);

const thresholds = z
  .strictObject({
    serverErrors: positive
      .default(10)
      .describe("Answers of HTTP 5xx in 5 minutes, counted for REDCap and for what stands before it, each by itself."),
    responseSeconds: z
      .number()
      .positive()
      .default(5)
      .describe("Seconds within which 95 of 100 requests are answered, over 15 minutes."),
    taskCpuPercent: percent.default(90).describe("Average CPU of REDCap's tasks or instances, over 15 minutes."),
    taskMemoryPercent: percent.default(90).describe("Largest memory of a task or instance, over 15 minutes."),
    databaseCapacityPercent: percent
      .default(90)
      .describe("Capacity that the database uses, in percent of `db.scaling.maxCapacityAcu`, over 15 minutes."),
    databaseConnectionsPercent: percent
      .default(80)
      .describe("Connections of the writer, in percent of Aurora's own limit for `db.scaling.maxCapacityAcu`."),
    databaseFreeMemoryPercent: percent
      .default(5)
      .describe("Memory that the writer would still have at its largest capacity, in percent of that."),
    databaseGib: positive.default(500).describe("Size of the database in GiB; it is paid for, and restored, in full."),
    replicaLagMilliseconds: positive.default(2_000).describe("Milliseconds that a reader is behind the writer."),
    deadlocksPerMinute: positive.default(3).describe("Deadlocks a minute, over 15 minutes."),
    minutesWithoutCron: z
      .number()
      .int()
      .min(5)
      .max(360)
      .multipleOf(5, "Write a multiple of 5 minutes.")
      .default(15)
      .describe(
        "Minutes in which one run of REDCap's cron must have succeeded; three of its own intervals at least are waited for.",
      ),
    hoursWithoutBackup: z
      .number()
      .int()
      .min(0)
      .max(168, "CloudWatch looks back 168 hours at most.")
      .default(26)
      .describe(
        "Hours in which a backup of the database, and one of the files, must have succeeded; 0 does not watch, for rules that come less often.",
      ),
    hoursWithoutCopy: z
      .number()
      .int()
      .min(0)
      .max(168, "CloudWatch looks back 168 hours at most.")
      .default(36)
      .describe(
        "The same for copies to the backup account, where a rule has `copy`; a copy begins when its backup is done.",
      ),
    certificateDays: z
      .number()
      .int()
      .min(1)
      .max(45)
      .default(30)
      .describe("Days before the certificate's end; ACM renews its own from 60 days before."),
    wafBlocks: positive.default(1_000).describe("Requests that the web ACL blocks in 5 minutes."),
  })
  .prefault({})
  .describe("When an alarm goes off.");

export const monitoring = z
  .discriminatedUnion("enabled", [
    z.strictObject({ enabled: z.literal(true), thresholds }),
    z.strictObject({
      enabled: z.literal(false),
      reason: z
        .string()
        .min(10, "Say in a sentence why nobody watches this stage.")
        .describe("Why the stage has no alarms."),
    }),
  ])
  .prefault({ enabled: true })
  .describe(
    "Alarms and a dashboard in CloudWatch, and messages to `email`. Off only with a reason; messages about events (deployments, failovers, failed rotations, findings) come in any case.",
  );

export const budget = z
  .strictObject({
    monthlyUsd: z.number().positive().describe("US dollars a month that the stage may cost."),
    actualPercent: percent.default(80).describe("Percent of it that were spent when the first message comes."),
    forecastPercent: z
      .number()
      .int()
      .min(1)
      .max(1_000)
      .default(100)
      .describe("Percent of it that AWS forecasts for the month when the second comes."),
  })
  .describe(
    "A monthly budget of the stage, by its tag redcap:stage, which must be activated as a cost allocation tag (docs/monitoring.md). Messages go to `email`.",
  );

export type Thresholds = z.infer<typeof thresholds>;
export type MonitoringConfig = z.infer<typeof monitoring>;
export type BudgetConfig = z.infer<typeof budget>;
