// The buildspec as CodeBuild runs it, with the AWS CLI against the local AWS and a stand-in for Docker: tags, the live
// image, the roll-out and its way back.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { AppRunnerClient, CreateServiceCommand, ListServicesCommand } from "@aws-sdk/client-apprunner";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Build } from "@aws-sdk/client-codebuild";
import { PutImageCommand } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand as CreateEcsServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { PROJECT_ROOT } from "../../config";
import { startBuild, waitForBuild, whyFailed } from "../../functions/first-image/build";
import { PIPELINE } from "../../scripts/image/template";
import { CLUSTER, Pipeline, PROJECT, REPOSITORY } from "../functions/first-image/pipeline";
import { shellcheck } from "./engine/linters";
import { standInZip } from "./stand-in/zip";

jest.setTimeout(300_000);

let pipeline: Pipeline;
let logs: CloudWatchLogsClient;
let ecs: ECSClient;
let appRunner: AppRunnerClient;
const SERVICE = "redcap-prod";

beforeAll(async () => {
  pipeline = await Pipeline.start();
  logs = new CloudWatchLogsClient(pipeline.settings);
  ecs = new ECSClient(pipeline.settings);
  appRunner = new AppRunnerClient(pipeline.settings);
});
afterAll(() => pipeline?.aws.stop());

async function build(): Promise<Build> {
  const { id } = await startBuild(pipeline.codebuild, PROJECT);
  return waitForBuild(pipeline.codebuild, id as string, { pollMs: 200, deadline: Date.now() + 240_000 });
}

async function logOf({ logs: written }: Build): Promise<string> {
  const { events = [] } = await logs.send(
    new GetLogEventsCommand({ logGroupName: written?.groupName, logStreamName: written?.streamName }),
  );
  return events.map(({ message }) => message).join("\n");
}

const deployments = async () => {
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster: CLUSTER, services: [CLUSTER] }));
  return services?.[0]?.deployments ?? [];
};

async function startService(): Promise<void> {
  const containerDefinitions = [{ name: "redcap", image: "redcap:live", memory: 512 }];
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await ecs.send(new RegisterTaskDefinitionCommand({ family: CLUSTER, containerDefinitions }));
  await ecs.send(
    new CreateEcsServiceCommand({ cluster: CLUSTER, serviceName: CLUSTER, taskDefinition: CLUSTER, desiredCount: 1 }),
  );
}

test("the scripts, and the stand-ins that they meet here, are clean to shellcheck", async () => {
  const files = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  const scripts = [
    ...files(PIPELINE).filter((file) => file.endsWith(".sh")),
    ...files(join(PROJECT_ROOT, "test/local-aws/codebuild/stand-ins")),
  ];
  execFileSync(await shellcheck(), ["--external-sources", ...scripts], { stdio: "pipe" });
  expect(scripts).toHaveLength(7);
});

test("without a cluster there is nothing to roll out: the first image is live", async () => {
  const first = await build();
  const log = await logOf(first);
  expect([first.buildStatus, log]).toEqual(["SUCCEEDED", expect.stringContaining("There is no service yet")]);
  expect(log).toMatch(/REDCap 17\.4\.4, certificate authorities [0-9a-f]{64}\n/);
  expect(Object.values(await pipeline.images())).toEqual([[expect.stringMatching(/^17\.4\.4-\d{14}$/), "live"]]);
});

test("a version's tag never moves; live does", async () => {
  const [tags] = Object.values(await pipeline.images());
  const layer = { size: 7, digest: `sha256:${"0".repeat(64)}` };
  const manifest = { mediaType: "application/vnd.docker.distribution.manifest.v2+json", layers: [layer] };
  const put = (imageTag: string) =>
    pipeline.ecr.send(
      new PutImageCommand({ repositoryName: REPOSITORY, imageTag, imageManifest: JSON.stringify(manifest) }),
    );
  await expect(put(tags?.[0] as string)).rejects.toThrow(/already exists in the repository/);
});

test("the next image is rolled out on the service, and waited for", async () => {
  await startService();
  const [before] = await deployments();
  const first = await pipeline.live();
  await pipeline.put("redcap.zip", standInZip({ version: "17.5.0" }));
  const second = await build();
  expect(second.buildStatus).toBe("SUCCEEDED");
  const [after] = await deployments();
  expect(after?.id).not.toBe(before?.id);
  expect(await logOf(second)).toMatch(new RegExp(`Roll-out ${after?.id}: COMPLETED`));
  const images = await pipeline.images();
  expect(images[first as string]).toEqual([expect.stringMatching(/^17\.4\.4-/)]);
  expect(images[(await pipeline.live()) as string]).toEqual([expect.stringMatching(/^17\.5\.0-/), "live"]);
});

