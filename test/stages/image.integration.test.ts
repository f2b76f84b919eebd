// A stage that builds its own image, as a person types it: first deployment, second plan, another version, roll-out, rebuild.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { findStage, stageNames, validate } from "../../config";
import { standInZip } from "../containers/stand-in/zip";
import { type LocalAws, startLocalAws } from "../local-aws";
import { type StageInput, sampleInput, sampleStage } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

const DEPLOYING = 900_000;
const QUICK = 300_000;

let aws: LocalAws;
let folder: string;

function config(change: Partial<StageInput> = {}) {
  const dev = sampleStage("dev");
  const { image: _, ...service } = dev.service as Record<string, unknown>;
  const building = { redCapLocalVersion: "17.4.4", service: service as StageInput["service"], ...change };
  return { ...sampleInput(), stages: [{ ...dev, ...building }] };
}
const stage = findStage(validate(config()), "dev");
const names = stageNames(stage);

function type(script: string, ...args: string[]) {
  return runCommand(script, args, {
    ...aws.environment(),
    REDCAP_STAGES_FILE: join(folder, "stages.ts"),
    REDCAP_RELEASES_FOLDER: folder,
  });
}
const configure = (change: Partial<StageInput> = {}) => writeStages(join(folder, "stages.ts"), config(change));
const putZip = (version: string) => writeFileSync(join(folder, `redcap${version}.zip`), standInZip({ version }));

/** Tags of all images, the live one's first. */
async function tags(): Promise<string[][]> {
  const ecr = new ECRClient({
    region: stage.region,
    endpoint: aws.endpoint,
    credentials: aws.credentials(stage.accountId),
  });
  const { imageDetails = [] } = await ecr.send(new DescribeImagesCommand({ repositoryName: names.imageRepository }));
  const found = imageDetails.map(({ imageTags = [] }) => [...imageTags].sort().reverse());
  return found.sort((a, b) => Number(b.includes("live")) - Number(a.includes("live")));
}
const built = (version: string) => expect.stringMatching(new RegExp(`^${version.replaceAll(".", "\\.")}-\\d{14}$`));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-image-stage-"));
  configure();
  const { service, accountId, region, profile = "" } = stage;
  const certificates = service.type === "fargate" && service.certificateArn ? [service.certificateArn] : [];
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates });
  const { code, output } = await type("bootstrap.ts", "--stage", "dev", "--yes");
  expect({ code, output }).toMatchObject({ code: 0 });
}, QUICK);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "without the zip nothing is deployed, and the file is named",
  async () => {
    const { code, output } = await type("deploy.ts", "--stage", "dev", "--yes");
    expect(output).toContain(`${join(folder, "redcap17.4.4.zip")} is not there: put REDCap's full zip of 17.4.4 there`);
    expect(code).toBe(1);
  },
  QUICK,
);

test(
  "the first deployment builds the image before the service, and leaves nothing to plan",
  async () => {
    putZip("17.4.4");
    const { code, output } = await type("deploy.ts", "--stage", "dev", "--yes");
    expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
    expect(output).toMatch(/update_command.*aws codebuild start-build --project-name redcap-dev-image/s);
    expect(await tags()).toEqual([["live", built("17.4.4")]]);

    const again = await type("deploy.ts", "--stage", "dev", "--yes");
    expect([again.code, again.output]).toEqual([0, expect.stringContaining("app-dev: nothing to change.")]);
  },
  DEPLOYING,
);

test(
  "who does not have the zip plans nothing, either",
  async () => {
    rmSync(join(folder, "redcap17.4.4.zip"));
    const { output } = await type("deploy.ts", "--stage", "dev", "--yes");
    expect(output).toContain("app-dev: nothing to change.");
  },
  QUICK,
);

test(
  "another version changes project and zip, and rolls nothing out; the command does",
  async () => {
    putZip("17.5.0");
    configure({ redCapLocalVersion: "17.5.0" });
    const early = await type("image.ts", "deploy", "--stage", "dev");
    expect([early.code, early.output]).toEqual([
      1,
      expect.stringMatching(
        /names 17\.5\.0, redcap-dev-image still builds 17\.4\.4\. Deploy first: npm run deploy -- --stage dev/,
      ),
    ]);
    const { output } = await type("deploy.ts", "--stage", "dev", "--yes");
    const changed = [...output.matchAll(/\b(aws_[a-z_0-9]+)\.\S+/g)].map(([, resource]) => resource);
    expect([...new Set(changed)].sort()).toEqual(["aws_codebuild_project", "aws_s3_object"]);
    expect(await tags()).toEqual([["live", built("17.4.4")]]);

    const rolledOut = await type("image.ts", "deploy", "--stage", "dev");
    expect(rolledOut).toEqual({ code: 0, output: expect.stringMatching(/17\.5\.0-\d{14} is live/) });
    expect(await tags()).toEqual([["live", built("17.5.0")], [built("17.4.4")]]);
  },
  DEPLOYING,
);

test(
  "a roll-out that fails is told with its reason; the image before is live",
  async () => {
    await fetch(`${aws.endpoint}/local-aws/ecs/fail-next-deployment`, {
      method: "POST",
      body: JSON.stringify({ cluster: names.ecsCluster }),
    });
    const before = await tags();
    const { code, output } = await type("image.ts", "deploy", "--stage", "dev");
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/Error: Build .* ECS did not get the tasks of 17\.5\.0-\d{14} healthy/),
    ]);
    expect((await tags())[0]).toEqual(before[0]);
  },
  QUICK,
);

test(
  "rebuildImage builds with each deployment, beside a plan without changes; off again, it does not",
  async () => {
    const before = (await tags()).length;
    configure({ redCapLocalVersion: "17.5.0", rebuildImage: true });
    const on = await type("deploy.ts", "--stage", "dev", "--yes");
    expect(on).toEqual({ code: 0, output: expect.stringMatching(/nothing to change\.[\s\S]*17\.5\.0-\d{14} is live/) });
    expect(await tags()).toHaveLength(before + 1);

    configure({ redCapLocalVersion: "17.5.0" });
    const off = await type("deploy.ts", "--stage", "dev", "--yes");
    expect([off.code, off.output]).toEqual([0, expect.stringContaining("nothing to change.")]);
    expect(off.output).not.toContain("build redcap-dev-image");
    expect(await tags()).toHaveLength(before + 1);
  },
  DEPLOYING,
);
