// Access logs of load balancer and buckets. Both services write to buckets with S3's own keys only (SSE-S3:
// ELB user guide, access logs; S3 user guide, server access logging): the one exception to customer-managed keys.
import type { DataAwsIamPolicyDocumentStatement as Statement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { Construct } from "constructs";
import { arn, buildsImage, partitionOf, type StageConfig, stageNames } from "../../config";
import { Bucket } from "../bucket";
import { fromAccount } from "../role";

/** Folders of the bucket. */
export const LOAD_BALANCER_LOGS = "load-balancer";
export const FILES_BUCKET_LOGS = "files-bucket/";
export const BUILD_BUCKET_LOGS = "build-bucket/";

/** Days for which a deleted log can be taken back. */
const OLD_VERSION_DAYS = 30;

export interface LogsBucketProps {
  stage: StageConfig;
}

export class LogsBucket extends Construct {
  readonly logs: Bucket;

  constructor(scope: Construct, id: string, { stage }: LogsBucketProps) {
    super(scope, id);
    this.logs = new Bucket(this, "logs", {
      protect: stage.protect.enabled,
      logicalId: "logs",
      name: stageNames(stage).logsBucket,
      encryption: { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
      lifecycle: [
        {
          id: "retention",
          status: "Enabled",
          filter: [{ prefix: "" }],
          expiration: [{ days: stage.generalLogRetention }],
          noncurrentVersionExpiration: [{ noncurrentDays: OLD_VERSION_DAYS }],
        },
      ],
      statements: (bucketArn) => [loadBalancerWrites(stage, bucketArn), ...s3Writes(stage, bucketArn)],
    });
  }
}

/** ELB's log delivery, for load balancers of this account and region. */
const loadBalancerWrites = (stage: StageConfig, bucketArn: string): Statement => ({
  sid: "LoadBalancerLogs",
  actions: ["s3:PutObject"],
  resources: [`${bucketArn}/${LOAD_BALANCER_LOGS}/AWSLogs/${stage.accountId}/*`],
  principals: [{ type: "Service", identifiers: ["logdelivery.elasticloadbalancing.amazonaws.com"] }],
  condition: [
    { test: "ArnLike", variable: "aws:SourceArn", values: [arn("elasticloadbalancing", stage, "loadbalancer/*")] },
  ],
});

/** S3's log delivery, for the stage's own buckets, each into its own folder. */
function s3Writes(stage: StageConfig, bucketArn: string): Statement[] {
  const { filesBucket, buildBucket } = stageNames(stage);
  const from = (sid: string, bucket: string, folder: string): Statement => ({
    sid,
    actions: ["s3:PutObject"],
    resources: [`${bucketArn}/${folder}*`],
    principals: [{ type: "Service", identifiers: ["logging.s3.amazonaws.com"] }],
    condition: [
      fromAccount(stage.accountId),
      { test: "ArnEquals", variable: "aws:SourceArn", values: [`arn:${partitionOf(stage.region)}:s3:::${bucket}`] },
    ],
  });
  return [
    from("FilesBucketLogs", filesBucket, FILES_BUCKET_LOGS),
    ...(buildsImage(stage) ? [from("BuildBucketLogs", buildBucket, BUILD_BUCKET_LOGS)] : []),
  ];
}
