// A stage that changes its type of service and changes back, as a person types it: nothing that holds data goes, and
// afterwards nothing is to change.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AppRunnerClient,
  DescribeCustomDomainsCommand,
  DescribeServiceCommand,
  ListServicesCommand,
} from "@aws-sdk/client-apprunner";
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient, ListServicesCommand as ListEcsServicesCommand } from "@aws-sdk/client-ecs";
import {
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import { GetObjectCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type DeploymentInput, findStage, stageNames, stateNames, validate } from "../../config";
import { pauseService, resumeService } from "../../scripts/restore/app-runner";
import { RunContext } from "../../scripts/runbook/engine";
import type { TerraformState } from "../../scripts/terraform";
import { type Identities, identitiesOf } from "../drill/identities";
import { type LocalAws, startLocalAws } from "../local-aws";
import { onAppRunner, sampleInput, sampleStage } from "../stacks/synth";
import { deploySurely, runCommand, writeStages } from "./command";

const DEPLOYING = 600_000;

type StageInput = DeploymentInput["stages"][number];
const NAME = "redcap.example.org";
let aws: LocalAws;
let folder: string;
let stagesFile: string;

/** The sample's dev stage, with cron, and a zone of its own that the world's DNS leads to after the first deployment. */
let delegated = false;
function config(change: Partial<StageInput> = {}): DeploymentInput {
  const { domain, subdomain, ...dev } = sampleStage("dev");
  // For everyone: without a web ACL, App Runner holds no address back.
  const named = { domain: NAME, hostInRoute53: true, delegated, allowedIps: ["0.0.0.0/0", "::/0"] };
  const service = { ...dev.service, cron: { minutes: 5 } } as StageInput["service"];
  return { ...sampleInput(), backupDestination: undefined, stages: [{ ...dev, ...named, service, ...change }] };
}
const appRunner = (change: object = {}) => config(onAppRunner({ cron: { minutes: 5 }, ...change }));

const stage = () => findStage(validate(config()), "dev");
const client = () => ({
  region: stage().region,
  endpoint: aws.endpoint,
  credentials: aws.credentials(stage().accountId),
});

async function deploy(input: DeploymentInput) {
  writeStages(stagesFile, input);
  const env = { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile };
  return deploySurely(["--stage", "dev"], env);
}

async function state(): Promise<TerraformState> {
  const { bucket, stateKey } = stateNames(stage());
  const s3 = new S3Client({ ...client(), forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: stateKey(stageNames(stage()).appStack) }));
  return JSON.parse((await Body?.transformToString()) ?? "{}") as TerraformState;
}

/** What tells each resource that holds data from another one made in its place, by address. */
async function stateful(): Promise<Identities> {
  const { Buckets = [] } = await new S3Client({ ...client(), forcePathStyle: true }).send(new ListBucketsCommand({}));
  return identitiesOf("app", await state(), async (_, name) => Buckets.find((one) => one.Name === name)?.CreationDate);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-service-switch-"));
  stagesFile = join(folder, "stages.ts");
  writeStages(stagesFile, config());
  const { service, accountId, region, profile = "" } = stage();
  const certificates = service.type === "fargate" && service.certificateArn ? [service.certificateArn] : [];
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates });
  const env = { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile };
  expect(await runCommand("bootstrap.ts", ["--stage", "dev", "--yes"], env)).toMatchObject({ code: 0 });
}, DEPLOYING);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const HTTP = { maxSize: 3, cron: { minutes: 5, via: "http" } };
let before: Identities;
const NOTHING = { code: 0, output: expect.stringContaining("app-dev: nothing to change.") };

test(
  "on Fargate first",
  async () => {
    expect(await deploy(config())).toMatchObject({ code: 0 });
    const { outputs } = await state();
    aws.dns.enter({ name: NAME, type: "NS", values: outputs.name_servers?.value as string[] });
    delegated = true;
    before = await stateful();
    expect(Object.keys(before).length).toBeGreaterThan(8);
  },
  DEPLOYING,
);

