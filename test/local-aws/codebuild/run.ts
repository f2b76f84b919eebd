// One build: the source from S3, then the buildspec's phases, with the project's environment and its role.
// https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { pythonPrograms } from "../host/moto";
import type { Place } from "../host/moto-client";
import { command } from "../host/processes";
import type { Parsed } from "../host/xml";
import type { CodeBuildOptions } from "./index";

export interface Project {
  name: string;
  arn: string;
  serviceRole: string;
  source: { type: string; location?: string; buildspec?: string };
  environment: { environmentVariables?: { name: string; value: string }[] };
  concurrentBuildLimit?: number;
  logsConfig?: { cloudWatchLogs?: { groupName?: string } };
}

interface Phase {
  phaseType: string;
  phaseStatus?: string;
  startTime: number;
  endTime?: number;
  contexts?: { statusCode: string; message: string }[];
}

/** As CodeBuild shows it, and two members that it does not show. */
export interface Build {
  id: string;
  arn: string;
  projectName: string;
  projectArn: string;
  idempotencyToken: string | undefined;
  buildNumber: number;
  /** Seconds since the epoch. */
  startTime: number;
  endTime?: number;
  currentPhase: string;
  buildStatus: string;
  buildComplete: boolean;
  phases: Phase[];
  environment: object;
  logs: { groupName: string; streamName: string; deepLink: string };
}

interface Buildspec {
  phases: Record<string, { commands: string[]; "on-failure"?: "ABORT" | "CONTINUE" }>;
}

class PhaseError extends Error {}

const now = () => Date.now() / 1000;
const STAND_INS = join(__dirname, "stand-ins");
const PHASES = ["install", "pre_build", "build", "post_build"];

/** Ends the build whatever happens. */
export async function runBuild(options: CodeBuildOptions, place: Place, project: Project, build: Build): Promise<void> {
  const folder = join(options.folder, "codebuild", build.logs.streamName);
  mkdirSync(folder, { recursive: true });
  const log = (text: string) => writeLog(options, place, build, text);
  let failed = false;
  async function phase(name: string, work: () => Promise<void>): Promise<void> {
    const entry: Phase = { phaseType: name.toUpperCase(), startTime: now() };
    build.phases.push(entry);
    build.currentPhase = entry.phaseType;
    try {
      await work();
      entry.phaseStatus = "SUCCEEDED";
    } catch (error) {
      failed = true;
      entry.phaseStatus = "FAILED";
      entry.contexts = [
        {
          statusCode: error instanceof PhaseError ? "COMMAND_EXECUTION_ERROR" : "CLIENT_ERROR",
          message: (error as Error).message,
        },
      ];
      options.log(`${build.id} ${name}: ${(error as Error).stack}`);
    } finally {
      entry.endTime = now();
    }
  }
  await log("Build started");
  let spec: Buildspec | undefined;
  let env: NodeJS.ProcessEnv = {};
  await phase("download_source", async () => {
    await download(options, place, project.source.location ?? "", folder);
    env = await environment(options, place, project, build, folder);
    spec = await readBuildspec(env, join(folder, project.source.buildspec ?? "buildspec.yml"));
  });
  for (const name of PHASES) {
    const { commands = [], "on-failure": onFailure } = spec?.phases[name] ?? {};
    if (failed && name !== "post_build") continue;
    if (failed && spec?.phases.build?.["on-failure"] === "ABORT") continue;
    await phase(name, async () => {
      for (const line of commands) {
        const { code, output } = await shell(line, folder, env);
        await log(output);
        if (code !== 0) throw new PhaseError(`Error while executing command: ${line}. Reason: exit status ${code}`);
      }
    });
    if (failed && onFailure === "ABORT") break;
  }
  build.phases.push({ phaseType: "COMPLETED", startTime: now() });
  Object.assign(build, {
    currentPhase: "COMPLETED",
    buildStatus: failed ? "FAILED" : "SUCCEEDED",
    endTime: now(),
    buildComplete: true,
  });
  rmSync(folder, { recursive: true, force: true });
}

async function download({ moto }: CodeBuildOptions, place: Place, location: string, folder: string): Promise<void> {
  const path = location.split("/").map(encodeURIComponent).join("/");
  const answer = await moto.rest(place, "s3", "GET", `/${path}`);
  if (answer.status !== 200) throw new Error(`NoSuchKey: ${location} is not in S3.`);
  for (const [name, data] of Object.entries(unzipSync(Buffer.from(answer.body)))) {
    const file = resolve(folder, name);
    if (!file.startsWith(folder) || name.endsWith("/")) continue;
    mkdirSync(dirname(file), { recursive: true });
    // Without the zip's modes: what must be executable is the buildspec's to see to.
    writeFileSync(file, data);
  }
}

async function environment(
  { moto, endpoint, caFile, python3 }: CodeBuildOptions,
  place: Place,
  project: Project,
  build: Build,
  folder: string,
): Promise<NodeJS.ProcessEnv> {
  const programs = await pythonPrograms("awscli", join(__dirname, "requirements.txt"), python3, () =>
    process.stderr.write("Installing the AWS CLI into the user's cache …\n"),
  );
  const assumed = await moto.query(place, "sts", {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: project.serviceRole,
    RoleSessionName: "AWSCodeBuild",
  });
  const credentials = assumed.Credentials as Parsed;
  const own = (project.environment.environmentVariables ?? []).map(({ name, value }) => [name, value]);
  return {
    PATH: `${STAND_INS}:${process.env.PATH}`,
    HOME: folder,
    LOCAL_AWS_PYTHON: join(programs, "python"),
    LOCAL_AWS_CA_FILE: caFile,
    POLL_SECONDS: "0.5",
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: String(credentials.AccessKeyId),
    AWS_SECRET_ACCESS_KEY: String(credentials.SecretAccessKey),
    AWS_SESSION_TOKEN: String(credentials.SessionToken),
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_NUMBER: String(build.buildNumber),
    CODEBUILD_SRC_DIR: folder,
    ...Object.fromEntries(own),
  };
}

/** With the parser that the AWS CLI brings. */
async function readBuildspec(env: NodeJS.ProcessEnv, file: string): Promise<Buildspec> {
  const program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
  return JSON.parse(await command(String(env.LOCAL_AWS_PYTHON), ["-c", program, file])) as Buildspec;
}

async function shell(line: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  const child = spawn("bash", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  const code = await new Promise<number>((done) => child.once("close", (value) => done(value ?? 1)));
  return { code, output };
}

async function writeLog({ moto }: CodeBuildOptions, place: Place, { logs }: Build, text: string): Promise<void> {
  const target = { logGroupName: logs.groupName, logStreamName: logs.streamName };
  const call = (action: string, input: object) => moto.json(place, "logs", `Logs_20140328.${action}`, input);
  const lines = text.split("\n").filter((line) => line.trim());
  if (!lines.length) return;
  // There are two reasons for a refusal: the stream is there already, or the group is not, and then there is no log.
  await call("CreateLogStream", target).catch(() => undefined);
  const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
  await call("PutLogEvents", { ...target, logEvents }).catch(() => undefined);
}
