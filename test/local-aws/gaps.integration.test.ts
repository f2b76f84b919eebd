// What the overlay adds to moto, seen through the SDK: services that settle, tags that can be read, clear refusals.
import {
  ApplicationAutoScalingClient,
  ListTagsForResourceCommand,
  RegisterScalableTargetCommand,
} from "@aws-sdk/client-application-auto-scaling";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  ListServicesCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  waitUntilServicesStable,
} from "@aws-sdk/client-ecs";
import {
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { PurchaseReservedDBInstancesOfferingCommand, RDSClient } from "@aws-sdk/client-rds";
import { CreateBucketCommand, GetBucketTaggingCommand, S3Client } from "@aws-sdk/client-s3";
import { cbor } from "@smithy/core/cbor";
import { type LocalAws, startLocalAws } from ".";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
let aws: LocalAws;
let settings: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
});
afterAll(() => aws.stop());

/** A request whose signature has only the scope that the overlay reads. */
function raw(service: string, path: string, init: RequestInit): Promise<Response> {
  const scope = `${settings.credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  return fetch(aws.endpoint + path, { ...init, headers: { ...init.headers, authorization } });
}

describe("an ECS service", () => {
  const names = { cluster: "redcap", service: "redcap" };
  let ecs: ECSClient;
  let targetGroupArn: string | undefined;

  const healthy = async () => {
    const load = new ElasticLoadBalancingV2Client(settings);
    const health = await load.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    return health.TargetHealthDescriptions?.filter(({ TargetHealth }) => TargetHealth?.State === "healthy").length;
  };
  const stable = () =>
    waitUntilServicesStable(
      { client: ecs, maxWaitTime: 15, minDelay: 1, maxDelay: 1 },
      { cluster: "redcap", services: ["redcap"] },
    );
  const deployment = async () => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "redcap", services: ["redcap"] }));
    expect(services?.[0]?.deployments).toHaveLength(1);
    return services?.[0]?.deployments?.[0];
  };

  beforeAll(async () => {
    ecs = new ECSClient(settings);
    const load = new ElasticLoadBalancingV2Client(settings);
    const vpc = await raw("ec2", "/", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16",
    });
    const VpcId = /<vpcId>(.+?)<\/vpcId>/.exec(await vpc.text())?.[1];
    const group = { Name: "redcap", Port: 8080, Protocol: "HTTP" as const, TargetType: "ip" as const, VpcId };
    targetGroupArn = (await load.send(new CreateTargetGroupCommand(group))).TargetGroups?.[0]?.TargetGroupArn;
    await ecs.send(new CreateClusterCommand({ clusterName: "redcap" }));
    const containerDefinitions = [{ name: "redcap", image: "redcap", memory: 512 }];
    await ecs.send(new RegisterTaskDefinitionCommand({ family: "redcap", containerDefinitions }));
    await ecs.send(
      new CreateServiceCommand({
        cluster: "redcap",
        serviceName: "redcap",
        taskDefinition: "redcap",
        desiredCount: 2,
        enableExecuteCommand: true,
        loadBalancers: [{ targetGroupArn, containerName: "redcap", containerPort: 8080 }],
      }),
    );
  });

  test("settles with healthy targets after it was made", async () => {
    expect((await deployment())?.rolloutState).toBe("IN_PROGRESS");
    expect(await healthy()).toBe(0);
    expect((await stable()).state).toBe("SUCCESS");
    expect(await healthy()).toBe(2);
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "redcap", services: ["redcap"] }));
    expect(services?.[0]).toMatchObject({ runningCount: 2, enableExecuteCommand: true });
  });

  test("has a new deployment when one is forced, and keeps it when only the count changes", async () => {
    const before = await deployment();
    await ecs.send(new UpdateServiceCommand({ ...names, forceNewDeployment: true }));
    const forced = await deployment();
    expect(forced?.id).not.toBe(before?.id);
    await stable();

    const { serviceDeployments } = await ecs.send(new ListServiceDeploymentsCommand(names));
    const arn = serviceDeployments?.[0]?.serviceDeploymentArn ?? "";
    const described = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }));
    expect(described.serviceDeployments?.[0]?.status).toBe("SUCCESSFUL");

    await ecs.send(new UpdateServiceCommand({ ...names, desiredCount: 0 }));
    expect(await deployment()).toMatchObject({ id: forced?.id, desiredCount: 0, rolloutState: "COMPLETED" });
    expect(await healthy()).toBe(0);
  });

  test("has a scalable target, whose tags can be listed", async () => {
    const client = new ApplicationAutoScalingClient(settings);
    const target = {
      ServiceNamespace: "ecs" as const,
      ResourceId: "service/redcap/redcap",
      ScalableDimension: "ecs:service:DesiredCount" as const,
    };
    const limits = { MinCapacity: 1, MaxCapacity: 2, Tags: { a: "1" } };
    const made = await client.send(new RegisterScalableTargetCommand({ ...target, ...limits }));
    const listed = await client.send(new ListTagsForResourceCommand({ ResourceARN: made.ScalableTargetARN }));
    expect(listed.Tags).toEqual({ a: "1" });
  });

  test("is not listed any more once it is deleted, but can be described", async () => {
    const listed = async () => (await ecs.send(new ListServicesCommand({ cluster: "redcap" }))).serviceArns?.length;
    expect(await listed()).toBe(1);
    await ecs.send(new DeleteServiceCommand({ ...names, force: true }));
    expect(await listed()).toBe(0);
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "redcap", services: ["redcap"] }));
    expect(services?.[0]?.status).toBe("INACTIVE");
  });
});

test("a new bucket has the tags it was made with; S3 Control changes them", async () => {
  const s3 = new S3Client(settings);
  const Tags = [{ Key: "a", Value: "1" }];
  await s3.send(
    new CreateBucketCommand({ Bucket: "tagged", CreateBucketConfiguration: { LocationConstraint: region, Tags } }),
  );
  const tags = async () => (await s3.send(new GetBucketTaggingCommand({ Bucket: "tagged" }))).TagSet;
  expect(await tags()).toEqual(Tags);

  const path = `/v20180820/tags/${encodeURIComponent("arn:aws:s3:::tagged")}`;
  const body = "<TagResourceRequest><Tags><Tag><Key>b</Key><Value>2 &amp; 3</Value></Tag></Tags></TagResourceRequest>";
  await raw("s3", path, { method: "POST", body });
  await raw("s3", `${path}?tagKeys=a`, { method: "DELETE" });
  expect(await tags()).toEqual([{ Key: "b", Value: "2 & 3" }]);
  expect(await (await raw("s3", path, { method: "GET" })).text()).toContain("<Key>b</Key>");
});

test("CloudWatch's CBOR requests are understood and answered in CBOR", async () => {
  const call = async (operation: string, input: object) => {
    const headers = { "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor" };
    const path = `/service/GraniteServiceVersion20100801/operation/${operation}`;
    const response = await raw("monitoring", path, { method: "POST", headers, body: cbor.serialize(input) });
    expect(response.headers.get("smithy-protocol")).toBe("rpc-v2-cbor");
    const body = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, output: cbor.deserialize(body) as { MetricAlarms?: object[]; __type?: string } };
  };
  const alarm = {
    AlarmName: "errors",
    MetricName: "HTTPCode_ELB_5XX_Count",
    Namespace: "AWS/ApplicationELB",
    ComparisonOperator: "GreaterThanThreshold",
    EvaluationPeriods: 1,
    Period: 60,
    Statistic: "Sum",
    Threshold: 5,
  };
  expect((await call("PutMetricAlarm", alarm)).status).toBe(200);
  const { output } = await call("DescribeAlarms", { AlarmNames: ["errors"] });
  expect(output.MetricAlarms).toMatchObject([{ AlarmName: "errors", Threshold: 5 }]);
  // A time is CBOR's tag 1.
  expect(output.MetricAlarms?.[0]).toMatchObject({ StateUpdatedTimestamp: { tag: 1 } });
});

test("AWS's own keys are told from the customer's", async () => {
  const { KeyMetadata } = await new KMSClient(settings).send(new DescribeKeyCommand({ KeyId: "alias/aws/rds" }));
  expect(KeyMetadata?.KeyManager).toBe("AWS");
});

test("what is not there is refused at once, by name", async () => {
  const started = Date.now();
  const buy = new PurchaseReservedDBInstancesOfferingCommand({ ReservedDBInstancesOfferingId: "x" });
  await expect(new RDSClient(settings).send(buy)).rejects.toThrow(
    /does not have rds PurchaseReservedDBInstancesOffering/,
  );
  expect(Date.now() - started).toBeLessThan(2000);
});