test("where the tasks do not get healthy, the image before is live again and the build fails with the reason", async () => {
  const before = await pipeline.live();
  await fetch(`${pipeline.aws.endpoint}/local-aws/ecs/fail-next-deployment`, {
    method: "POST",
    body: JSON.stringify({ cluster: CLUSTER }),
  });
  const failed = await build();
  expect(failed.buildStatus).toBe("FAILED");
  const log = await logOf(failed);
  expect(log).toContain("deployment failed: tasks failed to start");
  expect(log).toContain(`The image before is live again: ${before}`);
  expect(await whyFailed(logs, failed)).toMatch(
    /in phase POST_BUILD: ECS did not get the tasks of 17\.5\.0-\d{14} healthy/,
  );
  expect(await pipeline.live()).toBe(before);
  // What was built stays, for whoever wants to look at it.
  expect(Object.keys(await pipeline.images())).toHaveLength(3);
});

describe("on App Runner", () => {
  beforeAll(async () => {
    await pipeline.configure({ ECS_CLUSTER: "", ECS_SERVICE: "", APP_RUNNER_SERVICE: SERVICE });
  });

  test("without a service there is nothing to roll out; with one, the deployment is waited for", async () => {
    expect(await logOf(await build())).toContain("There is no service yet");
    const iam = new IAMClient(pipeline.settings);
    const role = async (name: string, principal: string) => {
      const Statement = [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: principal } }];
      const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      return (await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }))).Role?.Arn;
    };
    await appRunner.send(
      new CreateServiceCommand({
        ServiceName: SERVICE,
        SourceConfiguration: {
          AutoDeploymentsEnabled: false,
          AuthenticationConfiguration: { AccessRoleArn: await role("access", "build.apprunner.amazonaws.com") },
          ImageRepository: {
            ImageIdentifier: `111111111111.dkr.ecr.eu-west-2.amazonaws.com/${REPOSITORY}:live`,
            ImageRepositoryType: "ECR",
          },
        },
      }),
    );
    const service = async () => (await appRunner.send(new ListServicesCommand({}))).ServiceSummaryList?.[0];
    while ((await service())?.Status !== "RUNNING") await new Promise((resolve) => setTimeout(resolve, 200));
    const rolledOut = await build();
    expect([rolledOut.buildStatus, await logOf(rolledOut)]).toEqual([
      "SUCCEEDED",
      expect.stringMatching(/Roll-out \S+: SUCCEEDED/),
    ]);
  });

  test("where a deployment fails, the image before is live again", async () => {
    const before = await pipeline.live();
    await fetch(`${pipeline.aws.endpoint}/local-aws/apprunner/fail-next`, {
      method: "POST",
      body: JSON.stringify({ operation: "START_DEPLOYMENT" }),
    });
    const failed = await build();
    expect(failed.buildStatus).toBe("FAILED");
    expect(await whyFailed(logs, failed)).toMatch(
      /App Runner did not get 17\.5\.0-\d{14} healthy \((ROLLBACK_SUCCEEDED|FAILED)\)/,
    );
    expect(await pipeline.live()).toBe(before);
  });
});

test.each<[string, Record<string, string>, Buffer | undefined, RegExp]>([
  [
    "another version than the configured one",
    { REDCAP_VERSION: "17.6.0" },
    undefined,
    /configuration says REDCap 17\.6\.0, the uploaded zip is 17\.5\.0\. Put redcap17\.6\.0\.zip into/,
  ],
  [
    "a zip that is not there",
    { REDCAP_ZIP: "s3://redcap-prod-build-111111111111-eu-west-2/none.zip" },
    undefined,
    /none\.zip cannot be read/,
  ],
  ["an upgrade's zip", {}, standInZip({ changes: {} }).subarray(0, 2_000), /damaged, or no zip/],
  [
    "another bundle of certificate authorities",
    { RDS_CA_SHA256: "0".repeat(64) },
    standInZip(),
    /have the SHA-256 [0-9a-f]{64} now, rdsCaSha256 says 0{64}/,
  ],
])("%s is refused before anything is built", async (_, environment, zip, reason) => {
  const images = await pipeline.images();
  await pipeline.configure(environment);
  if (zip) await pipeline.put("redcap.zip", zip);
  const failed = await build();
  expect(failed.phases?.find(({ phaseStatus }) => phaseStatus === "FAILED")?.phaseType).toBe("PRE_BUILD");
  expect(failed.phases?.map(({ phaseType }) => phaseType)).not.toContain("BUILD");
  expect(await whyFailed(logs, failed)).toMatch(reason);
  expect(await pipeline.images()).toEqual(images);
});

test("a second build at the same time is refused", async () => {
  await pipeline.configure({});
  const first = build();
  await expect(startBuild(pipeline.codebuild, PROJECT)).rejects.toThrow(/Cannot have more than 1 builds/);
  expect((await first).buildStatus).toBe("SUCCEEDED");
});
