// What watches a stage: alarms, the events behind them, messages about what is no metric, and the dashboard.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import type { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../../config";
import type { Database } from "../database";
import type { EncryptionKeys } from "../encryption-keys";
import type { Notifications } from "../notifications";
import { createAlarms } from "./alarm";
import { type AppRunnerServed, watchAppRunner } from "./app-runner";
import { watchBackups } from "./backups";
import { type WatchedCron, watchCron } from "./cron";
import { dashboard } from "./dashboard";
import { watchDatabase } from "./database";
import { type FargateServed, watchFargate } from "./fargate";
import { Incidents } from "./incidents";
import { functionAlarms, kitAlarms, natAlarms, watchFirewall, watchLogs, watchMail } from "./operations";
import { TaskEvents } from "./task-events";
import { together } from "./watched";

export type Served = FargateServed | AppRunnerServed;

export interface MonitoringProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  notifications: Notifications;
  /** None as long as there is no certificate: then nothing serves. */
  served: Served | undefined;
  /** None where it is off. */
  cron: WatchedCron | undefined;
  /** What REDCap's containers write. */
  logs: CloudwatchLogGroup;
  database: Database;
  /** By the last part of their names. */
  functions: Record<string, LambdaFunction>;
  /** Keeps what AWS Backup cannot hold, where the stage has backups in a second account. */
  recoveryKit: LambdaFunction | undefined;
  natGateways: NatGateway[];
  /** Of SES, where the stage sends through it. */
  mailConfigurationSet: string | undefined;
}

export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { stage, keys, notifications, served, cron } = props;
    // Whoever watches the stage by other means needs the messages, and what they lead to.
    const events = new TaskEvents(this, "tasks", { stage, keys, logs: props.logs });
    new Incidents(this, "incidents", { stage, notifications });
    if (!stage.monitoring.enabled) return;
    const { thresholds } = stage.monitoring;
    const names = stageNames(stage);

    const onEcs = served !== undefined && "loadBalancer" in served;
    const { alarms, graphs } = together([
      ...(onEcs ? [watchFargate(stage, served, thresholds)] : []),
      ...(served && !onEcs ? [watchAppRunner(served, thresholds)] : []),
      ...(stage.waf.type === "create" ? [watchFirewall(stage, thresholds)] : []),
      watchLogs(events, onEcs),
      ...(cron ? [watchCron(stage, events, cron, thresholds)] : []),
      watchDatabase(stage, props.database, thresholds),
      ...(stage.backup.enabled ? [watchBackups(stage, stage.backup, events, thresholds)] : []),
      ...(props.mailConfigurationSet ? [watchMail(props.mailConfigurationSet)] : []),
      ...(props.recoveryKit ? [{ alarms: kitAlarms(stage, props.recoveryKit), graphs: [] }] : []),
      { alarms: [...functionAlarms(stage, props.functions), ...natAlarms(props.natGateways)], graphs: [] },
    ]);
    const created = createAlarms(this, alarms, { prefix: names.prefix, topic: notifications.topic });
    dashboard(this, { stage, alarms: created, graphs });
  }
}
