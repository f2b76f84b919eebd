// The CodeBuild project that builds the stage's image and rolls it out. Everything that it needs to know is in its
// environment, so that "Start build" in the console does the same as the command.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import {
  CodebuildProject,
  type CodebuildProjectEnvironmentEnvironmentVariable as EnvironmentVariable,
} from "@cdktf/provider-aws/lib/codebuild-project";
import type { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { arn, buildKeys, IMAGE_BASES, type StageConfig, stageNames } from "../../config";
import { fromAccount, Role } from "../role";
import { pushImage, readSources, rollOutOnAppRunner, rollOutOnEcs, writeBuildLogs } from "./image-policies";
import type { RedcapZip } from "./redcap-zip";

/** Amazon Linux 2023 with Docker, the AWS CLI and unzip; Amazon patches it under this name. */
const BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0";
/**
 * Minutes. Building takes about five. A roll-out waits until old tasks have finished their requests (an hour at most), and
 * one that fails takes three tasks' grace of 17 minutes each until ECS gives up.
 */
const BUILD_TIMEOUT = 240;
const QUEUED_TIMEOUT = 30;

export interface ImageProjectProps {
  stage: StageConfig;
  key: KmsKey;
  /** Holds the context. */
  bucket: S3Bucket;
  repository: EcrRepository;
  zip: RedcapZip;
  logs: CloudwatchLogGroup;
}

export class ImageProject extends Construct {
  readonly project: CodebuildProject;
  /** What to depend on before a build is started. */
  readonly rights: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ImageProjectProps) {
    super(scope, id);
    const { stage, key, bucket, logs } = props;
    const { imageProject } = stageNames(stage);
    const role = this.role(props);
    this.rights = role.rights;
    this.project = new CodebuildProject(this, "project", {
      name: imageProject,
      description: `Builds REDCap's image of ${stage.name} and rolls it out`,
      serviceRole: role.arn,
      encryptionKey: key.arn,
      source: { type: "S3", location: `${bucket.bucket}/${buildKeys.context}`, buildspec: "pipeline/buildspec.yml" },
      artifacts: { type: "NO_ARTIFACTS" },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_SMALL",
        image: BUILD_IMAGE,
        // Docker's daemon runs inside the build and needs it (CodeBuild user guide, Docker sample).
        privilegedMode: true,
        environmentVariable: variables(props),
      },
      logsConfig: { cloudwatchLogs: { groupName: logs.name }, s3Logs: { status: "DISABLED" } },
      buildTimeout: BUILD_TIMEOUT,
      queuedTimeout: QUEUED_TIMEOUT,
      // Two at a time would move `live` under each other's roll-out: the second is refused.
      concurrentBuildLimit: 1,
    });
  }

  /** In no VPC: it needs Debian's packages and AWS's APIs, and nothing of the stage's network. */
  private role(props: ImageProjectProps): Role {
    const { stage } = props;
    const { imageProject } = stageNames(stage);
    const rollOut = stage.service.type === "fargate" ? rollOutOnEcs : rollOutOnAppRunner;
    return new Role(this, "role", {
      iam: stage.iam,
      name: imageProject,
      description: "Builds REDCap's image and rolls it out",
      assumedBy: "codebuild.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [arn("codebuild", stage, `project/${imageProject}`)] },
      ],
      policies: {
        "read-sources": readSources(this, props),
        "push-image": pushImage(this, props.repository),
        "roll-out": rollOut(this, stage),
        logs: writeBuildLogs(this, props.logs),
      },
    });
  }
}

/** None of it is secret: whoever may look at the project reads it. */
function variables({ stage, repository, zip }: ImageProjectProps): EnvironmentVariable[] {
  const names = stageNames(stage);
  const values: Record<string, string | undefined> = {
    REDCAP_ZIP: `s3://${zip.location}`,
    REDCAP_VERSION: stage.redCapLocalVersion,
    DEBIAN_RELEASE: IMAGE_BASES[stage.phpVersion],
    ACCEPT_RISK: stage.acceptRisk,
    RDS_CA_SHA256: stage.rdsCaSha256,
    REPOSITORY_NAME: repository.name,
    REPOSITORY_URI: repository.repositoryUrl,
    ...(stage.service.type === "fargate"
      ? { ECS_CLUSTER: names.ecsCluster, ECS_SERVICE: names.ecsService }
      : { APP_RUNNER_SERVICE: names.appRunnerService }),
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}
