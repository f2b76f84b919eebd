// What every bucket has: a fixed address, versions, no public access, no ACLs, TLS only.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import {
  type S3BucketLifecycleConfigurationRule as LifecycleRule,
  S3BucketLifecycleConfiguration,
} from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketObjectLockConfigurationA as ObjectLock } from "@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import {
  S3BucketServerSideEncryptionConfigurationA as Encryption,
  type S3BucketServerSideEncryptionConfigurationRuleA as EncryptionRule,
} from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA as Versioning } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { keep } from "./stateful";

/** Days after which the parts of an upload that was never finished are removed. */
const UNFINISHED_UPLOAD_DAYS = 7;

export interface DefaultRetention {
  mode: "GOVERNANCE" | "COMPLIANCE";
  days: number;
}

export interface BucketProps {
  /** Whether Terraform refuses to destroy it. Without that, the bucket is emptied when it is destroyed. */
  protect: boolean;
  /** Address in the state: `files` is `aws_s3_bucket.files`. */
  logicalId: string;
  name: string;
  encryption: EncryptionRule;
  lifecycle: LifecycleRule[];
  /** Statements of the bucket policy beside the one that refuses requests without TLS. */
  statements: (bucketArn: string) => Statement[];
  tags?: Record<string, string> | undefined;
  /** Object Lock: for how long nobody deletes a version. It can be given to a new bucket only, and never taken away. */
  retention?: DefaultRetention;
}

export class Bucket extends Construct {
  readonly bucket: S3Bucket;
  /** To depend on before somebody else's service writes into the bucket. */
  readonly policy: S3BucketPolicy;
  /** To depend on before an object is put: it has the version and the key of that moment. */
  readonly settings: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: BucketProps) {
    super(scope, id);
    const { protect, retention } = props;
    this.bucket = keep(
      new S3Bucket(this, "bucket", {
        bucket: props.name,
        forceDestroy: !protect,
        objectLockEnabled: retention && true,
        tags: props.tags,
      }),
      props.logicalId,
      protect,
    );
    const bucket = this.bucket.id;
    const versioning = new Versioning(this, "versioning", { bucket, versioningConfiguration: { status: "Enabled" } });
    const encryption = new Encryption(this, "encryption", { bucket, rule: [props.encryption] });
    this.settings = [versioning, encryption];
    if (retention) {
      new ObjectLock(this, "object-lock", {
        bucket,
        rule: { defaultRetention: retention },
        dependsOn: [versioning],
      });
    }
    new S3BucketOwnershipControls(this, "ownership", { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } });
    const publicAccess = new S3BucketPublicAccessBlock(this, "public-access", {
      bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket,
      rule: [
        {
          id: "unfinished-uploads",
          status: "Enabled",
          filter: [{ prefix: "" }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: UNFINISHED_UPLOAD_DAYS }],
        },
        ...props.lifecycle,
      ],
      // Rules about old versions need versions.
      dependsOn: [versioning],
    });
    this.policy = new S3BucketPolicy(this, "bucket-policy", {
      bucket,
      policy: new DataAwsIamPolicyDocument(this, "policy", {
        statement: [tlsOnly(this.bucket.arn), ...props.statements(this.bucket.arn)],
      }).json,
      // S3 refuses two changes of a bucket's access at the same time.
      dependsOn: [publicAccess],
    });
  }
}

/** By default with this key; the bucket key spares a call of KMS for each object. */
export const encryptedWith = (key: KmsKey): EncryptionRule => ({
  applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
  bucketKeyEnabled: true,
});

/**
 * Uploads that name no encryption get the bucket's; those that ask for another kind or another key are refused. A
 * negated operator holds for a missing key, too, with or without IfExists: only Null leaves out the uploads that name
 * none (IAM user guide, condition operators).
 */
export function onlyWithKey(bucketArn: string, key: KmsKey): Statement[] {
  const refuse = (sid: string, variable: string, value: string): Statement => ({
    sid,
    effect: "Deny",
    actions: ["s3:PutObject"],
    resources: [`${bucketArn}/*`],
    principals: [{ type: "*", identifiers: ["*"] }],
    condition: [
      { test: "StringNotEquals", variable, values: [value] },
      { test: "Null", variable, values: ["false"] },
    ],
  });
  return [
    refuse("OnlyKms", "s3:x-amz-server-side-encryption", "aws:kms"),
    refuse("OnlyOwnKey", "s3:x-amz-server-side-encryption-aws-kms-key-id", key.arn),
  ];
}

/** Nobody, of whatever account and right, reads or writes in the clear. */
const tlsOnly = (bucketArn: string): Statement => ({
  sid: "TlsOnly",
  effect: "Deny",
  actions: ["s3:*"],
  resources: [bucketArn, `${bucketArn}/*`],
  principals: [{ type: "*", identifiers: ["*"] }],
  condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
});
