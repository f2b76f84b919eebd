// Settings of cluster and instances that the app stack and the restore runbook must give alike: what a restore leaves
// otherwise, Terraform would change afterwards, and on a protected stage only in the next maintenance window.
import type { DatabaseConfig } from "./schema/database";

/** Logs that go to CloudWatch. Not the slow-query log: it holds whole statements, and so patients' data. */
export const DATABASE_LOGS = ["audit", "error"];

/** Those of a stage. */
export const databaseLogs = ({ auditLog }: DatabaseConfig): string[] =>
  DATABASE_LOGS.filter((log) => log !== "audit" || auditLog === "create");

/** Days that Performance Insights is kept; seven cost nothing. */
export const INSIGHTS_RETENTION_DAYS = 7;

/** Seconds between two readings of Enhanced Monitoring. */
export const MONITORING_INTERVAL = 60;

/**
 * Failover priority of the n-th instance, the writer being 1. A reader of tier 1 scales with the writer and can take
 * over at once; the others scale by their own load (Aurora user guide, Serverless v2 capacity).
 */
export const promotionTier = (number: number): number => Math.min(number - 1, 2);
