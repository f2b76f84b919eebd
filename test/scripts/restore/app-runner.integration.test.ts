// Pausing and resuming over AWS's SDK, against the local AWS's App Runner.
import {
  AppRunnerClient,
  CreateServiceCommand,
  DescribeServiceCommand,
  ListOperationsCommand,
} from "@aws-sdk/client-apprunner";
import { findStage, stageNames, validate } from "../../../config";
import { type AppRunnerContext, pauseService, resumeService } from "../../../scripts/restore/app-runner";
import { RunContext } from "../../../scripts/runbook/engine";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { sampleInput } from "../../stacks/synth";

jest.setTimeout(60_000);

const { accountId, region, ...stage } = findStage(validate(sampleInput()), "prod");
const names = stageNames({ accountId, region, ...stage });
let aws: LocalAws;
let appRunner: AppRunnerClient;
let ServiceArn: string | undefined;

class Context extends RunContext implements AppRunnerContext {
  readonly names = names;
  get appRunner() {
    return appRunner;
  }
}
const context = new Context();

beforeAll(async () => {
  jest.spyOn(process.stderr, "write").mockImplementation(() => true);
  aws = await startLocalAws({ accounts: [{ id: accountId, profile: "redcap" }], region });
  appRunner = new AppRunnerClient({ region, endpoint: aws.endpoint, credentials: aws.credentials(accountId) });
  const image = { ImageIdentifier: "public.ecr.aws/x/redcap:17.4.4", ImageRepositoryType: "ECR_PUBLIC" as const };
  for (const ServiceName of [`${names.appRunnerService}-other`, names.appRunnerService]) {
    const create = new CreateServiceCommand({ ServiceName, SourceConfiguration: { ImageRepository: image } });
    ServiceArn = (await appRunner.send(create)).Service?.ServiceArn;
  }
});
afterAll(async () => {
  jest.restoreAllMocks();
  await aws?.stop();
});

const status = async () => (await appRunner.send(new DescribeServiceCommand({ ServiceArn }))).Service?.Status;
const operations = async () =>
  ((await appRunner.send(new ListOperationsCommand({ ServiceArn }))).OperationSummaryList ?? [])
    .map(({ Type, Status }) => `${Type} ${Status}`)
    .reverse();

test("the stage's own service is paused, once what is under way has ended; a second time nothing happens", async () => {
  expect(await status()).toBe("OPERATION_IN_PROGRESS");
  expect(await pauseService(context)).toBe("it is paused");
  expect(await status()).toBe("PAUSED");
  await pauseService(context);
  expect(await operations()).toEqual(["CREATE_SERVICE SUCCEEDED", "PAUSE_SERVICE SUCCEEDED"]);
});

test("a resumption that fails is said, and the next one resumes", async () => {
  const fail = { method: "POST", body: JSON.stringify({ operation: "RESUME_SERVICE" }) };
  await fetch(`${aws.endpoint}/local-aws/apprunner/fail-next`, fail);
  await expect(resumeService(context)).rejects.toThrow("did not get RUNNING: the operation is FAILED");
  expect(await status()).toBe("PAUSED");
  expect(await resumeService(context)).toBe("it runs");
  expect(await status()).toBe("RUNNING");
});
