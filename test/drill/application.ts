// REDCap in the drill: the project's image with the stand-in application, as the deployed task definition says, asked over HTTP.
import { type StageConfig, stageImage, stageNames } from "../../config";
import { clientConfig } from "../../scripts/aws";
import { buildTestImage, requireContainerTools, runTask, type Task, whyNoContainers } from "../containers/engine";
import type { LocalAws } from "../local-aws";
import type { PageSeen } from "./report";
import { say } from "./say";

export interface Application {
  /** Starts a task, as ECS does when the service's count goes up, and waits until the load balancer would send to it. */
  start(): Promise<void>;
  /** Ends it, as ECS does when a runbook sets the count to 0. */
  stop(): Promise<void>;
  /** What a person sees. */
  visit(): Promise<PageSeen>;
}

/** Why the drill cannot show the application here, in one sentence. */
export const whyNoApplication = whyNoContainers;

/** Builds the image under the name that the stage deploys. */
export async function application(aws: LocalAws, stage: StageConfig): Promise<Application> {
  const names = stageNames(stage);
  await requireContainerTools(say);
  await buildTestImage({ name: stageImage(stage) });
  let task: Task | undefined;
  return {
    start: async () => {
      task = await runTask({
        cluster: names.ecsCluster,
        service: names.ecsService,
        client: clientConfig(stage),
        endpoint: aws.endpoint,
        caFile: aws.caFile,
      });
      const { web } = task;
      await web.waitFor("REDCap", async () => (await fetch(web.url("/health/live"))).ok || undefined, 60);
    },
    stop: async () => {
      await task?.stop();
      task = undefined;
    },
    visit: async () => {
      if (!task) throw new Error("No task runs.");
      const answer = await fetch(task.web.url("/"));
      const records = /id="records">(\d+)</.exec(await answer.text())?.[1];
      return { status: answer.status, ...(records && { records: Number(records) }) };
    },
  };
}
