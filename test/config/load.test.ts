// A wrong configuration is refused before synth, with the field's path, its value and the remedy.
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConfigurationError,
  type DeploymentInput,
  findStage,
  loadDeployment,
  loadOwnDeployment,
  PROJECT_ROOT,
  stagesFile,
  validate,
} from "../../config";
import sample from "../../stages.sample";

type Draft = { stages: Record<string, unknown>[]; backupDestination?: Record<string, unknown> } & Record<
  string,
  unknown
>;

/** The sample with something wrong in it; [dev, prod] are its stages. */
function broken(change: (draft: Draft) => void): string {
  const draft = structuredClone(sample) as unknown as Draft;
  change(draft);
  try {
    validate(draft);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "accepted";
}

const inStage = (index: number, change: (stage: Record<string, never>) => void) =>
  broken((draft) => change(draft.stages[index] as Record<string, never>));
const dev = (values: object) => inStage(0, (stage) => Object.assign(stage, values));
const prod = (values: object) => inStage(1, (stage) => Object.assign(stage, values));

describe("the sample", () => {
  it("is valid, and its defaults are filled in", () => {
    const config = validate(sample);
    expect(config.stages.map(({ name }) => name)).toEqual(["dev", "prod"]);
    expect(config.stages[1]).toMatchObject({
      protect: { enabled: true },
      db: { dbReaders: 1, engineVersion: "8.0.mysql_aurora.3.10.0", backtrackHours: 24, backupRetentionDays: 35 },
      service: {
        ...{ cpu: "2 vCPU", memory: "4 GB", port: 8080, internal: false },
        cron: { minutes: 1, cpu: "0.5 vCPU", memory: "2 GB" },
        ...{ healthCheckPath: "/health/live", drainSeconds: 300, idleTimeoutSeconds: 4_000 },
      },
    });
  });

  it("lets nobody in unless addresses are written", () => {
    const [stage] = (sample as { stages: object[] }).stages;
    const { stages } = validate({ stages: [{ ...stage, allowedIps: undefined }] });
    expect(stages[0]?.allowedIps).toEqual([]);
  });
});

describe("a configuration is refused", () => {
  const db = (value: object) => prod({ db: value });
  const appRunner = (value: object) =>
    prod({
      service: { type: "app-runner", image: "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4", ...value },
    });
  const service = (value: object) =>
    prod({
      service: {
        type: "fargate",
        image: "redcap:1",
        certificateArn: "arn:aws:acm:eu-west-2:111111111111:certificate/x",
        ...value,
      },
    });
  const rule = { name: "daily", schedule: "cron(0 2 * * ? *)", deleteAfterDays: 35 };
  const lock = { mode: "governance", minRetentionDays: 7, maxRetentionDays: 400 };
  const backup = (value: object) => prod({ backup: { enabled: true, lock, rules: [rule], ...value } });

  it.each<[string, string, string]>([
    ["misspelt key", db({ dbReader: 1 }), 'stages[prod].db.dbReader: unknown key. Did you mean "dbReaders"?'],
    ["unknown key without likeness", dev({ zzzzzzzzzzzz: 1 }), "stages[dev].zzzzzzzzzzzz: unknown key. Remove it"],
    ["key of another place", prod({ clusterIdentifier: "x" }), "this key does not belong here"],
    ["wrong type", dev({ protect: false }), "false is not accepted. Write a value of type object."],
    ["missing field", dev({ region: undefined }), "stages[dev].region: missing"],
    [
      "account id as a number",
      dev({ accountId: 111111111111 }),
      "stages[dev].accountId: 111111111111 is not accepted.",
    ],
    [
      "short account id",
      dev({ accountId: "1234" }),
      'stages[dev].accountId: "1234" is not accepted. Write the AWS account id as 12 digits',
    ],
    ["bad region", dev({ region: "Europe" }), 'stages[dev].region: "Europe" is not accepted. Write an AWS region'],
    ["bad stage name", dev({ name: "Dev_1" }), "Use 2 to 16 lower-case letters"],
    ["double hyphen in a stage name", dev({ name: "a--b" }), "single hyphens"],
    ["host bits in an address block", dev({ allowedIps: ["198.51.100.7/24"] }), "by its network address"],
    ["leading zero in a prefix", dev({ allowedIps: ["10.0.0.0/08"] }), "Write a CIDR block"],
    ["an address block twice", dev({ allowedIps: ["10.0.0.0/8", "10.0.0.0/8"] }), "A block is written twice"],
    ["a reserved tag", dev({ tags: { "redcap:stack": "x" } }), "are taken"],
    [
      "pausing on an old engine",
      db({ engineVersion: "8.0.mysql_aurora.3.04.1", scaling: { minCapacityAcu: 0 } }),
      "needs Aurora MySQL 3.08",
    ],
    ["backup window too short", db({ preferredBackupWindow: "01:00-01:05" }), "30 minutes or more"],
    ["packet too small", db({ maxAllowedPacket: "1" }), "1024 to 1073741824"],
    ["a buffer that is no number", db({ sortBufferSize: "2M" }), "a number of bytes in quotes"],
    ["a buffer too large", db({ readRndBufferSize: "2147483648" }), "8192 to 2147479552"],
    ["an authority that has ended", db({ caCertificateIdentifier: "rds-ca-2019" }), '"rds-ca-rsa2048-g1"'],
    ["passwords for ever", db({ passwordRotationDays: 0 }), ">=1"],
    [
      "certificate of another region",
      service({ certificateArn: "arn:aws:acm:us-east-1:111111111111:certificate/x" }),
      "its own account and region",
    ],
    ["two rules of one name", backup({ rules: [rule, rule] }), "Two rules have the same name"],
    [
      "completion too soon after the start",
      backup({ rules: [{ ...rule, startWindowMinutes: 120, completionWindowMinutes: 120 }] }),
      "startWindowMinutes + 60",
    ],
    ["a domain with a dot at the end", prod({ domain: "example.org." }), "without a dot at the end"],
    ["two labels for a subdomain", prod({ subdomain: "a.b" }), "what stands above it belongs into domain"],
    [
      "a subdomain of nothing",
      dev({ subdomain: "redcap" }),
      'There is no domain that "redcap" would be below: add domain.',
    ],
    [
      "nothing to delegate",
      dev({ delegated: true }),
      "stages[dev].delegated: true is not accepted. There is no domain",
    ],
    [
      "a zone that the name is not in",
      prod({ hostInRoute53: "ample.org" }),
      'stages[prod].hostInRoute53: "ample.org" is not accepted. redcap.example.org is not in this zone',
    ],
    [
      "two stages at one address",
      dev({ domain: "redcap.example.org", mail: { type: "none", reason: "Nothing is sent." } }),
      'stages[prod].domain: "example.org" is not accepted. Another stage of this account is at redcap.example.org',
    ],
    [
      "Fargate without certificate and domain",
      dev({ service: { type: "fargate", image: "redcap:1" } }),
      "HTTPS needs a name",
    ],
    ["bad address block", dev({ allowedIps: ["10.0.0.1"] }), '"10.0.0.1" is not accepted. Write a CIDR block'],
    ["bad VPC block", dev({ network: { type: "create", cidr: "10.0.0.0/28" } }), "Write an IPv4 block from /16 to /22"],
    [
      "four zones",
      dev({ network: { type: "create", zones: 4 } }),
      "stages[dev].network.zones: 4 is not accepted. Use 2 or 3",
    ],
    [
      "one private subnet",
      dev({ network: { type: "existing", vpcId: "vpc-1a", privateSubnetIds: ["subnet-1a"] } }),
      "at least two availability zones",
    ],
    [
      "internet-facing without public subnets",
      dev({ network: { type: "existing", vpcId: "vpc-1a", privateSubnetIds: ["subnet-1a", "subnet-2b"] } }),
      "stages[dev].network.publicSubnetIds",
    ],
    ["log retention CloudWatch lacks", dev({ generalLogRetention: 31 }), "CloudWatch Logs accepts 1, 3, 5"],
    ["protection off without a reason", dev({ protect: { enabled: false } }), "stages[dev].protect.reason: missing"],
    ["backup off without a reason", dev({ backup: { enabled: false } }), "stages[dev].backup.optOutReason: missing"],
    [
      "engine of another major version",
      db({ engineVersion: "5.7.mysql_aurora.2.11.0" }),
      "Write an Aurora MySQL 3 version",
    ],
    ["capacity in wrong steps", db({ scaling: { minCapacityAcu: 0.7 } }), "steps of 0.5 ACU"],
    [
      "least capacity above the greatest",
      db({ scaling: { minCapacityAcu: 8, maxCapacityAcu: 4 } }),
      "minCapacityAcu must not be above maxCapacityAcu",
    ],
    ["sixteen readers", db({ dbReaders: 16 }), "Aurora allows 15 readers"],
    ["bad maintenance window", db({ preferredMaintenanceWindow: "Sunday 3am" }), "Write it like sun:03:00-sun:04:00"],
    ["backups for 40 days", db({ backupRetentionDays: 40 }), "1 to 35 days"],
    ["backtrack for 100 hours", db({ backtrackHours: 100 }), "72 hours at most"],
    ["unknown service", prod({ service: { type: "lambda" } }), "stages[prod].service.type"],
    [
      "App Runner with an image that is not in ECR",
      prod({ service: { type: "app-runner", image: "redcap:1" } }),
      'stages[prod].service.image: "redcap:1" is not accepted. App Runner runs images of Amazon ECR',
    ],
    ["memory that App Runner lacks", appRunner({ memory: "5 GB" }), "With 2 vCPU, App Runner allows 4, 6 GB."],
    ["memory of another size", appRunner({ cpu: "0.5 vCPU" }), "With 0.5 vCPU, App Runner allows 1 GB."],
    ["cron over HTTP on Fargate", service({ cron: { via: "http" } }), "service.cron.via"],
    ["cron by another way", appRunner({ cron: { via: "lambda" } }), "stages[prod].service.cron.via"],
    ["fewest instances above most", appRunner({ minSize: 3 }), "minSize must not be above maxSize."],
    ...["certificateArn", "internal", "drainSeconds", "idleTimeoutSeconds", "healthCheckPath", "scaling"].map(
      (field) =>
        [
          `${field} on App Runner`,
          appRunner({ [field]: 1 }),
          `stages[prod].service.${field}: this key does not belong`,
        ] as [string, string, string],
    ),
    ["memory that Fargate lacks", service({ memory: "3 GB" }), "With 2 vCPU, Fargate allows 4, 5"],
    ["cron once an hour", service({ cron: { minutes: 60 } }), "stages[prod].service.cron.minutes: 60 is not accepted."],
    [
      "cron with memory that Fargate lacks",
      service({ cron: { memory: "8 GB" } }),
      "With 0.5 vCPU, Fargate allows 1, 2",
    ],
    ["image without a version", service({ image: "redcap" }), "Write an image with its tag or digest"],
    ["image :latest", service({ image: "redcap:latest" }), "Name a version"],
    [
      "more containers at least than at most",
      service({ scaling: { minContainers: 9 } }),
      "minContainers must not be above maxContainers",
    ],
    ["idle timeout beyond the load balancer's", service({ idleTimeoutSeconds: 5000 }), "4,000 seconds at most"],
    ["compliance lock without grace", backup({ lock: { ...lock, mode: "compliance" } }), "needs changeableForDays"],
    [
      "grace below three days",
      backup({ lock: { ...lock, mode: "compliance", changeableForDays: 1 } }),
      "lock.changeableForDays: 1 is not accepted",
    ],
    [
      "retention outside the lock",
      backup({ rules: [{ ...rule, deleteAfterDays: 3 }] }),
      "outside the vault lock's 7 to 400",
    ],
    [
      "copy retention outside the destination's lock",
      backup({ rules: [{ ...rule, copy: { deleteAfterDays: 10 } }] }),
      "outside the destination lock's 30 to 400",
    ],
    [
      "a recovery kit that ends before the copies",
      broken((draft) => Object.assign(draft.backupDestination as object, { recoveryKitDays: 90 })),
      'backupDestination.recoveryKitDays: 90 is not accepted. Stage "prod" has copies that are kept for 365 days, and without its salt and zip they are of no use: write 365 or more, or leave it out.',
    ],
    [
      "cold storage for Aurora and S3",
      backup({ rules: [{ ...rule, deleteAfterDays: 200, coldStorageAfterDays: 30 }] }),
      "no cold storage for Aurora and S3",
    ],
    [
      "cold storage for less than 90 days",
      backup({ rules: [{ ...rule, deleteAfterDays: 60, coldStorageAfterDays: 30 }] }),
      "coldStorageAfterDays + 90",
    ],
    [
      "cold storage for a type that ignores it",
      backup({
        otherResources: {
          arns: ["arn:aws:s3:::other"],
          rules: [{ ...rule, deleteAfterDays: 200, coldStorageAfterDays: 30 }],
        },
      }),
      "no cold storage for arn:aws:s3:::other",
    ],
    ["two stages of one name", dev({ name: "prod" }), 'The name "prod" is taken'],
    ["copies with nowhere to go", broken((draft) => delete draft.backupDestination), "add backupDestination"],
    [
      "destination in the stage's own account",
      broken((draft) => Object.assign(draft.backupDestination as object, { accountId: "111111111111" })),
      "must not be the account of stage",
    ],
    [
      "destination in another region",
      broken((draft) => Object.assign(draft.backupDestination as object, { region: "eu-west-1" })),
      "use eu-west-2",
    ],
    ["no stage at all", broken((draft) => Object.assign(draft, { stages: [] })), "Write at least one stage"],
  ])("%s", (_, message, expected) => {
    expect(message).toContain(expected);
  });

  it.each([
    ["dbReaders", "db.dbReaders"],
    ["dbSnapshotId", "db.dbSnapshotId"],
    ["ecs", "service"],
    ["appRunnerConcurrency", "service.concurrency"],
    ["appRunnerMaxSize", "service.maxSize"],
    ["cpu", "service.cpu"],
    ["cronMinutes", "service.cron.minutes"],
    [
      "cronSecret",
      'service.cron: a scheduled task that needs no secret, or with service.type "app-runner" via: "http"',
    ],
  ])("with the new path of a spelling that has moved: %s", (key, path) => {
    expect(dev({ [key]: 1 })).toContain(`stages[dev].${key}: this setting is now ${path}`);
  });

  it("with the new path of one that has moved out of `db`", () => {
    const message = broken((draft) => Object.assign(draft.stages[1]?.db as object, { parameterGroupParameters: {} }));
    expect(message).toContain("stages[prod].db.parameterGroupParameters: this setting is now db.maxAllowedPacket");
  });

  it("naming every problem at once", () => {
    const message = broken((draft) => {
      Object.assign(draft.stages[0] as object, { region: "x", name: "X" });
      Object.assign(draft.stages[1] as object, { accountId: "1" });
    });
    expect(message).toMatch(/^stages.ts: \d problems\n/);
    expect(message).toContain('"X" is not accepted. Use 2 to 16');
    expect(message).toContain('"x" is not accepted. Write an AWS region');
    expect(message).toContain('"1" is not accepted. Write the AWS account id');
  });
});

describe("loading", () => {
  const before = process.env.REDCAP_STAGES_FILE;
  afterEach(() => {
    if (before === undefined) delete process.env.REDCAP_STAGES_FILE;
    else process.env.REDCAP_STAGES_FILE = before;
  });

  it("falls back to the sample, but not for commands that reach into an account", () => {
    delete process.env.REDCAP_STAGES_FILE;
    // A folder of its own: a fork of the project has a stages.ts.
    const root = mkdtempSync(join(tmpdir(), "project-"));
    copyFileSync(join(PROJECT_ROOT, "stages.sample.ts"), join(root, "stages.sample.ts"));
    expect(stagesFile(root)).toEqual({ file: join(root, "stages.sample.ts"), isSample: true });
    writeFileSync(
      join(root, "stages.sample.ts"),
      `module.exports.default = require(${JSON.stringify(join(PROJECT_ROOT, "stages.sample"))}).default;`,
    );
    expect(loadDeployment(root).isSample).toBe(true);
    expect(() => loadOwnDeployment(root)).toThrow("cp stages.sample.ts stages.ts");
  });

  it("says which file is missing", () => {
    process.env.REDCAP_STAGES_FILE = "nowhere.ts";
    expect(() => loadDeployment()).toThrow(/nowhere\.ts, which does not exist/);
  });

  it("says where a file has a mistake, without a stack trace", () => {
    const file = join(mkdtempSync(join(tmpdir(), "stages-")), "broken.js");
    writeFileSync(file, "module.exports = { default: undefinedName };");
    process.env.REDCAP_STAGES_FILE = file;
    expect(() => loadDeployment()).toThrow("broken.js cannot be read: undefinedName is not defined");
  });

  it("says that a file exports nothing", () => {
    const file = join(mkdtempSync(join(tmpdir(), "stages-")), "empty.js");
    writeFileSync(file, "module.exports = {};");
    process.env.REDCAP_STAGES_FILE = file;
    expect(() => loadDeployment()).toThrow("has no default export");
  });

  it("names the stages there are", () => {
    expect(() => findStage(validate(sample as DeploymentInput), "production")).toThrow(
      "--stage production: there is no such stage. Configured: dev, prod.",
    );
  });
});
