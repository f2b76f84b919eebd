// Restore metadata of buckets.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-s3.html#s3-restore-cli

import { invalidParameter } from "./errors";

export type ObjectEncryption = "original" | "SSE-S3" | "SSE-KMS";

export interface S3RestoreOptions {
  bucket: string;
  isNewBucket: boolean;
  encryption: ObjectEncryption;
  kmsKey?: string;
  /** Keys or prefixes to restore; all objects if absent. */
  items?: string[];
}

/** `NewBucket`, `Encrypted` and `CreationToken` are from older editions of the page; AWS's console still sends them. */
const KNOWN = [
  "DestinationBucketName",
  "NewBucket",
  "NewBucketName",
  "Encrypted",
  "EncryptionType",
  "KMSKey",
  "CreationToken",
  "ItemsToRestore",
  "RestoreACLs",
  "RestoreLatestVersionsUpTo",
  "RestoreTime",
];
const ENCRYPTIONS: readonly string[] = ["original", "SSE-S3", "SSE-KMS"] satisfies ObjectEncryption[];
const MAX_ITEMS = 5;

/** @throws AwsError InvalidParameterValueException for an unknown key, a missing one, or a value AWS does not take. */
export function readS3Metadata(metadata: Record<string, string>): S3RestoreOptions {
  const values = new Map(Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value]));
  const get = (key: string) => values.get(key.toLowerCase());
  const known = new Set(KNOWN.map((key) => key.toLowerCase()));
  const unknown = Object.keys(metadata).find((key) => !known.has(key.toLowerCase()));
  if (unknown) throw invalid(`Unrecognized key: ${unknown}`);

  const newBucketName = get("NewBucketName");
  const bucket = get("DestinationBucketName") ?? newBucketName;
  if (!bucket) throw invalid("Missing: DestinationBucketName");
  const encryption = get("EncryptionType") || "original";
  if (!isEncryption(encryption)) throw invalid(`EncryptionType must be one of ${ENCRYPTIONS.join(", ")}`);
  const kmsKey = get("KMSKey");
  if (kmsKey && encryption !== "SSE-KMS") throw invalid("KMSKey needs EncryptionType SSE-KMS");
  if (get("RestoreTime")) throw invalid("RestoreTime is for continuous backups only");
  if (get("RestoreACLs") === "true") {
    throw invalid(
      "Unable to restore Access Control Lists (ACLs) for bucket because backup was created with the 'BackupACLs' " +
        "option disabled. Please proceed with restoring without ACLs",
    );
  }
  if (!["1", undefined, ""].includes(get("RestoreLatestVersionsUpTo"))) {
    throw invalid("RestoreLatestVersionsUpTo other than 1 is not modelled: backups hold current versions only");
  }
  const items = get("ItemsToRestore");
  return {
    bucket,
    isNewBucket: newBucketName !== undefined || get("NewBucket") === "true",
    encryption,
    ...(kmsKey && { kmsKey }),
    ...(items && { items: readItems(items) }),
  };
}

function readItems(value: string): string[] {
  const problem = invalid(`ItemsToRestore must be a JSON array of at most ${MAX_ITEMS} paths: ${value}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw problem;
  }
  if (!Array.isArray(parsed) || parsed.length > MAX_ITEMS || parsed.some((item) => typeof item !== "string")) {
    throw problem;
  }
  return (parsed as string[]).map((item) => item.replace(/^s3:\/\/[^/]+\//, "").replace(/^\//, ""));
}

function isEncryption(value: string): value is ObjectEncryption {
  return ENCRYPTIONS.includes(value);
}

const invalid = (reason: string) => invalidParameter(`Invalid restore metadata. ${reason}`);
