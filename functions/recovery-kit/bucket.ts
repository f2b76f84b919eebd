// The kit's bucket, in the backup account: the stage can add, and neither read nor list nor delete.
import { createHash } from "node:crypto";
import { CopyObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { isDenied, retryWhile } from "../shared/patience";

/** The kit is not there, or does not let this stage in. */
export class KitRefuses extends Error {}

export interface Stored {
  versionId: string;
  /** Hex. */
  sha256: string;
}

export interface Source {
  bucket: string;
  key: string;
  versionId: string | undefined;
  eTag: string;
}

/** Also of requests that are answered without a body, which carry no name of the error. */
export const isRefused = (error: unknown): boolean =>
  isDenied(error) || (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403;

export class KitBucket {
  /**
   * @param owner account of the bucket: somebody else's of the same name would get the salt
   * @param deadline milliseconds since the epoch until which rights may still be on their way
   */
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly owner: string,
    private readonly deadline: number,
  ) {}

  /** In one request: parts would need the right to decrypt. S3 compares the checksum before it keeps anything. */
  async put(key: string, content: Buffer): Promise<Stored> {
    const digest = createHash("sha256").update(content).digest();
    const { VersionId } = await this.send(() =>
      this.s3.send(
        new PutObjectCommand({
          ...this.at(key),
          Body: content,
          ContentType: "application/json",
          // Asked for where objects are locked (S3 API reference, PutObject).
          ChecksumAlgorithm: "SHA256",
          ChecksumSHA256: digest.toString("base64"),
        }),
      ),
    );
    return { versionId: required(VersionId, key), sha256: digest.toString("hex") };
  }

  /** From bucket to bucket, up to 5 GB (S3 API reference, CopyObject); S3 computes the checksum of what it keeps. */
  async copy(key: string, { bucket, key: from, versionId, eTag }: Source): Promise<Stored> {
    const path = [bucket, ...from.split("/")].map(encodeURIComponent).join("/");
    const { VersionId, CopyObjectResult } = await this.send(() =>
      this.s3.send(
        new CopyObjectCommand({
          ...this.at(key),
          CopySource: versionId ? `${path}?versionId=${encodeURIComponent(versionId)}` : path,
          CopySourceIfMatch: eTag,
          ChecksumAlgorithm: "SHA256",
          // Its tags are the stage's, and would need rights of their own.
          TaggingDirective: "REPLACE",
        }),
      ),
    );
    const checksum = required(CopyObjectResult?.ChecksumSHA256, key);
    return { versionId: required(VersionId, key), sha256: Buffer.from(checksum, "base64").toString("hex") };
  }

  private at(key: string) {
    return { Bucket: this.bucket, Key: key, ExpectedBucketOwner: this.owner };
  }

  private async send<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await retryWhile(isRefused, request, patienceUntil(this.deadline));
    } catch (error) {
      const { name, message } = error as Error;
      if (isRefused(error) || name === "NoSuchBucket")
        throw new KitRefuses(`s3://${this.bucket} in account ${this.owner} does not take it (${name}: ${message}).`);
      throw error;
    }
  }
}

/** IAM's changes take seconds, and the function is called seconds after it got its rights. */
export const patienceUntil = (deadline: number) => ({
  patienceMs: Math.max(0, deadline - Date.now()),
  retryMs: 3_000,
});

function required(value: string | undefined, key: string): string {
  if (!value) throw new Error(`S3 kept ${key} without a version and checksum: is the bucket versioned?`);
  return value;
}
