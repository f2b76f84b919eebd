// Everything the local AWS Backup remembers, in memory: per account vaults with their recovery points, plans, jobs and
// settings. Records hold what the service needs; the API's shapes are made from them by each module.

import { randomUUID } from "node:crypto";
import type {
  BackupPlan,
  BackupRule,
  BackupSelection,
  BackupVaultEvent,
  Lifecycle,
  RecoveryPointCreator,
} from "@aws-sdk/client-backup";
import { noSuchVault } from "./errors";
import type { BackupJob, CopyJob, RestoreJob } from "./job-records";

export type Tags = Record<string, string>;

export interface VaultLock {
  minRetentionDays?: number;
  maxRetentionDays?: number;
  /** Compliance mode: from this moment on nothing changes the lock. Absent: governance mode. */
  lockDate?: Date;
}

export interface Vault {
  account: string;
  name: string;
  arn: string;
  encryptionKeyArn: string;
  creationDate: Date;
  creatorRequestId?: string;
  tags: Tags;
  policy?: string;
  notifications?: { topicArn: string; events: BackupVaultEvent[] };
  lock?: VaultLock;
  /** By ARN. */
  recoveryPoints: Map<string, RecoveryPoint>;
}

/** One object of a bucket, as it was when it was backed up. */
export interface StoredObject {
  key: string;
  body: Uint8Array;
  contentType?: string;
  metadata: Record<string, string>;
  tags: Tags;
  encryption?: string;
  kmsKeyId?: string;
}

export type ResourceType = "Aurora" | "S3";

export interface RecoveryPoint {
  arn: string;
  account: string;
  vaultName: string;
  /** Vault it was copied from. */
  sourceVaultArn?: string;
  resourceArn: string;
  resourceName: string;
  resourceType: ResourceType;
  iamRoleArn: string;
  createdBy?: RecoveryPointCreator;
  /** When the backup began: what was written later is not in it. Copies keep it. */
  creationDate: Date;
  completionDate: Date;
  sizeBytes: number;
  lifecycle?: Lifecycle;
  encryptionKeyArn?: string;
  tags: Tags;
  /** Tags of the resource when it was backed up. */
  resourceTags: Tags;
  restoreMetadata: Record<string, string>;
  /** Content of a bucket. An Aurora recovery point's content is its snapshot in RDS. */
  objects?: StoredObject[];
  lastRestoreTime?: Date;
}

export interface PlanVersion {
  versionId: string;
  creationDate: Date;
  plan: BackupPlan & { Rules: BackupRule[] };
}

export interface Selection {
  id: string;
  creationDate: Date;
  creatorRequestId?: string;
  selection: BackupSelection;
}

export interface Plan {
  id: string;
  arn: string;
  account: string;
  creatorRequestId?: string;
  tags: Tags;
  /** Oldest first; the last one counts. */
  versions: PlanVersion[];
  selections: Map<string, Selection>;
  lastExecutionDate?: Date;
}

/** A document with a name, an ARN and tags, kept as it was sent: frameworks, report plans, restore testing. */
export interface NamedDocument<Content = object> {
  name: string;
  arn: string;
  creationTime: Date;
  lastUpdateTime: Date;
  tags: Tags;
  content: Content;
}

export class AccountState {
  readonly vaults = new Map<string, Vault>();
  readonly plans = new Map<string, Plan>();
  readonly backupJobs = new Map<string, BackupJob>();
  readonly copyJobs = new Map<string, CopyJob>();
  readonly restoreJobs = new Map<string, RestoreJob>();
  readonly documents = new Map<string, NamedDocument>();
  readonly optIn = new Map<string, boolean>();
  readonly management = new Map<string, boolean>();
}

export class BackupState {
  private readonly accounts = new Map<string, AccountState>();
  /** The organization's settings; set only by its management account. */
  readonly globalSettings = { isCrossAccountBackupEnabled: true, lastUpdateTime: new Date() };
  private clockOffsetMs = 0;

  constructor(readonly region: string) {}

  of(account: string): AccountState {
    const known = this.accounts.get(account) ?? new AccountState();
    this.accounts.set(account, known);
    return known;
  }

  /** The service's clock: tests may move it forward to let days of grace pass and recovery points expire. */
  now(): Date {
    return new Date(Date.now() + this.clockOffsetMs);
  }

  moveClock(days: number): void {
    this.clockOffsetMs += days * 86_400_000;
  }

  /** @throws AwsError AccessDeniedException, as AWS answers for a vault that is not there. */
  vault(account: string, name: string | undefined): Vault {
    const vault = this.of(account).vaults.get(name ?? "");
    if (!vault) throw noSuchVault();
    return vault;
  }

  /** The vault with this ARN in whichever account, if there is one. */
  vaultByArn(arn: string): Vault | undefined {
    const [, , service, region, account, type, name] = arn.split(":");
    if (service !== "backup" || type !== "backup-vault" || region !== this.region || !account || !name)
      return undefined;
    return this.of(account).vaults.get(name);
  }

  /** The recovery point with this ARN that the account holds, in whichever vault. */
  recoveryPoint(account: string, arn: string | undefined): RecoveryPoint | undefined {
    return this.recoveryPoints(account).find((point) => point.arn === arn);
  }

  recoveryPoints(account: string): RecoveryPoint[] {
    return [...this.of(account).vaults.values()].flatMap((vault) => [...vault.recoveryPoints.values()]);
  }

  /** All vaults of all accounts. */
  vaults(): Vault[] {
    return [...this.accounts.values()].flatMap(({ vaults }) => [...vaults.values()]);
  }

  /** ARN of something that belongs to AWS Backup. */
  arn(account: string, resource: string): string {
    return `arn:aws:backup:${this.region}:${account}:${resource}`;
  }
}

/** Ids of jobs, plans and selections. */
export const newId = () => randomUUID();
