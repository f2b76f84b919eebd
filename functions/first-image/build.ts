// Builds of a CodeBuild project: started, waited for, and what they say when they fail. Used by the function and by the
// command that rolls a version out.
import { setTimeout as sleep } from "node:timers/promises";
import { type CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetBuildsCommand,
  type Build,
  type CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from "@aws-sdk/client-codebuild";

export interface WaitOptions {
  /** Milliseconds between two looks. */
  pollMs: number;
  /** Milliseconds since the epoch after which nobody waits any more. */
  deadline: number;
  /** Told each time the build has reached another phase. */
  onPhase?: (build: Build) => void;
}

/** The build that the project is at. It never is at two. */
export async function runningBuild(codebuild: CodeBuildClient, projectName: string): Promise<Build | undefined> {
  const newest = await newestBuild(codebuild, projectName);
  return newest?.buildComplete ? undefined : newest;
}

export async function newestBuild(codebuild: CodeBuildClient, projectName: string): Promise<Build | undefined> {
  const { ids = [] } = await codebuild.send(new ListBuildsForProjectCommand({ projectName, sortOrder: "DESCENDING" }));
  return ids[0] === undefined ? undefined : getBuild(codebuild, ids[0]);
}

/** @param idempotencyToken makes CodeBuild take a repeated request for the same one, for five minutes */
export async function startBuild(
  codebuild: CodeBuildClient,
  projectName: string,
  idempotencyToken?: string,
): Promise<Build> {
  const { build } = await codebuild.send(new StartBuildCommand({ projectName, idempotencyToken }));
  if (!build?.id) throw new Error(`CodeBuild started no build of ${projectName}.`);
  return build;
}

async function getBuild(codebuild: CodeBuildClient, id: string): Promise<Build> {
  const { builds = [] } = await codebuild.send(new BatchGetBuildsCommand({ ids: [id] }));
  if (!builds[0]) throw new Error(`CodeBuild does not know build ${id}.`);
  return builds[0];
}

/** @returns the build, complete whatever its end, or as it is at the deadline */
export async function waitForBuild(codebuild: CodeBuildClient, id: string, options: WaitOptions): Promise<Build> {
  let phase: string | undefined;
  for (;;) {
    const build = await getBuild(codebuild, id);
    if (build.currentPhase !== phase) options.onPhase?.(build);
    phase = build.currentPhase;
    if (build.buildComplete || Date.now() + options.pollMs > options.deadline) return build;
    await sleep(options.pollMs);
  }
}

/** Lines that are meant for people: of the Dockerfile, which says what is wrong with the zip, and of the pipeline's scripts. */
const REASONS = [/REFUSED: (.*)/, /FAILED: (.*)/];

/** Why a build failed, in a sentence or two, with where to read more. */
export async function whyFailed(logs: CloudWatchLogsClient, build: Build): Promise<string> {
  const failed = build.phases?.find(({ phaseStatus }) => phaseStatus && !/^(SUCCEEDED|IN_PROGRESS)$/.test(phaseStatus));
  const said = (await reasonInLog(logs, build)) ?? failed?.contexts?.map(({ message }) => message).find(Boolean);
  return (
    `Build ${build.id} ended ${build.buildStatus} in phase ${failed?.phaseType ?? build.currentPhase}` +
    `${said ? `: ${said}` : "."} Its log: ${build.logs?.deepLink ?? build.logs?.cloudWatchLogsArn ?? "none was written"}`
  );
}

async function reasonInLog(logs: CloudWatchLogsClient, { logs: written }: Build): Promise<string | undefined> {
  if (!written?.groupName || !written.streamName) return undefined;
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({
      logGroupName: written.groupName,
      logStreamNames: [written.streamName],
      filterPattern: "?REFUSED ?FAILED",
    }),
  );
  const found = REASONS.map((reason) => events.flatMap(({ message }) => reason.exec(message ?? "")?.[1] ?? []).at(-1));
  return found.find(Boolean);
}
