import { type BackupDestinationConfig, findStage, validate } from "../../../config";
import { keptConfiguration } from "../../../scripts/recovery-kit/configuration";
import { describeChanges, describeKits, type Fetched, nextCommands } from "../../../scripts/recovery-kit/describe";
import { choose, distinct } from "../../../scripts/recovery-kit/history";
import type { Kit } from "../../../scripts/recovery-kit/kit";
import { sampleInput, sampleStage } from "../../stacks/synth";

/** @param objects SHA-256 of each file, by one digit */
function kit(day: number, objects: Record<string, string>): Kit {
  const entries = Object.entries(objects).map(([file, digit]) => [
    file,
    { versionId: "v", writtenAt: "2026-01-01T00:00:00.000Z", size: 120_000_000, sha256: digit.repeat(64) },
  ]);
  const common = { format: 1, stage: "prod", accountId: "1", region: "r", project: "0", time: "" } as const;
  return {
    versionId: `m${day}`,
    time: new Date(Date.UTC(2026, 0, day)),
    manifest: { ...common, objects: Object.fromEntries(entries) },
  };
}

const kits = [
  kit(4, { "salt.json": "a", "redcap.zip": "2" }),
  kit(3, { "redcap.zip": "1", "salt.json": "a" }),
  kit(2, { "salt.json": "a", "redcap.zip": "1" }),
];

test("kits that hold the same are one line, with the time that it held", () => {
  expect(distinct(kits).map(({ newest, since }) => [newest.versionId, since.getUTCDate()])).toEqual([
    ["m4", 4],
    ["m3", 2],
  ]);
  expect(describeKits(kits)).toContain(
    "2026-01-02 00:00 UTC to 2026-01-03 00:00 UTC, --manifest m3\n  redcap.zip (120.0 MB)",
  );
  expect(describeKits(kits)).not.toContain("ANOTHER SALT");
  expect(describeKits(kits).match(/changed: .*/g)).toEqual(["changed: redcap.zip"]);
});

test("of each file it is said since when it is as it is, and which kit has it as before", () => {
  const forged = [kit(6, { "salt.json": "a", "redcap.zip": "2" }), kit(5, { "salt.json": "a", "stages.json": "9" })];
  const all = [...forged, ...kits] as [Kit, Kit, Kit, Kit, Kit];
  expect(describeChanges(all[0], all).split("\n")).toEqual([
    "  salt.json: the same since the oldest kit, 2026-01-02 00:00 UTC",
    "  redcap.zip: another since 2026-01-06 00:00 UTC; --manifest m5 is the last kit before",
    "  stages.json: gone since 2026-01-06 00:00 UTC; --manifest m5 is the last kit before",
  ]);
  // Of a kit in the middle, nothing of what came later.
  expect(describeChanges(all[3], all).split("\n")).toEqual([
    "  redcap.zip: the same since the oldest kit, 2026-01-02 00:00 UTC",
    "  salt.json: the same since the oldest kit, 2026-01-02 00:00 UTC",
  ]);
});

test("the newest is chosen, unless its salt is another or missing", () => {
  expect(choose(kits, undefined).versionId).toBe("m4");
  expect(choose(kits, "m2").versionId).toBe("m2");
  expect(() => choose(kits, "m9")).toThrow(/no such kit/);
  const forgeries: Record<string, string>[] = [{ "salt.json": "b" }, { "redcap.zip": "2" }];
  for (const objects of forgeries) {
    const forged = [kit(5, objects), ...kits];
    expect(() => choose(forged, undefined)).toThrow(/another salt/);
    expect(choose(forged, "m5").versionId).toBe("m5");
    expect(describeKits(forged)).toContain("ANOTHER SALT");
  }
});

/** The sample's prod stage, which builds its image. */
function building(change: object = { redCapLocalVersion: "17.4.4" }) {
  const { image: _, ...service } = sampleStage("prod").service as Record<string, unknown>;
  return {
    stages: [{ ...sampleStage("prod"), service, ...change }],
    backupDestination: sampleInput().backupDestination,
  };
}

