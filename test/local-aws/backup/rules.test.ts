// Rules that need no server: what a selection means, what metadata are taken, how a job runs, what a lock takes.

import { readRestoreMetadata } from "./aurora-metadata";
import { type JobKind, JobRun, type JobState, type Outcome, type PlannedFailure } from "./job-run";
import { readS3Metadata } from "./s3-metadata";
import { type Resource, selectedResources } from "./selection-match";
import { retentionProblem } from "./vault-lock";

describe("selection", () => {
  const cluster = (name: string, tags: Record<string, string> = {}): Resource => ({
    arn: `arn:aws:rds:eu-west-2:111111111111:cluster:${name}`,
    type: "Aurora",
    tags,
  });
  const bucket = (name: string, tags: Record<string, string> = {}): Resource => ({
    arn: `arn:aws:s3:::${name}`,
    type: "S3",
    tags,
  });
  const all = [
    cluster("prod", { Backup: "daily", Stage: "prod" }),
    cluster("dev"),
    bucket("files", { Backup: "daily" }),
  ];
  const select = (selection: object, isOptedIn = true) =>
    selectedResources({ SelectionName: "s", IamRoleArn: "r", ...selection }, all, () => isOptedIn).map(
      ({ arn }) => arn.split(":").at(-1) ?? "",
    );
  const daily = { ConditionType: "STRINGEQUALS" as const, ConditionKey: "Backup", ConditionValue: "daily" };

  test.each([
    ["nothing named: all", {}, ["prod", "dev", "files"]],
    ["by tag", { ListOfTags: [daily] }, ["prod", "files"]],
    [
      "several tags: any",
      { ListOfTags: [daily, { ...daily, ConditionKey: "Stage", ConditionValue: "prod" }] },
      ["prod", "files"],
    ],
    ["by ARN", { Resources: [cluster("dev").arn] }, ["dev"]],
    ["by type", { Resources: ["arn:aws:rds:*:*:cluster:*"] }, ["prod", "dev"]],
    ["by ARN or tag", { Resources: [cluster("dev").arn], ListOfTags: [daily] }, ["prod", "dev", "files"]],
    ["but not", { ListOfTags: [daily], NotResources: ["arn:aws:s3:::*"] }, ["prod"]],
    [
      "all conditions",
      {
        Conditions: {
          StringEquals: [{ ConditionKey: "aws:ResourceTag/Backup", ConditionValue: "daily" }],
          StringLike: [{ ConditionKey: "aws:ResourceTag/Stage", ConditionValue: "p*" }],
        },
      },
      ["prod"],
    ],
    [
      "negated",
      { Conditions: { StringNotEquals: [{ ConditionKey: "aws:ResourceTag/Backup", ConditionValue: "daily" }] } },
      ["dev"],
    ],
  ])("%s", (_name, selection, expected) => {
    expect(select(selection)).toEqual(expected);
  });

  test("types that are not opted in: tags do not select them, ARNs do", () => {
    expect(select({ ListOfTags: [daily] }, false)).toEqual([]);
    expect(select({}, false)).toEqual([]);
    expect(select({ Resources: [cluster("dev").arn], ListOfTags: [daily] }, false)).toEqual(["dev"]);
  });
});

describe("restore metadata of Aurora", () => {
  const required = { DBClusterIdentifier: "redcap-restored", Engine: "aurora-mysql" };

  test("reads AWS's own form, keys in any case, and leaves out what is empty", () => {
    const metadata = {
      ...required,
      AvailabilityZones: '["eu-west-2a","eu-west-2b"]',
      DatabaseName: "",
      enableCloudwatchLogsExports: '["audit"]',
      EnableIAMDatabaseAuthentication: "true",
      Port: "3306",
      VPCSECURITYGROUPIDS: '["sg-1"]',
    };
    expect(readRestoreMetadata(metadata)).toEqual({
      ...required,
      AvailabilityZones: ["eu-west-2a", "eu-west-2b"],
      EnableCloudwatchLogsExports: ["audit"],
      EnableIAMDatabaseAuthentication: true,
      Port: 3306,
      VpcSecurityGroupIds: ["sg-1"],
    });
  });

  test.each([
    [{ Engine: "aurora-mysql" }, "Missing: DBClusterIdentifier"],
    [{ DBClusterIdentifier: "" }, "Missing: DBClusterIdentifier, Engine"],
    [{ ...required, ServerlessV2ScalingConfiguration: "{}" }, "Unrecognized key: ServerlessV2ScalingConfiguration"],
    [{ ...required, VpcSecurityGroupIds: "sg-1" }, "VpcSecurityGroupIds must be a JSON array"],
    [{ ...required, Port: "mysql" }, "Port must be a number"],
    [{ ...required, CopyTagsToSnapshot: "yes" }, "CopyTagsToSnapshot must be true or false"],
  ])("%j is refused", (metadata, message) => {
    expect(() => readRestoreMetadata(metadata as Record<string, string>)).toThrow(message);
  });
});

