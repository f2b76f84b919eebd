// What the steps of a restore share: the stage, AWS clients, and the facts that the journal keeps.
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { AppRunnerClient } from "@aws-sdk/client-apprunner";
import { BackupClient } from "@aws-sdk/client-backup";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SFNClient } from "@aws-sdk/client-sfn";
import { type BackupDestinationConfig, type StageConfig, stageNames } from "../../config";
import type { CheckResult } from "../../functions/database-users/event";
import { clientConfig } from "../aws";
import { RunContext } from "../runbook/engine";
import type { Journal } from "../runbook/journal";
import type { RecoveryPoint } from "./recovery-points";

/** What one step learns and a later one needs. */
export interface RestoreFacts {
  /** Time of the run, yyyymmddhhmmss UTC: part of the names it makes. */
  stamp: string;
  recoveryPoint: RecoveryPoint;
  /** Identifiers that never change, whatever a cluster is called. */
  oldClusterResourceId: string;
  newClusterResourceId: string;
  /** The cluster identifier before the run. */
  previousIdentifier: string;
  savedStateKey: string;
  copyJobId: string;
  /** Snapshot or recovery point in the stage's own account that is restored. */
  localRecoveryPointArn: string;
  restoreJobId: string;
  masterSecretArn: string;
  content: CheckResult;
  serviceDesiredCount: number;
  /** Whether App Runner's service had to serve again before the apply could change it. */
  resumedForApply: boolean;
  /** Whether the run disabled cron's schedule, and so has to enable it again. */
  cronDisabled: boolean;
}

export interface RestoreOptions {
  keepIdentifier: boolean;
  rehearse: boolean;
  rollback: boolean;
}

/** Asks a person; throws if the answer is no, or if nobody can be asked. */
export type Confirm = (question: string) => Promise<void>;

export class RestoreContext extends RunContext {
  /** Whether this process has synthesized the stacks with the configuration as it is. */
  synthesized = false;
  readonly names;
  readonly rds;
  readonly backup;
  readonly ecs;
  readonly appRunner;
  readonly autoScaling;
  readonly lambda;
  readonly kms;
  readonly ec2;
  readonly s3;
  readonly scheduler;
  readonly events;
  readonly sfn;

  constructor(
    readonly stage: StageConfig,
    readonly destination: BackupDestinationConfig | undefined,
    readonly options: RestoreOptions,
    readonly journal: Journal<RestoreFacts>,
    readonly confirm: Confirm = async () => undefined,
  ) {
    super();
    const config = clientConfig(stage);
    this.names = stageNames(stage);
    this.rds = new RDSClient(config);
    this.backup = new BackupClient(config);
    this.ecs = new ECSClient(config);
    this.appRunner = new AppRunnerClient(config);
    this.autoScaling = new ApplicationAutoScalingClient(config);
    this.lambda = new LambdaClient(config);
    this.kms = new KMSClient(config);
    this.ec2 = new EC2Client(config);
    this.s3 = new S3Client(config);
    this.scheduler = new SchedulerClient(config);
    this.events = new EventBridgeClient(config);
    this.sfn = new SFNClient(config);
    if (!journal.facts.stamp) this.newStamp(journal.startedAt);
  }

  /** Other names and tokens from here on: a failed job is never tried again under its old ones. */
  newStamp(time = new Date()): void {
    this.journal.learn({ stamp: time.toISOString().replace(/\D/g, "").slice(0, 14) });
  }

  /** Whether the restored cluster is there: what was needed to make it is not needed any more. */
  get isRestored(): boolean {
    return this.journal.isDone("restore-cluster");
  }

  /** A fact that an earlier step must have left. */
  fact<Key extends keyof RestoreFacts>(key: Key): RestoreFacts[Key] {
    const value = this.journal.facts[key];
    if (value === undefined)
      throw new Error(`The journal ${this.journal.file} lacks "${key}", which an earlier step leaves.`);
    return value;
  }

  /** Identifier of the cluster that is restored beside the old one. */
  get restoredIdentifier(): string {
    return this.names.restoredCluster(this.fact("stamp"));
  }

  /** Identifier that the old cluster is given, and keeps until a person deletes it. */
  get replacedIdentifier(): string {
    return this.names.replacedCluster(this.fact("stamp"));
  }

  /** Identifier that the restored cluster has when all is done. */
  get finalIdentifier(): string {
    return this.options.keepIdentifier && !this.options.rollback
      ? this.restoredIdentifier
      : this.fact("previousIdentifier");
  }

  /** Client of AWS Backup in the account of the destination vault. */
  destinationBackup(): BackupClient {
    if (!this.destination) throw new Error("No backupDestination is configured.");
    return new BackupClient(clientConfig(this.destination));
  }

  /** Token that makes AWS take a repeated request of this run for the same one. */
  idempotencyToken(step: string): string {
    return `${this.journal.id}-${this.fact("stamp")}-${step}`.slice(0, 64);
  }
}