const config = validate(sampleInput());
const fetched: Omit<Fetched, "kept"> = {
  stage: findStage(config, "prod"),
  destination: config.backupDestination as BackupDestinationConfig,
  folder: "kit",
  files: ["salt.json", "redcap.zip", "stages.json"],
};

test("the commands lead from a kit to a running stage: the salt before the deployment, the restore after it", () => {
  const { stage } = keptConfiguration(JSON.stringify(building()));
  const commands = nextCommands({ ...fetched, kept: stage });
  expect(commands.map((command) => command.replace(/ +#.*/, ""))).toEqual([
    "cp kit/stages.ts stages.ts",
    "cp kit/redcap.zip releases/redcap17.4.4.zip",
    "npm run bootstrap -- --stage prod",
    "npm run cdktf -- deploy backup-destination",
    "npm run recovery-kit -- put-salt --stage prod --from kit",
    "npm run deploy -- --stage prod",
    expect.stringMatching(
      /^aws backup list-recovery-points-by-backup-vault --backup-vault-name redcap-destination .* --region eu-west-2 --profile 'redcap-backup'$/,
    ),
    "npm run restore -- --stage prod --recovery-point <arn>",
    "rm -r kit",
  ]);
});

test("an image that may be lost with the account is to be built again before the deployment", () => {
  const commands = nextCommands({ ...fetched, kept: fetched.stage });
  const at = commands.findIndex((command) =>
    command.startsWith("# 111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap"),
  );
  expect(commands[at]).toContain("build and push it again (docs/image.md)");
  expect(commands[at + 1]).toBe("npm run deploy -- --stage prod");
  const elsewhere = { ...fetched.stage, accountId: "333333333333" };
  expect(nextCommands({ ...fetched, kept: elsewhere }).join()).not.toContain("build and push it again");
});

test("a path that an intruder chose is no command of a shell", () => {
  const { stage } = keptConfiguration(JSON.stringify(building({ redCapS3Path: "releases/$(reboot).zip" })));
  expect(nextCommands({ ...fetched, kept: stage })).toContain("aws s3 cp kit/redcap.zip 's3://releases/$(reboot).zip'");
});

test("a kit's configuration becomes a stages.ts", () => {
  const { stagesFile, stage, problem } = keptConfiguration(JSON.stringify(building()));
  expect(stagesFile).toBe(
    `import { defineDeployment } from "./config";\n\nexport default defineDeployment(${JSON.stringify(building(), null, 2)});\n`,
  );
  expect([stage?.name, problem]).toEqual(["prod", undefined]);
});

test("one that is a program becomes none", () => {
  const { stagesFile, stage, problem } = keptConfiguration('{});\nrequire("child_process").execSync("reboot");({}');
  expect([stagesFile, stage, problem]).toEqual([undefined, undefined, expect.stringContaining("is no JSON")]);
  const inherited = keptConfiguration(`{"__proto__": {"profile": "intruder"}, ${JSON.stringify(building()).slice(1)}`);
  expect(inherited.stagesFile).not.toContain("intruder");
});

test("one that this version does not know is written and told of, and the commands still follow", () => {
  const old = building({ redCapLocalVersion: "17.4.4", "oldField\u001b[2J": 1 });
  const { stagesFile, stage, problem } = keptConfiguration(JSON.stringify(old));
  expect(stagesFile).toContain("oldField");
  expect(problem).toContain("stages[prod].oldField[2J: unknown key");
  const commands = nextCommands({ ...fetched, kept: stage });
  expect(commands.slice(0, 2)).toEqual([
    expect.stringMatching(/^cp kit\/stages\.ts stages\.ts/),
    expect.stringMatching(/^cp kit\/redcap\.zip releases\/redcap<version>\.zip/),
  ]);
  expect(commands).toHaveLength(9);
});
