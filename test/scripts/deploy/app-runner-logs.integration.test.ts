// App Runner's log groups of a stage that goes, in the local AWS; the key of a group that is there, and its filters put again.
import {
  AssociateKmsKeyCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  PutMetricFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { findStage, validate } from "../../../config";
import { appRunnerLogs, removeLogs } from "../../../scripts/deploy/app-runner-logs";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { sampleInput } from "../../stacks/synth";

jest.setTimeout(60_000);

const stage = findStage(validate(sampleInput()), "prod");
const { accountId, region, profile = "" } = stage;
const OTHERS = ["/aws/apprunner/redcap-prod2/a1/service", "/aws/ecs/redcap-prod"];
const OURS = ["application", "service"].flatMap((kind) =>
  ["1b", "2c"].map((id) => `/aws/apprunner/redcap-prod/${id}/${kind}`),
);
const environment = { ...process.env };
let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region });
  Object.assign(process.env, aws.environment());
});
afterAll(async () => {
  process.env = environment;
  await aws?.stop();
});

test("those of every service that the stage has had go, and no other stage's", async () => {
  const logs = new CloudWatchLogsClient({
    ...{ region, endpoint: aws.endpoint },
    credentials: aws.credentials(accountId),
  });
  for (const logGroupName of [...OURS, ...OTHERS]) await logs.send(new CreateLogGroupCommand({ logGroupName }));
  const found = await appRunnerLogs(stage);
  expect(found.sort()).toEqual([...OURS].sort());
  await removeLogs(stage, found);
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  expect(logGroups.map(({ logGroupName }) => logGroupName).sort()).toEqual(OTHERS);
  expect(await appRunnerLogs(stage)).toEqual([]);
});

test("a group that is there is given a key", async () => {
  const logs = new CloudWatchLogsClient({
    ...{ region, endpoint: aws.endpoint },
    credentials: aws.credentials(accountId),
  });
  const [logGroupName] = OTHERS;
  const kmsKeyId = `arn:aws:kms:${region}:${accountId}:key/00000000-0000-4000-8000-000000000001`;
  await logs.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId }));
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  expect(logGroups.map((group) => group.kmsKeyId)).toEqual([kmsKeyId, undefined]);
  const none = logs.send(new AssociateKmsKeyCommand({ logGroupName: "/none", kmsKeyId }));
  await expect(none).rejects.toThrow("does not exist");
});

test("a metric filter that is put again takes the place of the one of its name, and of no other", async () => {
  const logs = new CloudWatchLogsClient({
    ...{ region, endpoint: aws.endpoint },
    credentials: aws.credentials(accountId),
  });
  const [logGroupName] = OTHERS;
  const metricTransformations = [{ metricNamespace: "redcap", metricName: "Error", metricValue: "1" }];
  for (const [filterName, filterPattern] of [
    ["errors", "ERROR"],
    ["others", "WARN"],
    ["errors", "FATAL"],
  ])
    await logs.send(new PutMetricFilterCommand({ logGroupName, filterName, filterPattern, metricTransformations }));
  const { metricFilters } = await logs.send(new DescribeMetricFiltersCommand({ logGroupName }));
  expect(metricFilters?.map(({ filterName, filterPattern }) => `${filterName} ${filterPattern}`).sort()).toEqual([
    "errors FATAL",
    "others WARN",
  ]);
});
