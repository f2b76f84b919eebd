// A stage that builds its own image, as a person types it: first deployment, second plan, another version, roll-out, rebuild,
// and the whole upgrade.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeImagesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { DescribeDBClusterSnapshotsCommand, RDSClient } from "@aws-sdk/client-rds";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
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
  const withCron = { ...service, cron: { minutes: 5 } } as StageInput["service"];
  const building = { redCapLocalVersion: "17.4.4", service: withCron, ...change };
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

const client = () => ({
  region: stage.region,
  endpoint: aws.endpoint,
  credentials: aws.credentials(stage.accountId),
});

/** Tags of all images, the live one's first. */
async function tags(): Promise<string[][]> {
  const ecr = new ECRClient(client());
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

describe("npm run upgrade", () => {
  const upgrade = (...flags: string[]) => type("upgrade.ts", "--stage", "dev", ...flags);
  const snapshots = async () => {
    const { DBClusterSnapshots = [] } = await new RDSClient(client()).send(
      new DescribeDBClusterSnapshotsCommand({ SnapshotType: "manual" }),
    );
    return DBClusterSnapshots.map(({ DBClusterSnapshotIdentifier }) => DBClusterSnapshotIdentifier);
  };
  const cron = async () => {
    const schedule = new GetScheduleCommand({ GroupName: names.scheduleGroup, Name: names.cronSchedule });
    return (await new SchedulerClient(client()).send(schedule)).State;
  };
  const nextTask = (end: object) =>
    fetch(`${aws.endpoint}/local-aws/ecs/next-task`, { method: "POST", body: JSON.stringify(end) });
  const line = (message: string) => JSON.stringify({ type: "container", message });

  beforeAll(async () => {
    putZip("17.6.0");
    configure({ redCapLocalVersion: "17.6.0" });
    expect(await type("deploy.ts", "--stage", "dev", "--yes")).toMatchObject({ code: 0 });
  }, DEPLOYING);

  test(
    "only looks with --dry-run, and asks before it changes something",
    async () => {
      const looked = await upgrade("--dry-run");
      expect(looked).toEqual({ code: 0, output: expect.stringMatching(/17\.5\.0-\d{14} is live/) });
      expect(looked.output).toContain("Nothing was changed.");
      expect(await upgrade()).toEqual({ code: 1, output: expect.stringContaining("add --yes to go on") });
      expect([await snapshots(), await cron(), (await tags())[0]]).toEqual([[], "ENABLED", ["live", built("17.5.0")]]);
    },
    QUICK,
  );

  test(
    "stops where the database cannot be upgraded: with the reason, the way back, and cron off",
    async () => {
      await nextTask({ exitCode: 1, line: line("upgrade.php said: table redcap_metadata is locked") });
      const { code, output } = await upgrade("--yes");
      expect([code, output]).toEqual([
        1,
        expect.stringContaining("The upgrade failed: upgrade.php said: table redcap_m"),
      ]);
      expect(output).toMatch(/In stages\.ts name the zip of REDCap 17\.5\.0 again/);
      expect(output).toMatch(
        /npm run restore -- --stage dev --recovery-point arn:aws:rds:\S+redcap-dev-before-upgrade-\d{14}/,
      );
      expect(await snapshots()).toEqual([expect.stringMatching(/^redcap-dev-before-upgrade-\d{14}$/)]);
      expect([await cron(), (await tags())[0]]).toEqual(["DISABLED", ["live", built("17.6.0")]]);
    },
    DEPLOYING,
  );

  test(
    "goes on where it stopped: no second snapshot, no second build; then cron runs again",
    async () => {
      const before = await tags();
      await nextTask({ exitCode: 0, line: line("The database is at 17.6.0.") });
      const { code, output } = await upgrade("--yes");
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("The database is at 17.6.0.") });
      expect([await tags(), (await snapshots()).length, await cron()]).toEqual([before, 1, "ENABLED"]);
      const again = await type("deploy.ts", "--stage", "dev", "--yes");
      expect(again).toEqual({ code: 0, output: expect.stringContaining("app-dev: nothing to change.") });
    },
    DEPLOYING,
  );

  test(
    "keeps deployments and restores out, until it is given up; cron stays off while code and tables may not fit",
    async () => {
      await nextTask({ exitCode: 1, line: line("No.") });
      const { output } = await upgrade("--yes");
      const arn = /--recovery-point (\S+)/.exec(output)?.[1] ?? "";
      const restore = () => type("restore.ts", "--stage", "dev", "--recovery-point", arn, "--yes", "--rehearse");
      expect(await restore()).toEqual({
        code: 1,
        output: expect.stringContaining("being restored or upgraded already"),
      });
      const held = { code: 1, output: expect.stringContaining("being restored or upgraded already") };
      expect(await type("deploy.ts", "--stage", "dev", "--yes")).toEqual(held);
      expect(await type("image.ts", "deploy", "--stage", "dev")).toEqual(held);
      const ended = await upgrade("--give-up");
      expect(ended).toEqual({ code: 0, output: expect.stringContaining("is given up. Cron stays off.") });
      expect(ended.output).toContain(`--recovery-point ${arn}`);
      expect(ended.output).toContain('enable schedule "cron" of group redcap-dev');
      expect(await cron()).toBe("DISABLED");
      expect((await restore()).output).not.toContain("already");
      expect(await upgrade("--give-up")).toEqual({ code: 1, output: expect.stringContaining("no unfinished upgrade") });
    },
    DEPLOYING,
  );
});
