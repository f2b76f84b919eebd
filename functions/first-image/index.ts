// The first image of a stage: builds it where the repository has none that is live, and ends when it is there.
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import * as z from "zod";
import { parse } from "../shared/event";
import { isDenied, retryWhile } from "../shared/patience";
import { setting } from "../shared/setting";
import { runningBuild, startBuild, waitForBuild, whyFailed } from "./build";

/** Between two looks at the build. */
const POLL_MS = 5_000;
/** Before Lambda's end, to say what is going on. */
const MARGIN_MS = 15_000;

/** The function is called seconds after it got its rights, which IAM takes a while to spread. */
const RIGHTS = { patienceMs: 60_000, retryMs: 3_000 };

const event = z.strictObject({ action: z.literal("ensure") });

interface Context {
  getRemainingTimeInMillis(): number;
}

/** @throws Error with the build's own reason, which Terraform shows */
export async function handler(input: unknown, context: Context): Promise<{ built: boolean }> {
  parse(event, input);
  const project = setting("IMAGE_PROJECT");
  const deadline = Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS;
  if (await retryWhile(isDenied, () => hasImage(setting("IMAGE_REPOSITORY"), setting("LIVE_TAG")), RIGHTS))
    return { built: false };
  const codebuild = new CodeBuildClient();
  // An invocation that was cut off and is tried again finds its build.
  const { id } = await retryWhile(
    isDenied,
    async () => (await runningBuild(codebuild, project)) ?? startBuild(codebuild, project),
    RIGHTS,
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
