// S3 buckets as AWS Backup sees them: a recovery point holds every object's current version, with metadata and tags.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html

import {
  CreateBucketCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
  ServerSideEncryption,
} from "@aws-sdk/client-s3";
import type { ClientsOf } from "./clients";
import { isNamed, type Permissions, serviceLinkedRole } from "./permissions";
import {
  type BackupRequest,
  type Captured,
  type CopyRequest,
  forEachOf,
  type ResourceDriver,
  type Restored,
  type RestoreRequest,
} from "./resource-driver";
import { readS3Metadata, type S3RestoreOptions } from "./s3-metadata";
import type { Resource } from "./selection-match";
import type { StoredObject, Tags } from "./state";

export class S3Driver implements ResourceDriver {
  readonly type = "S3";

  constructor(
    private readonly clientsOf: ClientsOf,
    private readonly permissions: Permissions,
    private readonly region: string,
  ) {}

  owns(arn: string): boolean {
    return /^arn:aws[^:]*:s3:::[^/]+$/.test(arn);
  }

  async list(account: string): Promise<Resource[]> {
    const s3 = this.clientsOf(account).s3;
    const { Buckets: buckets = [] } = await s3.send(new ListBucketsCommand({}));
    const names = buckets.map((bucket) => bucket.Name ?? "");
    return Promise.all(
      names.map(async (name) => ({ arn: `arn:aws:s3:::${name}`, type: this.type, tags: await bucketTags(s3, name) })),
    );
  }

  async backup({ vault, resourceArn, iamRoleArn, jobId }: BackupRequest): Promise<Captured> {
    const bucket = bucketOf(resourceArn);
    const s3 = this.clientsOf(vault.account).s3;
    await requireVersioning(s3, bucket);
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
      keys.push(...(page.Contents ?? []).map((object) => object.Key ?? ""));
    }
    const objects: StoredObject[] = [];
    await forEachOf(keys, async (key) => {
      const object = await readObject(s3, bucket, key);
      // Without rights on an object's key the job succeeds all the same, and the object is missing:
      // https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html#independent-encryption
      if (await this.mayUseKey(vault.account, object.kmsKeyId, iamRoleArn, "kms:Decrypt")) objects.push(object);
    });
    return {
      arn: `arn:aws:backup:${this.region}:${vault.account}:recovery-point:${jobId}`,
      sizeBytes: sizeOf(objects),
      encryptionKeyArn: vault.encryptionKeyArn,
      resourceName: bucket,
      resourceTags: await bucketTags(s3, bucket),
      restoreMetadata: { EncryptionType: "original", RestoreACLs: "false" },
      objects,
    };
  }

  /**
   * S3 backups are encrypted with their vault's key, which the destination account must be allowed to use.
   * https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html#copy-encryption
   */
  async keyProblem({ sourceVault, destinationVault }: CopyRequest): Promise<string | undefined> {
    if (sourceVault.account === destinationVault.account) return undefined;
    const keyArn = sourceVault.encryptionKeyArn;
    const isShared =
      !(await this.permissions.isAwsManaged(keyArn)) &&
      (await this.permissions.allowsCopy(keyArn, serviceLinkedRole(destinationVault.account), "backup"));
    return isShared ? undefined : "KMS key is either disabled or pending deletion or access to KMS key is denied";
  }

  async copy({ point, destinationVault, jobId }: CopyRequest): Promise<Captured> {
    const { sizeBytes, resourceName, resourceTags, restoreMetadata, objects = [] } = point;
    return {
      arn: `arn:aws:backup:${this.region}:${destinationVault.account}:recovery-point:${jobId}`,
      encryptionKeyArn: destinationVault.encryptionKeyArn,
      ...{ sizeBytes, resourceName, resourceTags, restoreMetadata, objects },
    };
  }

  requireValidMetadata(metadata: Record<string, string>): void {
    readS3Metadata(metadata);
  }

  /** Never overwrites: an object whose key is there already is left as it is. */
  async restore({ account, point, metadata, iamRoleArn }: RestoreRequest): Promise<Restored> {
    const options = readS3Metadata(metadata);
    const s3 = this.clientsOf(account).s3;
    if (options.isNewBucket) await this.createBucket(s3, options.bucket);
    await requireVersioning(s3, options.bucket);
    const wanted = (point.objects ?? []).filter(
      ({ key }) =>
        options.items === undefined || options.items.some((item) => key === item || key.startsWith(`${item}/`)),
    );
    let failed = 0;
    await forEachOf(wanted, async (object) => {
      const kmsKeyId = options.encryption === "original" ? object.kmsKeyId : options.kmsKey;
      const isAllowed = await this.mayUseKey(account, kmsKeyId, iamRoleArn, "kms:GenerateDataKey");
      if (!isAllowed) failed += 1;
      else if (!(await exists(s3, options.bucket, object.key))) await writeObject(s3, object, options);
    });
    const hint = `from ${point.arn} to ${options.bucket}. To get notified of these failures, enable SNS event notifications.`;
    if (failed > 0 && failed === wanted.length) throw new Error(`No objects were restored ${hint}`);
    const createdResourceArn = `arn:aws:s3:::${options.bucket}`;
    if (failed > 0) return { createdResourceArn, message: `One or more objects failed to be restored ${hint}` };
    if (wanted.length > 0) return { createdResourceArn };
    return { createdResourceArn, message: `There are no objects that match the restore request for ${point.arn}.` };
  }

  /** A bucket's backup is held by AWS Backup alone. */
  async remove(): Promise<void> {}

  private async createBucket(s3: S3Client, bucket: string): Promise<void> {
    const location = this.region === "us-east-1" ? {} : { LocationConstraint: this.region as "eu-west-2" };
    await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: location }));
    const enabled = { Status: "Enabled" } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: enabled }));
  }

  /** Objects without a key of KMS, or with the account's own `aws/s3`, need no key policy's leave. */
  private async mayUseKey(account: string, keyId: string | undefined, role: string, action: string): Promise<boolean> {
    if (keyId === undefined) return true;
    const key = await this.permissions.findKey(account, keyId);
    if (!key?.Arn) return false;
    if (await this.permissions.isAwsManaged(key.Arn)) return key.AWSAccountId === account;
    return this.permissions.keyAllows(key.Arn, { kind: "aws", arn: role }, [action]);
  }
}

