// Builds the image of the configured REDCap in the stage's CodeBuild project, and rolls it out: started here, done there.
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetProjectsCommand,
  type Build,
  CodeBuildClient,
  type ProjectEnvironment,
} from "@aws-sdk/client-codebuild";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { buildsImage, LIVE_TAG, type StageConfig, stageNames } from "../../config";
import { newestBuild, runningBuild, startBuild, waitForBuild, whyFailed } from "../../functions/first-image/build";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { Progress } from "../runbook/progress";

/** The project's own limits end a build before (stacks/app/image-project.ts). */
const PATIENCE_MS = 5 * 3_600_000;
const POLL_MS = 5_000;

/** What CodeBuild's phases are here. */
const PHASES: Record<string, string> = {
  PRE_BUILD: "gets and checks the zip",
  BUILD: "builds and pushes the image",
  POST_BUILD: "rolls it out",
};

/**
 * Goes on with the build that is running, or starts one.
 * @param onPhase told what the build does
 * @returns the tag that is live afterwards, such as 17.4.4-20260131120000
 * @throws UserError with the build's reason; the image before is live then
 */
export async function rollOut(stage: StageConfig, onPhase: (doing: string) => void): Promise<string> {
  const { imageProject } = stageNames(stage);
  await requireDeployed(stage);
  const codebuild = new CodeBuildClient(clientConfig(stage));
  const { id } = (await adoptedBuild(stage, codebuild, onPhase)) ?? (await startBuild(codebuild, imageProject));
  const build = await waitForBuild(codebuild, id as string, {
    pollMs: POLL_MS,
    deadline: Date.now() + PATIENCE_MS,
    onPhase: ({ currentPhase = "" }) => onPhase(`${id} ${PHASES[currentPhase] ?? currentPhase}`),
  });
  if (build.buildStatus === "SUCCEEDED") return (await liveTag(stage)) as string;
  if (!build.buildComplete)
    throw new UserError(`Build ${id} has not ended after hours. Its log: ${build.logs?.deepLink}`);
  throw new UserError(await whyFailed(new CloudWatchLogsClient(clientConfig(stage)), build));
}

/** The build that runs, if it is of the configured REDCap; of another, its end is waited for: two at a time are refused. */
async function adoptedBuild(stage: StageConfig, codebuild: CodeBuildClient, onPhase: (doing: string) => void) {
  const running = await runningBuild(codebuild, stageNames(stage).imageProject);
  if (!running?.id || redcapOf(stage, running.environment) === configuredRedcap(stage)) return running;
  onPhase(`${running.id} builds ${redcapOf(stage, running.environment)}: waited for`);
  await waitForBuild(codebuild, running.id, { pollMs: POLL_MS, deadline: Date.now() + PATIENCE_MS });
  return undefined;
}

const configuredRedcap = (stage: StageConfig) =>
  stage.redCapS3Path ? `s3://${stage.redCapS3Path}` : stage.redCapLocalVersion;

/** What a project or a build takes, in the same words. */
const redcapOf = (stage: StageConfig, environment: ProjectEnvironment | undefined): string | undefined => {
  const name = stage.redCapS3Path ? "REDCAP_ZIP" : "REDCAP_VERSION";
  return environment?.environmentVariables?.find((variable) => variable.name === name)?.value;
};

/** For a person who watches. */
export async function rollOutShown(stage: StageConfig): Promise<string> {
  const progress = new Progress();
  progress.begin(`build ${stageNames(stage).imageProject}`);
  try {
    const tag = await rollOut(stage, (doing) => progress.update(doing));
    progress.end("✓", `${tag} is live`);
    return tag;
  } catch (error) {
    progress.end("✗");
    throw error;
  }
}

/**
 * For `rebuildImage`, after each deployment: Terraform never sees it, so that its plan stays silent.
 * @param since when the deployment began: what it built itself is not built again
 */
export async function rebuildIfAsked(stage: StageConfig, since: Date): Promise<void> {
  if (!stage.rebuildImage || !buildsImage(stage)) return;
  const codebuild = new CodeBuildClient(clientConfig(stage));
  const newest = await newestBuild(codebuild, stageNames(stage).imageProject);
  if (isNewer(newest, since)) {
    console.error("rebuildImage: the image was built in this deployment.");
    return;
  }
  await rollOutShown(stage);
}

const isNewer = (build: Build | undefined, since: Date): boolean =>
  build?.buildStatus === "SUCCEEDED" && build.startTime !== undefined && build.startTime >= since;

/** The other tag of the live image; undefined where none is live. */
export async function liveTag(stage: StageConfig): Promise<string | undefined> {
  const { imageRepository: repositoryName } = stageNames(stage);
  try {
    const { imageDetails = [] } = await new ECRClient(clientConfig(stage)).send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: LIVE_TAG }] }),
    );
    return imageDetails[0]?.imageTags?.find((tag) => tag !== LIVE_TAG);
  } catch (error) {
    if ((error as Error).name === "ImageNotFoundException") return undefined;
    throw error;
  }
}

/** @throws UserError where the project is not there, or builds another REDCap than the configuration names */
export async function requireDeployed(stage: StageConfig): Promise<void> {
  const { imageProject, appStack } = stageNames(stage);
  if (!buildsImage(stage)) {
    throw new UserError(
      `Stage ${stage.name} runs ${stage.service.image}, which was built elsewhere: change service.image and deploy.`,
    );
  }
  const remedy = `Deploy first: npm run deploy -- --stage ${stage.name}`;
  const { projects = [] } = await new CodeBuildClient(clientConfig(stage)).send(
    new BatchGetProjectsCommand({ names: [imageProject] }),
  );
  const [project] = projects;
  if (!project) throw new UserError(`There is no project ${imageProject}: ${appStack} is not deployed. ${remedy}`);
  const [configured, deployed] = [configuredRedcap(stage), redcapOf(stage, project.environment)];
  if (configured !== deployed) {
    throw new UserError(
      `The configuration names ${configured}, ${imageProject} still builds ${deployed ?? "another zip"}. ${remedy}`,
    );
  }
}
