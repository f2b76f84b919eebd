import { validate } from "../../../config";
import { asStagesFile, describeKits, nextCommands } from "../../../scripts/recovery-kit/describe";
import { choose, distinct, type Kit } from "../../../scripts/recovery-kit/kit";
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

test("the commands lead from a kit to a running stage: the salt before the deployment, the restore after it", () => {
  const { image: _, ...service } = sampleStage("prod").service as Record<string, unknown>;
  const prod = { ...sampleStage("prod"), service, redCapLocalVersion: "17.4.4" };
  const { backupDestination } = sampleInput();
  const kept = JSON.parse(JSON.stringify(validate({ stages: [prod], backupDestination }).stages));
  const commands = nextCommands("prod", "kit", ["salt.json", "redcap.zip"], { stages: kept, backupDestination });
  expect(commands.map((command) => command.replace(/ +#.*/, ""))).toEqual([
    "cp kit/stages.ts stages.ts",
    "cp kit/redcap.zip releases/redcap17.4.4.zip",
    "npm run bootstrap -- --stage prod",
    "npm run cdktf -- deploy backup-destination",
    "npm run recovery-kit -- put-salt --stage prod --from kit",
    "npm run deploy -- --stage prod",
    "npm run restore -- --stage prod",
    "rm -r kit",
  ]);
  expect(nextCommands("prod", "kit", ["salt.json"], undefined)).toHaveLength(6);
});

test("a kit's configuration becomes a stages.ts", () => {
  expect(asStagesFile('{\n  "stages": []\n}\n')).toBe(
    'import { defineDeployment } from "./config";\n\nexport default defineDeployment({\n  "stages": []\n});\n',
  );
});
