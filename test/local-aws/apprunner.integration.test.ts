// The local AWS's App Runner over AWS's SDK: operations and their lag, roll-back, what is refused, custom domains.
import { setTimeout as sleep } from "node:timers/promises";
import {
  AppRunnerClient,
  AssociateCustomDomainCommand,
  CreateAutoScalingConfigurationCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  CreateVpcConnectorCommand,
  DeleteAutoScalingConfigurationCommand,
  DeleteServiceCommand,
  DescribeAutoScalingConfigurationCommand,
  DescribeCustomDomainsCommand,
  DescribeServiceCommand,
  DisassociateCustomDomainCommand,
  ListOperationsCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  PauseServiceCommand,
  ResumeServiceCommand,
  StartDeploymentCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-apprunner";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { type LocalAws, startLocalAws } from ".";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
const IMAGE = `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/redcap:17.4.4`;
let aws: LocalAws;
let client: AppRunnerClient;
let accessRole: string;
let instanceRole: string;

async function role(iam: IAMClient, name: string, principal: string): Promise<string> {
  const Statement = [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: principal } }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  return (await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }))).Role?.Arn as string;
}

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  const settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT), maxAttempts: 1 };
  client = new AppRunnerClient(settings);
  const iam = new IAMClient(settings);
  accessRole = await role(iam, "access", "build.apprunner.amazonaws.com");
  instanceRole = await role(iam, "instance", "tasks.apprunner.amazonaws.com");
});
afterAll(() => aws?.stop());

const source = (image = IMAGE) => ({
  AuthenticationConfiguration: { AccessRoleArn: accessRole },
  ImageRepository: { ImageIdentifier: image, ImageRepositoryType: "ECR" as const },
});
const input = (name: string, change: Partial<CreateServiceCommandInput> = {}): CreateServiceCommandInput => ({
  ServiceName: name,
  SourceConfiguration: source(),
  ...change,
});
const create = async (name: string, change: Partial<CreateServiceCommandInput> = {}) =>
  (await client.send(new CreateServiceCommand(input(name, change)))).Service?.ServiceArn as string;
const describe_ = async (ServiceArn: string) => (await client.send(new DescribeServiceCommand({ ServiceArn }))).Service;
const operations = async (ServiceArn: string) =>
  ((await client.send(new ListOperationsCommand({ ServiceArn }))).OperationSummaryList ?? []).map(
    ({ Type, Status }) => `${Type} ${Status}`,
  );

async function until(ServiceArn: string, status: string) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const service = await describe_(ServiceArn);
    if (service?.Status === status) return service;
    await sleep(100);
  }
  throw new Error(`${ServiceArn} is not ${status}, but ${(await describe_(ServiceArn))?.Status}.`);
}
const failNext = (operation: string) =>
  fetch(`${aws.endpoint}/local-aws/apprunner/fail-next`, { method: "POST", body: JSON.stringify({ operation }) });