describe("restore metadata of S3", () => {
  test("reads the documented keys, and the older ones", () => {
    const metadata = {
      DestinationBucketName: "files",
      NewBucket: "true",
      Encrypted: "true",
      EncryptionType: "SSE-KMS",
      KMSKey: "k",
    };
    expect(readS3Metadata(metadata)).toEqual({
      bucket: "files",
      isNewBucket: true,
      encryption: "SSE-KMS",
      kmsKey: "k",
    });
    expect(readS3Metadata({ DestinationBucketName: "files", ItemsToRestore: '["s3://files/a/b","/c"]' })).toEqual({
      bucket: "files",
      isNewBucket: false,
      encryption: "original",
      items: ["a/b", "c"],
    });
  });

  test.each([
    [{}, "Missing: DestinationBucketName"],
    [{ DestinationBucketName: "b", Bucket: "b" }, "Unrecognized key: Bucket"],
    [{ DestinationBucketName: "b", EncryptionType: "AES256" }, "EncryptionType must be one of"],
    [{ DestinationBucketName: "b", KMSKey: "k" }, "KMSKey needs EncryptionType SSE-KMS"],
    [{ DestinationBucketName: "b", ItemsToRestore: '["1","2","3","4","5","6"]' }, "at most 5"],
    [{ DestinationBucketName: "b", RestoreACLs: "true" }, "Unable to restore Access Control Lists"],
  ])("%j is refused", (metadata, message) => {
    expect(() => readS3Metadata(metadata as Record<string, string>)).toThrow(message);
  });
});

describe("retention and the vault's lock", () => {
  const lock = { minRetentionDays: 7, maxRetentionDays: 90 };
  test.each([
    [7, false],
    [90, false],
    [6, true],
    [91, true],
    [undefined, true],
  ])("%p days against 7 to 90", (DeleteAfterDays, isRefused) => {
    expect(retentionProblem("Copy", lock, { DeleteAfterDays }) !== undefined).toBe(isRefused);
  });

  test("for ever is long enough for a minimum alone, and anything is without a lock", () => {
    expect(retentionProblem("Copy", { minRetentionDays: 7 }, undefined)).toBeUndefined();
    expect(retentionProblem("Copy", undefined, { DeleteAfterDays: 1 })).toBeUndefined();
  });
});

describe("job", () => {
  function run(work: () => Promise<Outcome>, failure?: PlannedFailure, kind: JobKind = "copy") {
    const states: JobState[] = [];
    const job = new JobRun({
      kind,
      seconds: 0.2,
      now: () => new Date(),
      work,
      takePlannedFailure: () => failure,
      onState: async (state) => void states.push(state),
      hurry: new AbortController().signal,
    });
    return { job, states };
  }
  const outcome = (changes: Partial<Outcome> = {}): Outcome => ({
    keep: () => undefined,
    discard: async () => undefined,
    ...changes,
  });

  test("passes through its states, and its result appears at the end", async () => {
    let isKept = false;
    const { job, states } = run(async () => outcome({ keep: () => (isKept = true) }));
    expect([job.state, job.percentDone]).toEqual(["CREATED", 0]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(job.state).toBe("RUNNING");
    expect(job.percentDone).toBeGreaterThan(10);
    expect(job.percentDone).toBeLessThan(100);
    expect(isKept).toBe(false);
    await job.ended;
    expect(states).toEqual(["RUNNING", "COMPLETED"]);
    expect([job.percentDone, isKept]).toEqual([100, true]);
    expect((job.completionDate?.getTime() ?? 0) - job.creationDate.getTime()).toBeGreaterThanOrEqual(190);
  });

  test("work that throws fails it, with the reason", async () => {
    const { job, states } = run(() => Promise.reject(new Error("no room")));
    await job.ended;
    expect([states, job.statusMessage]).toEqual([["RUNNING", "FAILED"], "no room"]);
  });

  test("a planned failure does no work", async () => {
    let isDone = false;
    const work = async () => {
      isDone = true;
      return outcome();
    };
    const { job, states } = run(work, { kind: "copy", message: "as planned", state: "PARTIAL" });
    await job.ended;
    expect([states.at(-1), job.statusMessage, isDone]).toEqual(["PARTIAL", "as planned", false]);
  });

  test("a stopped job's result is discarded", async () => {
    const calls: string[] = [];
    const keep = () => void calls.push("keep");
    const discard = async () => void calls.push("discard");
    const { job, states } = run(async () => outcome({ keep, discard }), undefined, "backup");
    await new Promise((resolve) => setTimeout(resolve, 60));
    job.stop();
    expect(job.state).toBe("ABORTING");
    await job.ended;
    expect([states.at(-1), calls]).toEqual(["ABORTED", ["discard"]]);
  });
});
