// What holds where stages.ts says nothing: what people of other systems know as defaults must not change under their feet.
import { validate } from "../../config";

const minimal = {
  name: "dev",
  accountId: "111111111111",
  region: "eu-west-2",
  backup: { enabled: false, optOutReason: "This is a test of defaults." },
  redCapLocalVersion: "17.4.4",
};
const stageWith = (change: object) => validate({ stages: [{ ...minimal, ...change }] }).stages[0];
const onFargate = stageWith({ domain: "acme.com", service: { type: "fargate" } });
const onAppRunner = stageWith({ service: { type: "app-runner" } });

test("of a stage", () => {
  expect(onFargate).toMatchObject({
    ...{ allowedIps: [], allowedCountries: [], hostInRoute53: true },
    ...{ rebuildImage: false, phpTimezone: "UTC", generalLogRetention: 2_192 },
    ...{ waf: { type: "create" }, protect: { enabled: true } },
  });
  for (const field of ["profile", "redCapS3Path", "subdomain", "email", "bounceNotificationEmail", "maintenanceServer"])
    expect([field, onFargate?.[field as keyof typeof onFargate]]).toEqual([field, undefined]);
});

test("of a service on Fargate", () => {
  expect(onFargate?.service).toMatchObject({
    ...{ cpu: "2 vCPU", memory: "4 GB", port: 8080, cron: { minutes: 1 } },
    scaling: { minContainers: 1, maxContainers: 3, requestsPerContainer: 100, cpuUtilization: 60 },
  });
  expect(onFargate?.service).not.toHaveProperty("certificateArn");
});

test("of a service on App Runner", () => {
  expect(onAppRunner?.service).toMatchObject({
    ...{ cpu: "2 vCPU", memory: "4 GB", port: 8080, concurrency: 10, minSize: 1, maxSize: 2, cron: { minutes: 1 } },
  });
});

test("of a database", () => {
  expect(onFargate?.db).toMatchObject({
    ...{ dbReaders: 1, engineVersion: "8.0.mysql_aurora.3.10.0", preferredMaintenanceWindow: "sun:03:00-sun:04:00" },
    ...{ backtrackHours: 24, backupRetentionDays: 35, scaling: { minCapacityAcu: 0.5, maxCapacityAcu: 4 } },
  });
  for (const field of ["dbSnapshotId", "maxAllowedPacket", "readRndBufferSize", "sortBufferSize"])
    expect(onFargate?.db).not.toHaveProperty(field);
});

test("of a maintenance server", () => {
  expect(stageWith({ domain: "acme.com", service: { type: "fargate" }, maintenanceServer: {} })).toMatchObject({
    maintenanceServer: { hours: 3, upgrades: false },
  });
});