describe("a service", () => {
  test("is in progress first, then runs, with App Runner's defaults and its tags", async () => {
    const InstanceConfiguration = { InstanceRoleArn: instanceRole };
    const arn = await create("redcap-one", { InstanceConfiguration, Tags: [{ Key: "stage", Value: "prod" }] });
    expect(arn).toMatch(/^arn:aws:apprunner:eu-west-2:111111111111:service\/redcap-one\/[0-9a-f]{32}$/);
    expect((await describe_(arn))?.Status).toBe("OPERATION_IN_PROGRESS");
    expect(await until(arn, "RUNNING")).toMatchObject({
      ServiceUrl: expect.stringMatching(/\.eu-west-2\.awsapprunner\.com$/),
      InstanceConfiguration: { Cpu: "1024", Memory: "2048" },
      HealthCheckConfiguration: { Protocol: "TCP", Interval: 5, UnhealthyThreshold: 5 },
      NetworkConfiguration: { EgressConfiguration: { EgressType: "DEFAULT" }, IpAddressType: "IPV4" },
    });
    expect(await operations(arn)).toEqual(["CREATE_SERVICE SUCCEEDED"]);
    expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags).toEqual([
      { Key: "stage", Value: "prod" },
    ]);
  });

  test("takes no second change while one goes on, nor an update while it is paused", async () => {
    const arn = await create("redcap-two");
    const pause = () => client.send(new PauseServiceCommand({ ServiceArn: arn }));
    await expect(pause()).rejects.toMatchObject({ name: "InvalidStateException" });
    await until(arn, "RUNNING");
    await pause();
    await until(arn, "PAUSED");
    const update = new UpdateServiceCommand({ ServiceArn: arn, SourceConfiguration: source(`${IMAGE}-2`) });
    await expect(client.send(update)).rejects.toMatchObject({ name: "InvalidStateException" });
    await expect(pause()).rejects.toMatchObject({ name: "InvalidStateException" });
    await client.send(new ResumeServiceCommand({ ServiceArn: arn }));
    await until(arn, "RUNNING");
    await client.send(new StartDeploymentCommand({ ServiceArn: arn }));
    await until(arn, "RUNNING");
    expect((await operations(arn)).reverse()).toEqual([
      "CREATE_SERVICE SUCCEEDED",
      "PAUSE_SERVICE SUCCEEDED",
      "RESUME_SERVICE SUCCEEDED",
      "START_DEPLOYMENT SUCCEEDED",
    ]);
  });

  test("that cannot be created stays, unusable, until it is deleted", async () => {
    await failNext("CREATE_SERVICE");
    const arn = await create("redcap-three");
    await until(arn, "CREATE_FAILED");
    await expect(create("redcap-three")).rejects.toThrow("already exists");
    await client.send(new DeleteServiceCommand({ ServiceArn: arn }));
    await until(arn, "DELETED");
    await until(await create("redcap-three"), "RUNNING");
  });

  test("goes on with what it had when an update fails", async () => {
    const arn = await create("redcap-four");
    await until(arn, "RUNNING");
    await failNext("UPDATE_SERVICE");
    await client.send(new UpdateServiceCommand({ ServiceArn: arn, SourceConfiguration: source(`${IMAGE}-broken`) }));
    const after = await until(arn, "RUNNING");
    expect(after.SourceConfiguration?.ImageRepository?.ImageIdentifier).toBe(IMAGE);
    expect((await operations(arn))[0]).toBe("UPDATE_SERVICE ROLLBACK_SUCCEEDED");
    await client.send(new UpdateServiceCommand({ ServiceArn: arn, SourceConfiguration: source(`${IMAGE}-2`) }));
    const updated = await until(arn, "RUNNING");
    expect(updated.SourceConfiguration?.ImageRepository?.ImageIdentifier).toBe(`${IMAGE}-2`);
  });

  test("is listed until it is deleted", async () => {
    const arn = await create("redcap-five");
    const listed = async () =>
      ((await client.send(new ListServicesCommand({}))).ServiceSummaryList ?? []).map(({ ServiceArn }) => ServiceArn);
    expect(await listed()).toContain(arn);
    await until(arn, "RUNNING");
    await client.send(new DeleteServiceCommand({ ServiceArn: arn }));
    await until(arn, "DELETED");
    expect(await listed()).not.toContain(arn);
  });

  test.each<[string, () => Partial<CreateServiceCommandInput>, string]>([
    [
      "without a role that fetches the image",
      () => ({ SourceConfiguration: { ...source(), AuthenticationConfiguration: {} } }),
      "Authentication configuration",
    ],
    [
      "with an image of another registry",
      () => ({ SourceConfiguration: source("docker.io/redcap:1") }),
      "is not of type ECR",
    ],
    [
      "with a role that App Runner may not assume",
      () => ({ InstanceConfiguration: { InstanceRoleArn: accessRole } }),
      "Error in assuming instance role",
    ],
    [
      "with memory that its CPU lacks",
      () => ({ InstanceConfiguration: { Cpu: "2 vCPU", Memory: "8 GB" } }),
      "no supported combination",
    ],
    ["with checks too far apart", () => ({ HealthCheckConfiguration: { Interval: 30 } }), "Interval must be 1 to 20"],
    [
      "with a scaling that is not there",
      () => ({ AutoScalingConfigurationArn: "arn:aws:apprunner:x" }),
      "does not exist",
    ],
  ])("is refused %s", async (_, change, message) => {
    await expect(create("redcap-refused", change())).rejects.toThrow(message);
  });
});

