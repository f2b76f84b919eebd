// The bucket that holds the files people upload to REDCap.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLoggingA as BucketLogging } from "@cdktf/provider-aws/lib/s3-bucket-logging";
import { Construct } from "constructs";
import { BACKUP_TAG, dnsSuffix, type StageConfig, stageNames } from "../../config";
import { Bucket, encryptedWith, onlyWithKey } from "../bucket";
import { FILES_BUCKET_LOGS, type LogsBucket } from "./logs-bucket";

/** Days for which a replaced or deleted file can be taken back without a restore. */
const OLD_VERSION_DAYS = 90;

export interface FilesProps {
  stage: StageConfig;
  key: KmsKey;
  logsBucket: LogsBucket;
}

export class Files extends Construct {
  readonly bucket: S3Bucket;
  readonly key: KmsKey;

  constructor(scope: Construct, id: string, { stage, key, logsBucket }: FilesProps) {
    super(scope, id);
    const { prefix, filesBucket } = stageNames(stage);
    this.key = key;
    this.bucket = new Bucket(this, "files", {
      protect: stage.protect.enabled,
      logicalId: "files",
      name: filesBucket,
      encryption: encryptedWith(key),
      lifecycle: [
        {
          id: "old-versions",
          status: "Enabled",
          filter: [{ prefix: "" }],
          noncurrentVersionExpiration: [{ noncurrentDays: OLD_VERSION_DAYS }],
          // What is left of a deleted file once its versions are gone.
          expiration: [{ expiredObjectDeleteMarker: true }],
        },
      ],
      statements: (bucketArn) => onlyWithKey(bucketArn, key),
      tags: stage.backup.enabled ? { [BACKUP_TAG]: prefix } : undefined,
    }).bucket;
    new BucketLogging(this, "access-logs", {
      bucket: this.bucket.id,
      targetBucket: logsBucket.logs.bucket.id,
      targetPrefix: FILES_BUCKET_LOGS,
      dependsOn: [logsBucket.logs.policy],
    });
  }
}

/** For REDCap's task and its user: objects of the bucket, no versions, no settings. The key only through S3. */
export function useFiles(scope: Construct, stage: StageConfig, { bucket, key }: Files): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "use-files", {
    statement: [
      { actions: ["s3:ListBucket"], resources: [bucket.arn] },
      { actions: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], resources: [`${bucket.arn}/*`] },
      {
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: [key.arn],
        condition: [
          { test: "StringEquals", variable: "kms:ViaService", values: [`s3.${stage.region}.${dnsSuffix(stage)}`] },
        ],
      },
    ],
  });
}
