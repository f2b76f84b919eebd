// The bundled function as Lambda runs it: it starts the task on the local AWS's ECS, waits for its end, and tells its last
// line where it fails.
import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { type LocalAws, startLocalAws } from "../../local-aws";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
const FunctionName = "redcap-prod-prepare";
const LOG_GROUP = "/aws/ecs/redcap-prod";
let aws: LocalAws;
let lambda: LambdaClient;
let taskDefinition: string;

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region });
  const settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  lambda = new LambdaClient(settings);
  const ecs = new ECSClient(settings);
  const { cluster } = await ecs.send(new CreateClusterCommand({ clusterName: "redcap-prod" }));
  const options = { "awslogs-group": LOG_GROUP, "awslogs-region": region, "awslogs-stream-prefix": "redcap" };
  const registered = await ecs.send(
    new RegisterTaskDefinitionCommand({
      ...{ family: "redcap-prod-prepare", requiresCompatibilities: ["FARGATE"], networkMode: "awsvpc" },
      ...{ cpu: "256", memory: "512" },
      containerDefinitions: [
        { name: "prepare", image: "redcap:1", logConfiguration: { logDriver: "awslogs", options } },
      ],
    }),
  );
  taskDefinition = registered.taskDefinition?.taskDefinitionArn as string;
  await new CloudWatchLogsClient(settings).send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  const ec2 = new EC2Client(settings);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const { Role } = await new IAMClient(settings).send(
    new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }),
  );
  const Variables = {
    CLUSTER: cluster?.clusterArn as string,
    SUBNETS: Subnets.map(({ SubnetId }) => SubnetId).join(","),
    SECURITY_GROUP: SecurityGroups[0]?.GroupId as string,
    LOG_GROUP,
    LOG_STREAM_PREFIX: "redcap/prepare",
  };
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 50,
      Environment: { Variables },
      Code: { ZipFile: buildZip("prepare") },
    }),
  );
});
afterAll(() => aws?.stop());

async function prepare(end: object) {
  const next = { method: "POST", body: JSON.stringify(end) };
  await fetch(`${aws.endpoint}/local-aws/ecs/next-task`, next);
  const Payload = JSON.stringify({ taskDefinition });
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
  return JSON.parse(answer.Payload?.transformToString() ?? "null");
}

test("it answers with the task that installed REDCap", async () => {
  expect(await prepare({ exitCode: 0 })).toEqual({ task: expect.stringMatching(/:task\/redcap-prod\/[\w-]+$/) });
});

test("it fails with the last line of the task that did not", async () => {
  const line = JSON.stringify({ type: "container", level: "error", message: "The image is older than the database." });
  expect((await prepare({ exitCode: 1, line })).errorMessage).toContain(
    "prepare failed: The image is older than the database.",
  );
});

test("it fails with ECS's reason for a task that never ran", async () => {
  const { errorMessage } = await prepare({ stoppedReason: "CannotPullContainerError: not found" });
  expect(errorMessage).toContain("CannotPullContainerError");
});
