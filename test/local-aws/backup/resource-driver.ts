// What AWS Backup must be able to do with each type of resource that it protects.

import type { Resource } from "./selection-match";
import type { RecoveryPoint, ResourceType, StoredObject, Tags, Vault } from "./state";

export interface BackupRequest {
  vault: Vault;
  resourceArn: string;
  iamRoleArn: string;
  jobId: string;
  tags: Tags;
}

export interface CopyRequest {
  point: RecoveryPoint;
  sourceVault: Vault;
  destinationVault: Vault;
  jobId: string;
}

export interface RestoreRequest {
  account: string;
  point: RecoveryPoint;
  metadata: Record<string, string>;
  iamRoleArn: string;
  /** Tags the restored resource gets. */
  tags: Tags;
}

/** What a backup or a copy has made. */
export interface Captured {
  arn: string;
  sizeBytes: number;
  encryptionKeyArn?: string;
  resourceName: string;
  resourceTags: Tags;
  restoreMetadata: Record<string, string>;
  objects?: StoredObject[];
}

export interface Restored {
  createdResourceArn: string;
  /** Status message of a restore that completed in part. */
  message?: string;
}

export interface ResourceDriver {
  readonly type: ResourceType;
  /** Whether an ARN may name a resource of this type. */
  owns(arn: string): boolean;
  /** All resources of the account. */
  list(account: string): Promise<Resource[]>;
  backup(request: BackupRequest): Promise<Captured>;
  /** Why the keys involved do not let the copy be made; undefined if they do. */
  keyProblem(request: CopyRequest): Promise<string | undefined>;
  copy(request: CopyRequest): Promise<Captured>;
  /** @throws AwsError InvalidParameterValueException for metadata that AWS does not take. */
  requireValidMetadata(metadata: Record<string, string>): void;
  restore(request: RestoreRequest): Promise<Restored>;
  /** Removes what a recovery point holds outside AWS Backup. */
  remove(point: RecoveryPoint): Promise<void>;
}

/** Calls `work` for every item, a few at a time. */
export async function forEachOf<T>(items: T[], work: (item: T) => Promise<void>, width = 8): Promise<void> {
  const queue = [...items];
  const drain = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, drain));
}
