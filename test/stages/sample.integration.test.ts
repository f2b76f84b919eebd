// The sample's stages with everything that they can have, on either type of service, with the real provider: deployed,
// nothing left to change, destroyed, and nothing left but what is meant to stay.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentInput } from "../../config";
import { standInZip } from "../containers/stand-in/zip";
import { type LocalAws, startLocalAws } from "../local-aws";
import { onAppRunner, sampleInput, sampleStage } from "../stacks/synth";
import { deploySurely, type Run, runCommand, writeStages } from "./command";
import { inventory } from "./inventory";

jest.setTimeout(1_800_000);

type StageInput = DeploymentInput["stages"][number];

const MAILBOX = "redcap-operations@example.org";
const { backupDestination, ...rest } = sampleInput();
const destination = backupDestination as NonNullable<typeof backupDestination>;
const ALL = { email: MAILBOX, budget: { monthlyUsd: 900 }, waf: { type: "create" } } as const;

/** The sample's production, with mail. How a name is delegated is domains.integration.test.ts's. */
const prod: StageInput = { ...sampleStage("prod"), ...ALL };
const { service } = prod;
/** A second stage in the same account that builds its image, without a domain: App Runner gives it a name. */
const pilot: StageInput = {
  ...{ ...sampleStage("dev"), ...ALL, name: "pilot", redCapLocalVersion: "17.4.4" },
  ...onAppRunner({ image: undefined, cron: { minutes: 5 } }),
};

let aws: LocalAws;
let folder: string;
let stages: StageInput[] = [prod, pilot];
let { route53Ns } = rest;
let before: string[];

function environment(): NodeJS.ProcessEnv {
  const stagesFile = join(folder, "stages.ts");
  writeStages(stagesFile, { ...rest, route53Ns, backupDestination: destination, stages });
  return { ...aws.environment(), CI: "true", REDCAP_STAGES_FILE: stagesFile, REDCAP_RELEASES_FOLDER: folder };
}
const type = (script: string, ...args: string[]): Promise<Run> => runCommand(script, args, environment());
const ENDED_WELL = { code: 0, output: expect.any(String) };
const deploy = (name: string) => deploySurely(["--stage", name], environment());
const destroy = (name: string) => type("destroy.ts", "--stage", name, "--confirm", name);
const resources = () =>
  inventory({ region: prod.region, endpoint: aws.endpoint, credentials: aws.credentials(prod.accountId) });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-sample-"));
  writeFileSync(join(folder, "redcap17.4.4.zip"), standInZip({ version: "17.4.4" }));
  const accounts = [prod, destination].map(({ accountId: id, profile = "" }) => ({ id, profile }));
  const certificates = service.type === "fargate" && service.certificateArn ? [service.certificateArn] : [];
  aws = await startLocalAws({ accounts, region: prod.region, certificates });
  expect(await type("bootstrap.ts", "--stage", "prod", "--yes")).toEqual(ENDED_WELL);
  expect(await type("bootstrap.ts", "--backup-account", "--yes")).toEqual(ENDED_WELL);
  const args = ["deploy", "backup-destination", "--auto-approve", "--output", join(folder, "cdktf.out")];
  expect(await type("cdktf.ts", ...args)).toEqual(ENDED_WELL);
  before = await resources();
});
afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("production on Fargate: domain, mail, maintenance server, backups to the second account", async () => {
  expect(await deploy("prod")).toEqual({
    code: 0,
    output: expect.stringContaining("url = https://redcap.example.org/"),
  });
  const again = await deploy("prod");
  expect(again).toEqual({ code: 0, output: expect.stringContaining("app-prod: nothing to change.") });
  expect(again.output).toContain("backup-source-prod: nothing to change.");
});

test("a second stage on App Runner in the same account, with a name of AWS's", async () => {
  expect(await deploy("pilot")).toEqual({
    code: 0,
    output: expect.stringMatching(/^url = https:\/\/\S+\.awsapprunner\.com\/$/m),
  });
  expect(await deploy("pilot")).toEqual({ code: 0, output: expect.stringContaining("app-pilot: nothing to change.") });
});

test("production goes in two steps, and not while the parent zone leads to it", async () => {
  const protect = { enabled: false, reason: "Tried for a week, and not used." } as const;
  const changed = { ...prod, protect, service: { ...service, deletionProtection: false } as StageInput["service"] };
  stages = [changed, pilot];
  const destroyed = await destroy("prod");
  expect(destroyed).toEqual({ code: 1, output: expect.stringContaining("npm run deploy -- --stage prod") });
  expect(await deploy("prod")).toEqual(ENDED_WELL);
  const led = await destroy("prod");
  expect(led).toEqual({ code: 1, output: expect.stringContaining("still leads redcap.example.org to the zone") });
  route53Ns = undefined;
  expect(await destroy("prod")).toEqual(ENDED_WELL);
});

test("of both, snapshot, key and salt are left", async () => {
  expect(await destroy("pilot")).toEqual(ENDED_WELL);
  const left = (await resources()).filter((resource) => !before.includes(resource));
  expect(left.map((resource) => resource.replace(/-final-.*$/, "-final").replace(/^kms key .*$/, "kms key"))).toEqual([
    "db snapshot redcap-pilot-final",
    "db snapshot redcap-prod-final",
    "kms key",
    "kms key",
    "secret redcap-pilot/salt",
    "secret redcap-prod/salt",
  ]);
});