test(
  "then on App Runner: no resource that holds data is another, the name is active, and the next plan is empty",
  async () => {
    const { code, output } = await deploy(appRunner());
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(await stateful()).toEqual(before);
    const apps = new AppRunnerClient(client());
    const { ServiceSummaryList = [] } = await apps.send(new ListServicesCommand({}));
    expect(ServiceSummaryList).toMatchObject([{ ServiceName: "redcap-dev", Status: "RUNNING" }]);
    const ServiceArn = ServiceSummaryList[0]?.ServiceArn;
    const { CustomDomains } = await apps.send(new DescribeCustomDomainsCommand({ ServiceArn }));
    expect(CustomDomains).toMatchObject([{ DomainName: NAME, Status: "active" }]);
    const { serviceArns } = await new ECSClient(client()).send(
      new ListEcsServicesCommand({ cluster: stageNames(stage()).ecsCluster }),
    );
    expect(serviceArns).toEqual([]);
    expect(await deploy(appRunner())).toEqual(NOTHING);
    const logs = new CloudWatchLogsClient(client());
    const logGroupNamePrefix = `/aws/apprunner/redcap-dev/${ServiceSummaryList[0]?.ServiceId}/`;
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }));
    expect(logGroups).toHaveLength(2);
    for (const group of logGroups ?? [])
      expect(group).toMatchObject({ retentionInDays: 30, kmsKeyId: expect.stringContaining(":key/") });
    const logGroupName = `${logGroupNamePrefix}application`;
    const { metricFilters } = await logs.send(new DescribeMetricFiltersCommand({ logGroupName }));
    expect(metricFilters?.map(({ filterName }) => filterName).sort()).toEqual([
      "redcap-dev-ContainerError",
      "redcap-dev-DatabaseError",
    ]);
  },
  DEPLOYING,
);

test(
  "scaled, it has another revision, and the old one goes",
  async () => {
    expect(await deploy(appRunner({ maxSize: 3 }))).toMatchObject({ code: 0 });
    expect(await deploy(appRunner({ maxSize: 3 }))).toEqual(NOTHING);
  },
  DEPLOYING,
);

/** What EventBridge calls, with which password, and what the containers know of it. */
async function cronOverHttp() {
  const events = new EventBridgeClient(client());
  const secrets = new SecretsManagerClient(client());
  const { cronRule: Name, cronSecret } = stageNames(stage());
  const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
  const { InvocationEndpoint } = await events.send(new DescribeApiDestinationCommand({ Name }));
  const { SecretArn } = await events.send(new DescribeConnectionCommand({ Name }));
  const password = async (SecretId: string | undefined) =>
    JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? "").password as string;
  return {
    events,
    endpoint: InvocationEndpoint,
    targets: Targets.length,
    called: await password(SecretArn),
    known: await password(cronSecret),
  };
}

test(
  "with cron over HTTP: EventBridge calls with the containers' password, and no state has it",
  async () => {
    const { code, output } = await deploy(appRunner(HTTP));
    expect({ code, output }).toMatchObject({ code: 0 });
    const { events, endpoint, targets, called, known } = await cronOverHttp();
    const { ServiceSummaryList = [] } = await new AppRunnerClient(client()).send(new ListServicesCommand({}));
    expect(endpoint).toBe(`https://${ServiceSummaryList[0]?.ServiceUrl}/cron.php`);
    expect([targets, called]).toEqual([1, known]);
    expect(JSON.stringify(await state())).not.toContain(known);
    const { cronRule, scheduleGroup, cronSchedule } = stageNames(stage());
    const schedule = new GetScheduleCommand({ GroupName: scheduleGroup, Name: cronSchedule });
    await expect(new SchedulerClient(client()).send(schedule)).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(await deploy(appRunner(HTTP))).toEqual(NOTHING);
    // A restore's own doing is no change, either.
    await events.send(new DisableRuleCommand({ Name: cronRule }));
    expect(await deploy(appRunner(HTTP))).toEqual(NOTHING);
    expect(await cronOverHttp()).toMatchObject({ called: known });
  },
  DEPLOYING,
);

test(
  "paused, as a restore leaves it until its end, it is no change to Terraform",
  async () => {
    const apps = new AppRunnerClient(client());
    const { ServiceSummaryList: [service] = [] } = await apps.send(new ListServicesCommand({}));
    const ServiceArn = service?.ServiceArn;
    const context = Object.assign(new RunContext(), { appRunner: apps, names: stageNames(stage()) });
    await pauseService(context);
    expect(await deploy(appRunner(HTTP))).toEqual(NOTHING);
    expect((await apps.send(new DescribeServiceCommand({ ServiceArn }))).Service?.Status).toBe("PAUSED");
    await resumeService(context);
  },
  DEPLOYING,
);

test(
  "an update that App Runner takes back shows in the next plan",
  async () => {
    const fail = { method: "POST", body: JSON.stringify({ operation: "UPDATE_SERVICE" }) };
    await fetch(`${aws.endpoint}/local-aws/apprunner/fail-next`, fail);
    await deploy(appRunner({ ...HTTP, memory: "6 GB" }));
    const again = await deploy(appRunner({ ...HTTP, memory: "6 GB" }));
    expect(again).toMatchObject({ code: 0, output: expect.stringMatching(/1 to change/) });
  },
  DEPLOYING,
);

test(
  "and back on Fargate",
  async () => {
    expect(await deploy(config())).toMatchObject({ code: 0 });
    expect(await stateful()).toEqual(before);
    const { ServiceSummaryList } = await new AppRunnerClient(client()).send(new ListServicesCommand({}));
    expect(ServiceSummaryList).toEqual([]);
    expect(await deploy(config())).toEqual(NOTHING);
  },
  DEPLOYING,
);