test("what a service uses cannot go, and revisions count on", async () => {
  const configuration = (MaxSize: number) =>
    client.send(new CreateAutoScalingConfigurationCommand({ AutoScalingConfigurationName: "redcap", MaxSize }));
  const [first, second] = [await configuration(2), await configuration(3)].map((one) => one.AutoScalingConfiguration);
  expect([first?.AutoScalingConfigurationRevision, second?.AutoScalingConfigurationRevision]).toEqual([1, 2]);
  const { VpcConnector } = await client.send(
    new CreateVpcConnectorCommand({ VpcConnectorName: "redcap", Subnets: ["subnet-1"], SecurityGroups: ["sg-1"] }),
  );
  const AutoScalingConfigurationArn = first?.AutoScalingConfigurationArn;
  const EgressConfiguration = { EgressType: "VPC" as const, VpcConnectorArn: VpcConnector?.VpcConnectorArn };
  const arn = await create("redcap-shared", {
    AutoScalingConfigurationArn,
    NetworkConfiguration: { EgressConfiguration },
  });
  await until(arn, "RUNNING");
  const remove = () => client.send(new DeleteAutoScalingConfigurationCommand({ AutoScalingConfigurationArn }));
  await expect(remove()).rejects.toMatchObject({ name: "InvalidRequestException" });
  await client.send(
    new UpdateServiceCommand({ ServiceArn: arn, AutoScalingConfigurationArn: second?.AutoScalingConfigurationArn }),
  );
  await until(arn, "RUNNING");
  await remove();
  await expect(
    client.send(new DescribeAutoScalingConfigurationCommand({ AutoScalingConfigurationArn })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("a custom domain is active once the world's DNS has its records", async () => {
  const ServiceArn = await create("redcap-domain");
  await until(ServiceArn, "RUNNING");
  const DomainName = "redcap.example.org";
  const { DNSTarget } = await client.send(
    new AssociateCustomDomainCommand({ ServiceArn, DomainName, EnableWWWSubdomain: false }),
  );
  expect(DNSTarget).toBe((await describe_(ServiceArn))?.ServiceUrl);
  const domain = async () => (await client.send(new DescribeCustomDomainsCommand({ ServiceArn }))).CustomDomains?.[0];
  expect(await domain()).toMatchObject({ Status: "creating", CertificateValidationRecords: [] });
  await sleep(700);
  const pending = await domain();
  expect(pending?.Status).toBe("pending_certificate_dns_validation");
  const records = pending?.CertificateValidationRecords ?? [];
  expect(records).toHaveLength(2);
  aws.dns.enter({ name: records[0]?.Name ?? "", type: "CNAME", values: [records[0]?.Value ?? ""] });
  expect((await domain())?.Status).toBe("pending_certificate_dns_validation");
  aws.dns.enter({ name: records[1]?.Name ?? "", type: "CNAME", values: [records[1]?.Value ?? ""] });
  expect(await domain()).toMatchObject({
    Status: "active",
    CertificateValidationRecords: [{ Status: "SUCCESS" }, { Status: "SUCCESS" }],
  });
  await client.send(new DisassociateCustomDomainCommand({ ServiceArn, DomainName }));
  expect((await domain())?.Status).toBe("deleting");
  await sleep(700);
  expect(await domain()).toBeUndefined();
});
