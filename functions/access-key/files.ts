// A key with which REDCap reaches the files at S3.
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import { retryWhile } from "../shared/patience";
import type { Purpose } from "./purpose";
import type { AccessKey } from "./user";

const PATIENCE_MS = 120_000;
const RETRY_MS = 3_000;

/** S3's answer to HeadBucket has no body, and so no code but HTTP's. */
const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;

export const files = (bucket: string): Purpose<AccessKey> => ({
  schema: z.object({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) }),
  valueOf: (key) => key,
  keyId: ({ accessKeyId }) => accessKeyId,
  waitUntilAccepted: (key) => waitUntilS3Accepts(key, bucket),
});

/**
 * Proof that S3 takes a key: it knows it, and the user's policy lets it at the bucket. Asks for the bucket with the key,
 * again and again while S3 refuses it.
 * @throws Error with the key's id and S3's answer
 */
export async function waitUntilS3Accepts(
  key: AccessKey,
  bucket: string,
  { s3 = new S3Client({ credentials: key }), patienceMs = PATIENCE_MS, retryMs = RETRY_MS } = {},
): Promise<void> {
  try {
    await retryWhile(
      (error) => statusOf(error) === 403,
      () => s3.send(new HeadBucketCommand({ Bucket: bucket })),
      { patienceMs, retryMs },
    );
  } catch (error) {
    const answer = `${(error as Error).name}, HTTP ${statusOf(error) ?? "none"}`;
    throw new Error(`S3 does not let key ${key.accessKeyId} at ${bucket}: ${answer}.`);
  }
}
