// The function that starts the first build of an image and waits for it: no task can start before there is one.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { CodebuildProject } from "@cdktf/provider-aws/lib/codebuild-project";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { arn, LIVE_TAG, type StageConfig, stageNames } from "../../config";
import { Role } from "../role";
import type { EncryptionKeys } from "./encryption-keys";
import { writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import { nodeFunction } from "./node-function";

/** Lambda's longest. A build that takes longer goes on, and the next deployment finds its image. */
const TIMEOUT_SECONDS = 900;
const MEMORY_MIB = 256;
const SOURCE = "first-image";

export interface FirstImageProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  repository: EcrRepository;
  project: CodebuildProject;
  /** Where the build says why it failed. */
  buildLogs: CloudwatchLogGroup;
  /** Without which a build cannot start. */
  needs: ITerraformDependable[];
}

/** @returns done when the repository has an image to run */
export function firstImage(parent: Construct, id: string, props: FirstImageProps): LambdaInvocation {
  const { stage, keys, repository, project, needs } = props;
  const scope = new Construct(parent, id);
  const { firstImageFunction } = stageNames(stage);
  const logs = logGroup(scope, "logs", { stage, name: `/aws/lambda/${firstImageFunction}`, key: keys.logs });
  // Not in the VPC: it calls AWS's APIs only, and a stage without NAT has no way to CodeBuild's.
  const startsBuild = nodeFunction(scope, {
    source: SOURCE,
    functionName: firstImageFunction,
    description: "Starts the first build of REDCap's image",
    role: new Role(scope, "role", {
      iam: stage.iam,
      name: firstImageFunction,
      description: "Starts the first build of REDCap's image",
      assumedBy: "lambda.amazonaws.com",
      policies: { build: build(scope, props), logs: writeFunctionLogs(scope, logs) },
    }),
    logs,
    timeout: TIMEOUT_SECONDS,
    memorySize: MEMORY_MIB,
    variables: { IMAGE_PROJECT: project.name, IMAGE_REPOSITORY: repository.name, LIVE_TAG },
  });
  // Invoked again for other code only, and then it finds an image. Never for another version of REDCap: a new one is
  // rolled out when a person says so.
  return new LambdaInvocation(scope, "invocation", {
    functionName: startsBuild.functionName,
    input: Fn.jsonencode({ action: "ensure" }),
    triggers: { code: lambdaBundle(SOURCE).codeHash, repository: repository.arn },
    dependsOn: needs,
  });
}

/** This project, whether its image is there, and the lines of its log that say why not. */
function build(scope: Construct, { stage, repository, buildLogs }: FirstImageProps): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "build", {
    statement: [
      {
        actions: ["codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject", "codebuild:StartBuild"],
        // By its name: of a project that is about to change, Terraform does not know the ARN, and would show this policy, too.
        resources: [arn("codebuild", stage, `project/${stageNames(stage).imageProject}`)],
      },
      { actions: ["ecr:DescribeImages"], resources: [repository.arn] },
      { actions: ["logs:FilterLogEvents"], resources: [`${buildLogs.arn}:*`] },
    ],
  });
}
