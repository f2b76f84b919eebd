// What a kit is made of: the salt, the configuration, which image runs, and the zip that it is built from.
import { createHash } from "node:crypto";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import type { KitBucket, Stored } from "./bucket";

export interface Part {
  /** Another one: the part has changed. It tells nothing of the content where that is secret. */
  mark: string;
  /** Bytes. */
  size: number;
  /** Hex; unknown before the copy where the content is never read here. */
  sha256?: string;
  store(kit: KitBucket, key: string): Promise<Stored>;
}

function ofContent(content: Buffer, mark?: string): Part {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { mark: mark ?? sha256, size: content.length, sha256, store: (kit, key) => kit.put(key, content) };
}

const ofJson = (value: unknown): Part => ofContent(Buffer.from(`${JSON.stringify(value, null, 2)}\n`));

/**
 * As Secrets Manager has it, marked by its version: a hash of a short salt, kept in the stage, would give it away. In the kit
 * it has no further envelope. Who reads there can use the kit's key, and a second key would be one more thing that must
 * outlive the stage, beside a database in the same account that needs no salt to be read.
 */
export async function salt(secretArn: string): Promise<Part> {
  const { SecretString = "", VersionId } = await new SecretsManagerClient()
    .send(new GetSecretValueCommand({ SecretId: secretArn }))
    .catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) throw new Error(`Secret ${secretArn} has no value yet.`);
      throw error;
    });
  if (!isSalt(SecretString) || !VersionId) throw new Error(`The value of secret ${secretArn} is not REDCap's salt.`);
  return ofContent(Buffer.from(SecretString), VersionId);
}

const saltValue = z.object({ salt: z.string().min(1) });

/** Whether the text is a salt as Secrets Manager has it. A parse error would quote it. */
export function isSalt(text: string): boolean {
  try {
    return saltValue.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

export const configuration = async (deployment: Record<string, unknown>): Promise<Part> => ofJson(deployment);

/** Of the stage's own repository. Images are built again from the zip; this says which one it was. */
export async function builtImage(repositoryName: string, tag: string): Promise<Part> {
  const { imageDetails = [] } = await new ECRClient().send(
    new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: tag }] }),
  );
  const [live] = imageDetails;
  if (!live) throw new Error(`Repository ${repositoryName} has no image ${tag}.`);
  return ofJson({ repository: repositoryName, digest: live.imageDigest, tags: [...(live.imageTags ?? [])].sort() });
}

/** One that was built elsewhere, and is kept there. */
export const ownImage = async (image: string): Promise<Part> => ofJson({ image });

/** @param location `bucket/key` */
export async function zip(location: string): Promise<Part> {
  const [bucket = "", ...rest] = location.split("/");
  const key = rest.join("/");
  const {
    ETag = "",
    VersionId,
    ContentLength = 0,
  } = await new S3Client().send(new HeadObjectCommand({ Bucket: bucket, Key: key })).catch((error: Error) => {
    // An answer without a body has no message.
    error.message = `s3://${location} cannot be read (${error.name}).`;
    throw error;
  });
  return {
    mark: [ETag, VersionId].join(" "),
    size: ContentLength,
    store: (kit, to) => kit.copy(to, { bucket, key, versionId: VersionId, eTag: ETag }),
  };
}
