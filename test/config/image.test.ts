// Which REDCap a stage runs: exactly one way to say so, and time zones that the image has.
import { ConfigurationError, validate } from "../../config";
import { type StageInput, sampleInput, sampleStage } from "../stacks/synth";

function stageWith(change: Partial<StageInput>, image?: string) {
  const input = sampleInput();
  const dev = sampleStage("dev");
  const { image: _, ...service } = dev.service as Record<string, unknown>;
  input.stages = [{ ...dev, service: { ...service, ...(image && { image }) } as StageInput["service"], ...change }];
  return input;
}

const problemsOf = (change: Partial<StageInput>, image?: string): string => {
  try {
    validate(stageWith(change, image));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "";
};

const IMAGE = "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4";

test("each of the three ways alone is accepted", () => {
  expect(problemsOf({ redCapLocalVersion: "17.4.4" })).toBe("");
  expect(problemsOf({ redCapS3Path: "bucket/folder/redcap17.4.4.zip" })).toBe("");
  expect(problemsOf({}, IMAGE)).toBe("");
});

test.each<[string, Partial<StageInput>, string | undefined, RegExp]>([
  ["none", {}, undefined, /stages\[dev\]\.redCapLocalVersion: Nothing says which REDCap.*releases/],
  [
    "two zips",
    { redCapLocalVersion: "17.4.4", redCapS3Path: "bucket/redcap.zip" },
    undefined,
    /redCapLocalVersion and redCapS3Path each say/,
  ],
  ["zip and image", { redCapS3Path: "bucket/redcap.zip" }, IMAGE, /redCapS3Path and service\.image each say/],
  ["no version", { redCapLocalVersion: "17" }, undefined, /Write REDCap's version/],
  ["s3://", { redCapS3Path: "s3://bucket/redcap.zip" }, undefined, /without s3:\/\/ in front/],
  ["a folder", { redCapS3Path: "bucket/folder/" }, undefined, /Write bucket and key/],
  ["rebuildImage of another image", { rebuildImage: true }, IMAGE, /rebuildImage: .*The stage builds no image/],
  [
    "an accepted risk of another image",
    { acceptRisk: "CVE-2026-90817" },
    IMAGE,
    /acceptRisk: .*The stage builds no image/,
  ],
  [
    "a PHP that no image has",
    { phpVersion: "7.4" as "8.2", redCapLocalVersion: "17.4.4" },
    undefined,
    /Use 8\.2 or 8\.4/,
  ],
])("%s is refused with the remedy", (_, change, image, message) => {
  expect(problemsOf(change, image)).toMatch(message);
});

test.each(["UTC", "Asia/Tokyo", "Europe/London", "Asia/Kolkata", "America/Argentina/Buenos_Aires"])(
  "%s is a time zone",
  (phpTimezone) => {
    expect(problemsOf({ phpTimezone }, IMAGE)).toBe("");
  },
);

test.each(["asia/tokyo", "Tokyo", "US/Eastern", "+09:00", "Mars/Base", "Europe/../passwd", ""])(
  '"%s" is none',
  (phpTimezone) => {
    expect(problemsOf({ phpTimezone }, IMAGE)).toMatch(/phpTimezone: .*Write an IANA time zone/);
  },
);
