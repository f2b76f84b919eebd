// What the steps of an upgrade share: the stage, AWS clients, and the facts that the journal keeps.
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { buildsImage, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { Servers } from "../maintenance/servers";
import { RunContext } from "../runbook/engine";
import type { Journal } from "../runbook/journal";

/** What one step learns and a later one needs. */
export interface UpgradeFacts {
  /** Time of the run, yyyymmddhhmmss UTC: part of the snapshot's name. */
  stamp: string;
  /** Identifier that no other cluster ever has, whatever it is called. */
  clusterResourceId: string;
  /** Tag of the image that was live before; none where the stage's image is built elsewhere. */
  previousTag: string;
  snapshotArn: string;
  tag: string;
  taskArn: string;
  /** Whether the run disabled cron's schedule, and so has to enable it again. */
  cronDisabled: boolean;
}

export class UpgradeContext extends RunContext {
  readonly names;
  readonly rds;
  readonly ecs;
  readonly logs;
  readonly s3;
  readonly scheduler;
  readonly events;
  readonly servers;

  constructor(
    readonly stage: StageConfig,
    readonly journal: Journal<UpgradeFacts>,
  ) {
    super();
    const config = clientConfig(stage);
    this.names = stageNames(stage);
    this.rds = new RDSClient(config);
    this.ecs = new ECSClient(config);
    this.logs = new CloudWatchLogsClient(config);
    this.s3 = new S3Client(config);
    this.scheduler = new SchedulerClient(config);
    this.events = new EventBridgeClient(config);
    this.servers = new Servers(stage);
    if (!journal.facts.stamp) journal.learn({ stamp: journal.startedAt.toISOString().replace(/\D/g, "").slice(0, 14) });
  }

  get snapshot(): string {
    return `${this.names.prefix}-before-upgrade-${this.journal.facts.stamp}`;
  }
}

/** What the stage is upgraded to, in words. */
export const targetOf = (stage: StageConfig): string =>
  buildsImage(stage)
    ? `REDCap ${stage.redCapLocalVersion ?? `of s3://${stage.redCapS3Path}`}`
    : `the image ${stage.service.image}`;
