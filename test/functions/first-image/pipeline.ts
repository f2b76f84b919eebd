// An account of the local AWS with all that a build needs: repository, bucket with context and zip, project, log group.

import { readFileSync } from "node:fs";
import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient, CreateProjectCommand, UpdateProjectCommand } from "@aws-sdk/client-codebuild";
import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  type EncryptionType,
  type ImageTagMutability,
} from "@aws-sdk/client-ecr";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { imageContext } from "../../../stacks/app/image-context";
import { standInZip } from "../../containers/stand-in/zip";
import { type LocalAws, startLocalAws } from "../../local-aws";

export const ACCOUNT = "111111111111";
export const region = "eu-west-2";
export const PROJECT = "redcap-prod-image";
export const REPOSITORY = "redcap-prod";
export const CLUSTER = "redcap-prod";
const BUCKET = "redcap-prod-build-111111111111-eu-west-2";

export class Pipeline {
  readonly settings;
  readonly codebuild: CodeBuildClient;
  readonly ecr: ECRClient;
  readonly s3: S3Client;
  private role = "";

  private constructor(readonly aws: LocalAws) {
    this.settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
    this.codebuild = new CodeBuildClient(this.settings);
    this.ecr = new ECRClient(this.settings);
    this.s3 = new S3Client({ ...this.settings, forcePathStyle: true });
  }

  static async start(): Promise<Pipeline> {
    const pipeline = new Pipeline(await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region }));
    const { settings } = pipeline;
    const role = await new IAMClient(settings).send(
      new CreateRoleCommand({ RoleName: PROJECT, AssumeRolePolicyDocument: "{}" }),
    );
    pipeline.role = role.Role?.Arn as string;
    await pipeline.ecr.send(
      new CreateRepositoryCommand({
        repositoryName: REPOSITORY,
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" as ImageTagMutability,
        imageTagMutabilityExclusionFilters: [{ filter: "live", filterType: "WILDCARD" }],
        encryptionConfiguration: { encryptionType: "AES256" as EncryptionType },
      }),
    );
    await pipeline.s3.send(
      new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: region } }),
    );
    const logGroupName = `/aws/codebuild/${PROJECT}`;
    await new CloudWatchLogsClient(settings).send(new CreateLogGroupCommand({ logGroupName }));
    await pipeline.put("context.zip", readFileSync(imageContext().zipFile));
    await pipeline.put("redcap.zip", standInZip());
    await pipeline.codebuild.send(new CreateProjectCommand(pipeline.project({})));
    return pipeline;
  }

  put(Key: string, Body: Uint8Array) {
    return this.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  }

  /** Changes the project's environment, as a deployment does. */
  configure(changes: Record<string, string>) {
    return this.codebuild.send(new UpdateProjectCommand(this.project(changes)));
  }

  private project(changes: Record<string, string>) {
    const variables = {
      REDCAP_ZIP: `s3://${BUCKET}/redcap.zip`,
      DEBIAN_RELEASE: "bookworm",
      REPOSITORY_NAME: REPOSITORY,
      REPOSITORY_URI: `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/${REPOSITORY}`,
      ECS_CLUSTER: CLUSTER,
      ECS_SERVICE: CLUSTER,
      ...changes,
    };
    return {
      name: PROJECT,
      serviceRole: this.role,
      source: { type: "S3" as const, location: `${BUCKET}/context.zip`, buildspec: "pipeline/buildspec.yml" },
      artifacts: { type: "NO_ARTIFACTS" as const },
      concurrentBuildLimit: 1,
      logsConfig: { cloudWatchLogs: { status: "ENABLED" as const, groupName: `/aws/codebuild/${PROJECT}` } },
      environment: {
        type: "LINUX_CONTAINER" as const,
        image: "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        computeType: "BUILD_GENERAL1_SMALL" as const,
        environmentVariables: Object.entries(variables).map(([name, value]) => ({ name, value })),
      },
    };
  }

  /** Images by digest, each with its tags in order. */
  async images(): Promise<Record<string, string[]>> {
    const { imageDetails = [] } = await this.ecr.send(new DescribeImagesCommand({ repositoryName: REPOSITORY }));
    return Object.fromEntries(
      imageDetails.map(({ imageDigest, imageTags }) => [imageDigest, [...(imageTags ?? [])].sort()]),
    );
  }

  /** Digest of the live one. */
  async live(): Promise<string | undefined> {
    return Object.entries(await this.images()).find(([, tags]) => tags.includes("live"))?.[0];
  }
}
