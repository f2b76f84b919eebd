// Buckets through AWS Backup, and what holds for jobs of every kind: tokens, stopping, roles, opting in.

import {
  ListBackupJobsCommand,
  StartBackupJobCommand,
  StartRestoreJobCommand,
  StopBackupJobCommand,
  UpdateRegionSettingsCommand,
} from "@aws-sdk/client-backup";
import { GetObjectCommand, GetObjectTaggingCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  backUp,
  copy,
  createBucket,
  createRole,
  REGION,
  restore,
  startTwoAccounts,
  type TestAccount,
  type TwoAccounts,
  until,
} from "./two-accounts";

jest.setTimeout(120_000);
const BUCKET = "redcap-files";
const BUCKET_ARN = `arn:aws:s3:::${BUCKET}`;

let accounts: TwoAccounts;
let source: TestAccount;
let destination: TestAccount;

beforeAll(async () => {
  accounts = await startTwoAccounts(0.3);
  ({ source, destination } = accounts);
  await createBucket(source, BUCKET);
  await put("edocs/consent.pdf", "signed", { patient: "1" });
  await put("edocs/scan.png", "pixels");
});
afterAll(() => accounts?.stop());

const put = (Key: string, Body: string, Metadata = {}) =>
  source.s3.send(
    new PutObjectCommand({ Bucket: BUCKET, Key, Body, Metadata, ContentType: "application/pdf", Tagging: "Kind=edoc" }),
  );
const read = async (account: TestAccount, Bucket: string, Key: string) => {
  const object = await account.s3.send(new GetObjectCommand({ Bucket, Key }));
  return { body: await object.Body?.transformToString(), metadata: object.Metadata, type: object.ContentType };
};

describe("S3", () => {
  test("objects with metadata and tags, as they were, into a new bucket of the other account", async () => {
    const { RecoveryPointArn = "", BackupJobId, BackupSizeInBytes } = await backUp(source, BUCKET_ARN);
    expect(RecoveryPointArn).toBe(`arn:aws:backup:${REGION}:${source.id}:recovery-point:${BackupJobId}`);
    expect(BackupSizeInBytes).toBe("signed".length + "pixels".length);
    await put("edocs/scan.png", "changed afterwards");
    const copied = await copy(source, RecoveryPointArn, destination.vaultArn);
    const Bucket = "redcap-files-restored";
    const metadata = { DestinationBucketName: Bucket, NewBucket: "true", EncryptionType: "SSE-S3" };
    const restored = await restore(destination, copied.DestinationRecoveryPointArn ?? "", metadata);
    expect(restored).toMatchObject({ Status: "COMPLETED", CreatedResourceArn: `arn:aws:s3:::${Bucket}` });
    expect(await read(destination, Bucket, "edocs/consent.pdf")).toEqual({
      body: "signed",
      metadata: { patient: "1" },
      type: "application/pdf",
    });
    expect(await read(destination, Bucket, "edocs/scan.png")).toMatchObject({ body: "pixels" });
    const tagging = await destination.s3.send(new GetObjectTaggingCommand({ Bucket, Key: "edocs/scan.png" }));
    expect(tagging.TagSet).toEqual([{ Key: "Kind", Value: "edoc" }]);
  });

  test("restored into its own bucket it overwrites nothing, and restores single items", async () => {
    const { RecoveryPointArn = "" } = await backUp(source, BUCKET_ARN);
    await put("edocs/consent.pdf", "newer");
    const metadata = { DestinationBucketName: BUCKET, EncryptionType: "original" };
    expect(await restore(source, RecoveryPointArn, metadata)).toMatchObject({ Status: "COMPLETED" });
    expect(await read(source, BUCKET, "edocs/consent.pdf")).toMatchObject({ body: "newer" });
    const nothing = await restore(source, RecoveryPointArn, { ...metadata, ItemsToRestore: '["/none"]' });
    expect(nothing.StatusMessage).toBe(`There are no objects that match the restore request for ${RecoveryPointArn}.`);
  });

  test("a bucket without versioning cannot be backed up", async () => {
    await createBucket(source, "redcap-plain", "Suspended");
    const job = await backUp(source, "arn:aws:s3:::redcap-plain");
    expect(job).toMatchObject({ State: "FAILED", StatusMessage: expect.stringContaining("versioning") });
    expect(job.RecoveryPointArn).toBeUndefined();
  });
});

describe("jobs", () => {
  const order = (changes: object = {}) => {
    const input = {
      BackupVaultName: source.vaultName,
      ResourceArn: BUCKET_ARN,
      IamRoleArn: source.roleArn,
      ...changes,
    };
    return source.backup.send(new StartBackupJobCommand(input));
  };

  test("the same token is the same job; a second job at once fails; a job can be stopped", async () => {
    const first = await order({ IdempotencyToken: "one" });
    expect((await order({ IdempotencyToken: "one" })).BackupJobId).toBe(first.BackupJobId);
    const second = await order();
    const state = async (id: string | undefined) => {
      const { BackupJobs } = await source.backup.send(new ListBackupJobsCommand({ ByResourceArn: BUCKET_ARN }));
      return BackupJobs?.find((job) => job.BackupJobId === id && job.CompletionDate);
    };
    expect(await until(() => state(second.BackupJobId))).toMatchObject({
      State: "FAILED",
      StatusMessage: "Backup job failed because there was a running job for the same resource.",
    });
    const third = await order();
    await source.backup.send(new StopBackupJobCommand({ BackupJobId: third.BackupJobId }));
    const stopped = await until(() => state(third.BackupJobId));
    expect(stopped?.State).toBe("ABORTED");
    expect(stopped?.RecoveryPointArn).toBeUndefined();
  });

  test("a role that AWS Backup cannot assume, a missing resource, a type that is not opted in", async () => {
    const role = await createRole(source.iam, "for-rds", "rds.amazonaws.com");
    for (const IamRoleArn of [role, `${role}-missing`]) {
      await expect(order({ IamRoleArn })).rejects.toMatchObject({
        name: "InvalidParameterValueException",
        message: `IAM Role ${IamRoleArn} cannot be assumed by AWS Backup`,
      });
    }
    await expect(order({ ResourceArn: "arn:aws:s3:::none" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const optIn = (S3: boolean) =>
      source.backup.send(new UpdateRegionSettingsCommand({ ResourceTypeOptInPreference: { S3 } }));
    await optIn(false);
    try {
      await expect(order()).rejects.toMatchObject({ name: "InvalidRequestException" });
    } finally {
      await optIn(true);
    }
  });

  test("a recovery point that does not exist cannot be restored", async () => {
    const RecoveryPointArn = `arn:aws:backup:${REGION}:${source.id}:recovery-point:none`;
    const Metadata = { DestinationBucketName: BUCKET };
    const start = new StartRestoreJobCommand({ RecoveryPointArn, Metadata, IamRoleArn: source.roleArn });
    await expect(source.backup.send(start)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});