/** Both ends of a restore and the source of a backup must have versioning on. */
async function requireVersioning(s3: S3Client, bucket: string): Promise<void> {
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }));
  if (Status !== "Enabled") throw new Error(`Bucket ${bucket} must have versioning enabled for AWS Backup.`);
}

async function readObject(s3: S3Client, bucket: string, key: string): Promise<StoredObject> {
  const at = { Bucket: bucket, Key: key };
  const [object, tagging] = await Promise.all([
    s3.send(new GetObjectCommand(at)),
    s3.send(new GetObjectTaggingCommand(at)),
  ]);
  return {
    key,
    body: (await object.Body?.transformToByteArray()) ?? new Uint8Array(),
    metadata: object.Metadata ?? {},
    tags: toTags(tagging.TagSet),
    ...(object.ContentType && { contentType: object.ContentType }),
    ...(object.ServerSideEncryption && { encryption: object.ServerSideEncryption }),
    ...(object.SSEKMSKeyId && { kmsKeyId: object.SSEKMSKeyId }),
  };
}

async function writeObject(s3: S3Client, object: StoredObject, options: S3RestoreOptions): Promise<void> {
  const { bucket, encryption, kmsKey } = options;
  const asBefore = { ServerSideEncryption: object.encryption as ServerSideEncryption, SSEKMSKeyId: object.kmsKeyId };
  const encryptions = {
    original: object.encryption ? asBefore : {},
    "SSE-S3": { ServerSideEncryption: ServerSideEncryption.AES256 },
    "SSE-KMS": { ServerSideEncryption: ServerSideEncryption.aws_kms, ...(kmsKey && { SSEKMSKeyId: kmsKey }) },
  };
  const tags = new URLSearchParams(object.tags).toString();
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: object.key,
      Body: object.body,
      Metadata: object.metadata,
      ...(object.contentType && { ContentType: object.contentType }),
      ...(tags && { Tagging: tags }),
      ...encryptions[encryption],
    }),
  );
}

async function exists(s3: S3Client, bucket: string, key: string): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return true;
  } catch (error) {
    if (isNamed(error, "NotFound")) return false;
    throw error;
  }
}

async function bucketTags(s3: S3Client, bucket: string): Promise<Tags> {
  try {
    return toTags((await s3.send(new GetBucketTaggingCommand({ Bucket: bucket }))).TagSet);
  } catch (error) {
    if (isNamed(error, "NoSuchTagSet")) return {};
    throw error;
  }
}

function toTags(set: { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  return Object.fromEntries((set ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

const bucketOf = (arn: string) => arn.split(":::")[1] ?? "";
const sizeOf = (objects: StoredObject[]) => objects.reduce((sum, { body }) => sum + body.byteLength, 0);
