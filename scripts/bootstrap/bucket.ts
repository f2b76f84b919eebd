// A private, versioned, KMS-encrypted bucket that answers over TLS only.
import { CreateBucketCommand, HeadBucketCommand, PutBucketTaggingCommand, S3Client } from "@aws-sdk/client-s3";
import { partitionOf } from "../../config";
import { type Account, clientConfig } from "../aws";
import { UserError } from "../command";
import { bucketSettings } from "./bucket-settings";
import { findingOf, type Item, OWN_TAG } from "./item";
import type { Statement } from "./policy";

export interface BucketSpec {
  /** What it is for: `state bucket`. */
  purpose: string;
  bucket: string;
  /** Key of the bucket's default encryption. */
  keyAlias: string;
  /** Days that a replaced or deleted version of an object is kept. */
  noncurrentDays: number;
  /** Days after which objects are deleted; default: never. */
  expireDays?: number;
  /** Objects that are needed for some days only, with all their versions. */
  shortLived?: { prefix: string; days: number };
  /** What the bucket's policy allows beside its denial of plain HTTP. */
  statements?: Statement[];
}

export function privateBucket(account: Account, spec: BucketSpec): Item {
  const s3 = new S3Client(clientConfig(account));
  const { bucket } = spec;
  const settings = bucketSettings(s3, account, spec);

  return {
    name: `${spec.purpose} ${bucket}`,
    async inspect() {
      if (!(await exists(s3, account, bucket))) return { state: "missing" };
      const found = await Promise.all(settings.map(async ({ what, isRight }) => [what, await isRight()]));
      return findingOf(Object.fromEntries(found));
    },
    async apply() {
      if (!(await exists(s3, account, bucket))) await create(s3, account, bucket);
      // One after the other: S3 refuses concurrent changes of a bucket's settings.
      for (const setting of settings) if (!(await setting.isRight())) await setting.put();
    },
  };
}

export const bucketArn = (region: string, bucket: string): string => `arn:${partitionOf(region)}:s3:::${bucket}`;

/** @throws UserError if somebody else owns the bucket */
async function exists(s3: S3Client, { accountId }: Account, bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: accountId }));
    return true;
  } catch (error) {
    // HeadBucket answers without a body, so that there is a status and no error code.
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return false;
    if (status === 403) throw taken(bucket, accountId);
    throw error;
  }
}

async function create(s3: S3Client, { accountId, region }: Account, bucket: string): Promise<void> {
  try {
    await s3.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ObjectOwnership: "BucketOwnerEnforced",
        // S3 refuses us-east-1 as a location: it is what a bucket without one gets.
        CreateBucketConfiguration: region === "us-east-1" ? undefined : { LocationConstraint: region as never },
      }),
    );
  } catch (error) {
    if ((error as Error).name === "BucketAlreadyExists") throw taken(bucket, accountId);
    throw error;
  }
  await s3.send(
    new PutBucketTaggingCommand({
      Bucket: bucket,
      ExpectedBucketOwner: accountId,
      Tagging: { TagSet: [{ Key: OWN_TAG.key, Value: OWN_TAG.value }] },
    }),
  );
}

const taken = (bucket: string, accountId: string): UserError =>
  new UserError(
    `Bucket ${bucket} is there but not account ${accountId}'s, or these credentials may not reach it. Nothing is written to it. ` +
      "Bucket names are the world's: whoever has it must give it up, or let these credentials in.",
  );
