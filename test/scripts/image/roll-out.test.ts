// Which build a roll-out goes on with: only one of the REDCap that the configuration names.
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { ECRClient } from "@aws-sdk/client-ecr";
import { findStage, validate } from "../../../config";
import { rollOut } from "../../../scripts/image/deploy";
import { sampleInput, sampleStage } from "../../stacks/synth";

jest.mock("node:timers/promises", () => ({ setTimeout: async () => undefined }));

const prod = sampleStage("prod");
const { image: _, ...service } = prod.service as Record<string, unknown>;
const building = { ...prod, service: service as typeof prod.service, redCapLocalVersion: "17.5.0" };
const stage = findStage(validate({ ...sampleInput(), stages: [building] }), "prod");

const environment = (value: string) => ({ environmentVariables: [{ name: "REDCAP_VERSION", value }] });

/** What CodeBuild has: one build that ends when it is looked at a second time. */
function codeBuild(running: string): { started: string[] } {
  const builds = [{ id: "project:1", version: running, looks: 0 }];
  const started: string[] = [];
  jest.spyOn(CodeBuildClient.prototype, "send").mockImplementation((async (command: { input: { ids?: string[] } }) => {
    switch (command.constructor.name) {
      case "BatchGetProjectsCommand":
        return { projects: [{ environment: environment("17.5.0") }] };
      case "ListBuildsForProjectCommand":
        return { ids: builds.map(({ id }) => id).reverse() };
      case "StartBuildCommand": {
        const id = `project:${builds.length + 1}`;
        builds.push({ id, version: "17.5.0", looks: 0 });
        started.push(id);
        return { build: { id } };
      }
      default: {
        const build = builds.find(({ id }) => command.input.ids?.includes(id));
        const buildComplete = (build?.looks ?? 0) > 0;
        if (build) build.looks++;
        return {
          builds: [
            { id: build?.id, buildComplete, buildStatus: "SUCCEEDED", environment: environment(build?.version ?? "") },
          ],
        };
      }
    }
  }) as never);
  return { started };
}

beforeEach(() => {
  jest.spyOn(ECRClient.prototype, "send").mockImplementation((async () => ({
    imageDetails: [{ imageTags: ["live", "17.5.0-20260301120000"] }],
  })) as never);
});
afterEach(() => jest.restoreAllMocks());

test("of this version, the build that runs is gone on with", async () => {
  const { started } = codeBuild("17.5.0");
  expect(await rollOut(stage, () => undefined)).toBe("17.5.0-20260301120000");
  expect(started).toEqual([]);
});

test("of another version, its end is waited for, and one of this version follows", async () => {
  const { started } = codeBuild("17.4.4");
  const said: string[] = [];
  expect(await rollOut(stage, (doing) => said.push(doing))).toBe("17.5.0-20260301120000");
  expect(started).toEqual(["project:2"]);
  expect(said).toContain("project:1 builds 17.4.4: waited for");
});
