// What the build of an image may do, one permission set each.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import type { Construct } from "constructs";
import { arn, buildKeys, dnsSuffix, type StageConfig, stageNames } from "../../config";
import type { RedcapZip } from "./redcap-zip";

export interface Sources {
  stage: StageConfig;
  key: KmsKey;
  bucket: S3Bucket;
  zip: RedcapZip;
}

/** Two objects. */
export function readSources(scope: Construct, sources: Sources): DataAwsIamPolicyDocument {
  const { bucket, zip } = sources;
  return new DataAwsIamPolicyDocument(scope, "read-sources", {
    statement: [
      {
        actions: ["s3:GetObject", "s3:GetObjectVersion"],
        resources: [`${bucket.arn}/${buildKeys.context}`, zip.objectArn],
      },
      // CodeBuild looks whose bucket its source is in (CodeBuild user guide, service role).
      { actions: ["s3:GetBucketAcl", "s3:GetBucketLocation"], resources: [bucket.arn] },
      ...decryptSources(sources),
    ],
  });
}

/** Where the zip is the user's own, its key may be, too: of the account, for this object alone. */
export function decryptSources({ stage, key, zip }: Pick<Sources, "stage" | "key" | "zip">): Statement[] {
  const throughS3 = {
    test: "StringEquals",
    variable: "kms:ViaService",
    values: [`s3.${stage.region}.${dnsSuffix(stage)}`],
  };
  const own = { actions: ["kms:Decrypt"], resources: [key.arn], condition: [throughS3] };
  if (!stage.redCapS3Path) return [own];
  return [
    own,
    {
      actions: ["kms:Decrypt"],
      resources: [arn("kms", stage, "key/*")],
      condition: [
        throughS3,
        // The object, or its bucket where that has a bucket key (S3 user guide, encryption context).
        {
          test: "StringEquals",
          variable: "kms:EncryptionContext:aws:s3:arn",
          values: [zip.objectArn, zip.bucketArn],
        },
      ],
    },
  ];
}

/** This repository: layers, tags, and what the scan found. Nothing can be deleted. */
export function pushImage(scope: Construct, repository: EcrRepository): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "push-image", {
    statement: [
      {
        actions: [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:DescribeImageScanFindings",
          "ecr:DescribeImages",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ],
        resources: [repository.arn],
      },
      // Logs in to the registry; the action knows no resources (service authorization reference, ECR).
      { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
    ],
  });
}

/** The same task definition on another image: no role is passed, no definition registered. */
export function rollOutOnEcs(scope: Construct, stage: StageConfig): DataAwsIamPolicyDocument {
  const { ecsCluster, ecsService } = stageNames(stage);
  return new DataAwsIamPolicyDocument(scope, "roll-out", {
    statement: [
      {
        actions: ["ecs:DescribeServices", "ecs:UpdateService"],
        resources: [arn("ecs", stage, `service/${ecsCluster}/${ecsService}`)],
      },
    ],
  });
}

/** By name: the service's ARN has an id, which is known only after the first image was built. */
export function rollOutOnAppRunner(scope: Construct, stage: StageConfig): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "roll-out", {
    statement: [
      {
        actions: ["apprunner:ListOperations", "apprunner:StartDeployment"],
        resources: [arn("apprunner", stage, `service/${stageNames(stage).appRunnerService}/*`)],
      },
      // Finds the service by its name; the action knows no resources (service authorization reference, App Runner).
      { actions: ["apprunner:ListServices"], resources: ["*"] },
    ],
  });
}

/** Into the project's log group, which Terraform made. */
export function writeBuildLogs(scope: Construct, group: CloudwatchLogGroup): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "write-logs", {
    statement: [{ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${group.arn}:*`] }],
  });
}
