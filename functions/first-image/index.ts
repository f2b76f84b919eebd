// The first image of a stage: builds it where the repository has none that is live, and ends when it is there.
import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import * as z from "zod";
import { runningBuild, startBuild, waitForBuild, whyFailed } from "./build";

/** Between two looks at the build. */
const POLL_MS = 5_000;
/** Before Lambda's end, to say what is going on. */
const MARGIN_MS = 15_000;

/** The function is called seconds after it got its rights, which IAM takes a while to spread. */
const RIGHTS_MS = 60_000;

const event = z.strictObject({ action: z.literal("ensure") });
const given = z.string().min(1);
const environment = z.object({ IMAGE_PROJECT: given, IMAGE_REPOSITORY: given, LIVE_TAG: given });

interface Context {
  getRemainingTimeInMillis(): number;
}

/** @throws Error with the build's own reason, which Terraform shows */
export async function handler(input: unknown, context: Context): Promise<{ built: boolean }> {
  event.parse(input);
  const { IMAGE_PROJECT: project, IMAGE_REPOSITORY: repository, LIVE_TAG: tag } = environment.parse(process.env);
  const deadline = Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS;
  if (await onceAllowed(() => hasImage(repository, tag))) return { built: false };
  const codebuild = new CodeBuildClient();
  // An invocation that was cut off and is tried again finds its build.
  const { id } = await onceAllowed(
    async () => (await runningBuild(codebuild, project)) ?? startBuild(codebuild, project),
  );
  console.log(JSON.stringify({ build: id }));
  const build = await waitForBuild(codebuild, id as string, { pollMs: POLL_MS, deadline });
  if (!build.buildComplete) {
    throw new Error(
      `Build ${id} is still in phase ${build.currentPhase}. It goes on: deploy again when it has ended. Its log: ${build.logs?.deepLink}`,
    );
  }
  if (build.buildStatus !== "SUCCEEDED") throw new Error(await whyFailed(new CloudWatchLogsClient(), build));
  return { built: true };
}

async function hasImage(repositoryName: string, imageTag: string): Promise<boolean> {
  try {
    await new ECRClient().send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] }));
    return true;
  } catch (error) {
    if ((error as Error).name === "ImageNotFoundException") return false;
    throw error;
  }
}

async function onceAllowed<T>(work: () => Promise<T>): Promise<T> {
  const end = Date.now() + RIGHTS_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as Error).name !== "AccessDeniedException" || Date.now() > end) throw error;
      await sleep(POLL_MS);
    }
  }
}
