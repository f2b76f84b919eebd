// The cluster's engine parameters: what REDCap's configuration check asks for, encryption in transit, and the logs.
import { RdsClusterParameterGroup } from "@cdktf/provider-aws/lib/rds-cluster-parameter-group";
import type { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";

export function databaseParameters(scope: Construct, id: string, stage: StageConfig): RdsClusterParameterGroup {
  const parameters: Record<string, string> = {
    character_set_server: "utf8mb4",
    collation_server: "utf8mb4_unicode_ci",
    max_allowed_packet: stage.db.maxAllowedPacket,
    read_rnd_buffer_size: "262144",
    sort_buffer_size: "2097152",
    require_secure_transport: "ON",
    // Who connected and who changed users or tables. Not the queries: they would put patients' data into the logs.
    server_audit_logging: stage.db.auditLog === "create" ? "1" : "0",
    server_audit_events: "CONNECT,QUERY_DCL,QUERY_DDL",
    // Off for the same reason: it holds whole statements. Performance Insights shows the slow ones without their values.
    slow_query_log: "0",
    // binlog_format stays at Aurora's default, OFF: backtrack does not work with it and nothing replicates from here.
  };
  return new RdsClusterParameterGroup(scope, id, {
    name: stageNames(stage).clusterParameterGroup,
    description: `REDCap ${stage.name}`,
    family: "aurora-mysql8.0",
    parameter: Object.entries(parameters).map(([name, value]) => ({ name, value, applyMethod: "immediate" })),
  });
}
