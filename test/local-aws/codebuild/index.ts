// CodeBuild: projects are kept as they were asked for, and a build really runs its buildspec, on this machine and with a
// stand-in for Docker. moto has neither UpdateProject nor builds that take time or fail.
// https://docs.aws.amazon.com/codebuild/latest/APIReference
import { randomUUID } from "node:crypto";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";
import { type Build, type Project, runBuild } from "./run";

export interface CodeBuildOptions {
  moto: MotoClient;
  endpoint: string;
  caFile: string;
  /** Where builds work. */
  folder: string;
  python3: string;
  log(line: string): void;
}

const now = () => Date.now() / 1000;
const keyOf = ({ account, region }: Place, name: string) => `${account}/${region}/${name}`;

/** What CodeBuild shows of a project where nothing else was asked for. */
function project(place: Place, input: Parsed, known?: Project): Project {
  const { account, region } = place;
  const prefix = `arn:aws:codebuild:${region}:${account}`;
  const defaults = {
    created: now(),
    badge: { badgeEnabled: false },
    cache: { type: "NO_CACHE" },
    timeoutInMinutes: 60,
    queuedTimeoutInMinutes: 480,
    encryptionKey: `arn:aws:kms:${region}:${account}:alias/aws/s3`,
    projectVisibility: "PRIVATE",
    ...known,
  };
  return { ...defaults, ...input, arn: `${prefix}:project/${input.name}`, lastModified: now() } as unknown as Project;
}

export function codeBuild(options: CodeBuildOptions): Service {
  const projects = new Map<string, Project>();
  const builds: Build[] = [];

  function find(place: Place, name: string): Project {
    const found = projects.get(keyOf(place, name));
    if (found) return found;
    const arn = `arn:aws:codebuild:${place.region}:${place.account}:project/${name}`;
    throw new AwsError("ResourceNotFoundException", `Project cannot be found: ${arn}`);
  }

  function create(request: AwsRequest): AwsResponse {
    const input = jsonBody<Parsed>(request);
    for (const name of ["name", "source", "artifacts", "environment", "serviceRole"])
      if (!input[name]) throw new AwsError("InvalidInputException", `Invalid project: ${name} is required`);
    const key = keyOf(request, String(input.name));
    if (projects.has(key))
      throw new AwsError("ResourceAlreadyExistsException", `Project already exists: ${input.name}`);
    projects.set(key, project(request, input));
    return json({ project: projects.get(key) });
  }

  function update(request: AwsRequest): AwsResponse {
    const input = jsonBody<Parsed>(request);
    const known = find(request, String(input.name));
    const changed = project(request, input, known);
    projects.set(keyOf(request, known.name), changed);
    return json({ project: changed });
  }

  function start(request: AwsRequest): AwsResponse {
    const { projectName, idempotencyToken } = jsonBody<{ projectName: string; idempotencyToken?: string }>(request);
    const found = find(request, projectName);
    const own = builds.filter((build) => build.projectArn === found.arn);
    const repeated = own.find((build) => idempotencyToken && build.idempotencyToken === idempotencyToken);
    if (repeated) return json({ build: shown(repeated) });
    // The user guide says that such builds are throttled and not run; the code of the error is not documented.
    if (found.concurrentBuildLimit && own.filter((build) => !build.buildComplete).length >= found.concurrentBuildLimit)
      throw new AwsError(
        "AccountLimitExceededException",
        "Cannot have more than 1 builds in progress for this project",
      );
    const id = randomUUID();
    const groupName = found.logsConfig?.cloudWatchLogs?.groupName ?? `/aws/codebuild/${projectName}`;
    const link = encodeURIComponent(encodeURIComponent(groupName));
    const build: Build = {
      id: `${projectName}:${id}`,
      arn: found.arn.replace(/:project\/.*/, `:build/${projectName}:${id}`),
      projectName,
      projectArn: found.arn,
      idempotencyToken,
      buildNumber: own.length + 1,
      startTime: now(),
      currentPhase: "QUEUED",
      buildStatus: "IN_PROGRESS",
      buildComplete: false,
      phases: [{ phaseType: "SUBMITTED", phaseStatus: "SUCCEEDED", startTime: now(), endTime: now() }],
      environment: found.environment,
      logs: {
        groupName,
        streamName: id,
        deepLink: `https://console.aws.amazon.com/cloudwatch/home?region=${request.region}#logsV2:log-groups/log-group/${link}/log-events/${id}`,
      },
    };
    builds.push(build);
    void runBuild(options, { account: request.account, region: request.region }, found, build);
    return json({ build: shown(build) });
  }

  /** Projects are asked for by name or ARN. */
  const nameOf = (nameOrArn: string) => nameOrArn.replace(/^.*:project\//, "");
  const shown = ({ projectArn: _, idempotencyToken: __, ...build }: Build) => build;

  return async (request) => {
    if (request.service !== "codebuild") return undefined;
    const input = jsonBody<{
      names?: string[];
      ids?: string[];
      name?: string;
      projectName?: string;
      sortOrder?: string;
    }>(request);
    const inPlace = (arn: string) => arn.includes(`:${request.region}:${request.account}:`);
    switch (request.action) {
      case "CreateProject":
        return create(request);
      case "UpdateProject":
        return update(request);
      case "DeleteProject":
        projects.delete(keyOf(request, nameOf(input.name ?? "")));
        return json({});
      case "BatchGetProjects": {
        const names = (input.names ?? []).map(nameOf);
        const found = names.map((name) => projects.get(keyOf(request, name)));
        return json({ projects: found.filter(Boolean), projectsNotFound: names.filter((_, index) => !found[index]) });
      }
      case "ListProjects":
        return json({ projects: [...projects.values()].filter(({ arn }) => inPlace(arn)).map(({ name }) => name) });
      case "StartBuild":
        return start(request);
      case "BatchGetBuilds":
        return json({ builds: builds.filter(({ id, arn }) => input.ids?.includes(id) && inPlace(arn)).map(shown) });
      case "ListBuildsForProject": {
        const { arn } = find(request, input.projectName ?? "");
        const ids = builds.filter(({ projectArn }) => projectArn === arn).map(({ id }) => id);
        return json({ ids: input.sortOrder === "ASCENDING" ? ids : ids.reverse() });
      }
      default:
        throw new AwsError("NotImplemented", `The local AWS does not have codebuild ${request.action}.`, 501);
    }
  };
}
