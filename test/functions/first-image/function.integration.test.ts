// The bundled function as Lambda runs it; CodeBuild runs the project's own buildspec, with a stand-in for Docker.
import { ListBuildsForProjectCommand } from "@aws-sdk/client-codebuild";
import { BatchDeleteImageCommand } from "@aws-sdk/client-ecr";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { standInZip } from "../../containers/stand-in/zip";
import { Pipeline, PROJECT, REPOSITORY } from "./pipeline";

jest.setTimeout(300_000);

const FunctionName = "redcap-prod-first-image";
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await Pipeline.start();
  const { settings } = pipeline;
  const role = await new IAMClient(settings).send(
    new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }),
  );
  await new LambdaClient(settings).send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role.Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 240,
      Environment: { Variables: { IMAGE_PROJECT: PROJECT, IMAGE_REPOSITORY: REPOSITORY, LIVE_TAG: "live" } },
      Code: { ZipFile: buildZip("first-image") },
    }),
  );
});
afterAll(() => pipeline?.aws.stop());

async function invoke(event: object = { action: "ensure" }) {
  const lambda = new LambdaClient({ ...pipeline.settings, requestHandler: { requestTimeout: 250_000 } });
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
  return { failed: answer.FunctionError, output: JSON.parse(answer.Payload?.transformToString() ?? "null") };
}
const builds = async () =>
  (await pipeline.codebuild.send(new ListBuildsForProjectCommand({ projectName: PROJECT }))).ids?.length;

test("a build that fails is told with its reason and its log; the next one is another try", async () => {
  await pipeline.put("redcap.zip", standInZip({ changes: { "refuse.txt": "REDCap 17.4.4 has a known hole." } }));
  const { failed, output } = await invoke();
  expect(failed).toBe("Unhandled");
  expect(output.errorMessage).toMatch(/^Build redcap-prod-image:\S+ ended FAILED in phase BUILD: /);
  expect(output.errorMessage).toMatch(/REDCap 17\.4\.4 has a known hole\..* Its log: https:\/\/console/);
  expect(await pipeline.live()).toBeUndefined();
});

test("the first build makes an image, and makes it live, in one invocation", async () => {
  await pipeline.put("redcap.zip", standInZip());
  expect(await invoke()).toEqual({ failed: undefined, output: { built: true } });
  expect(Object.values(await pipeline.images())).toEqual([[expect.stringMatching(/^17\.4\.4-\d{14}$/), "live"]]);
  expect(await builds()).toBe(2);
});

test("where an image is live, nothing is built", async () => {
  expect((await invoke()).output).toEqual({ built: false });
  expect(await builds()).toBe(2);
});

test("two invocations at a time wait for one build", async () => {
  const imageIds = [{ imageTag: "live" }];
  await pipeline.ecr.send(new BatchDeleteImageCommand({ repositoryName: REPOSITORY, imageIds }));
  const both = await Promise.all([
    invoke(),
    new Promise<void>((resolve) => setTimeout(resolve, 1_000)).then(() => invoke()),
  ]);
  expect(both.map(({ output }) => output)).toEqual([{ built: true }, { built: true }]);
  expect(await builds()).toBe(3);
});

test("another event is refused", async () => {
  expect((await invoke({ action: "delete" })).failed).toBe("Unhandled");
});
