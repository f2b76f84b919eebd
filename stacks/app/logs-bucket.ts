// Access logs of load balancer and files bucket. Both services write to buckets with S3's own keys only (SSE-S3:
// ELB user guide, access logs; S3 user guide, server access logging): the one exception to customer-managed keys.
import type { DataAwsIamPolicyDocumentStatement as Statement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { Construct } from "constructs";
import { arn, partitionOf, type StageConfig, stageNames } from "../../config";
import { fromAccount } from "../role";
import { Bucket } from "./bucket";

/** Folders of the bucket. */
export const LOAD_BALANCER_LOGS = "load-balancer";
export const FILES_BUCKET_LOGS = "files-bucket/";

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
      stage,
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
      statements: (bucketArn) => [loadBalancerWrites(stage, bucketArn), s3Writes(stage, bucketArn)],
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

/** S3's log delivery, for the stage's files bucket. */
const s3Writes = (stage: StageConfig, bucketArn: string): Statement => ({
  sid: "FilesBucketLogs",
  actions: ["s3:PutObject"],
  resources: [`${bucketArn}/${FILES_BUCKET_LOGS}*`],
  principals: [{ type: "Service", identifiers: ["logging.s3.amazonaws.com"] }],
  condition: [
    fromAccount(stage.accountId),
    {
      test: "ArnEquals",
      variable: "aws:SourceArn",
      values: [`arn:${partitionOf(stage.region)}:s3:::${stageNames(stage).filesBucket}`],
    },
  ],
});
