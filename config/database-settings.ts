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

/** What the cluster's parameter group sets; all else is the engine's default. All of them are dynamic: no reboot is needed. */
export function clusterParameters(db: DatabaseConfig): Record<string, string> {
  const optional = {
    max_allowed_packet: db.maxAllowedPacket,
    read_rnd_buffer_size: db.readRndBufferSize,
    sort_buffer_size: db.sortBufferSize,
  };
  return {
    character_set_server: "utf8mb4",
    collation_server: "utf8mb4_unicode_ci",
    require_secure_transport: "ON",
    // Who connected and who changed users or tables. Not the queries: they would put patients' data into the logs.
    server_audit_logging: db.auditLog === "create" ? "1" : "0",
    server_audit_events: "CONNECT,QUERY_DCL,QUERY_DDL",
    // Off for the same reason: it holds whole statements. Performance Insights shows the slow ones without their values.
    slow_query_log: "0",
    // binlog_format stays at Aurora's default, OFF: backtrack does not work with it and nothing replicates from here.
    ...Object.fromEntries(Object.entries(optional).flatMap(([name, value]) => (value ? [[name, value]] : []))),
  };
}
