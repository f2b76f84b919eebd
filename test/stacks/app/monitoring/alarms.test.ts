import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT, validate } from "../../../../config";
import { maxConnections } from "../../../../stacks/app/monitoring/database";
import { all, type Block, byId, one, ref, type StageInput, sampleInput, sampleStage, synthesizeApp } from "../../synth";
import { matches } from "./event-pattern";

const stack = synthesizeApp();
const dev = synthesizeApp({}, "dev");
const alarmsOf = (of: typeof stack): Record<string, Block> =>
  Object.fromEntries(
    all(of, "aws_cloudwatch_metric_alarm").map((alarm) => [
      String(alarm.alarm_name).replace(/^redcap-\w+-/, ""),
      alarm,
    ]),
  );
const alarms = alarmsOf(stack);
const withMail = synthesizeApp({ email: "admins@example.org" });
const TOPIC = ref(
  `aws_sns_topic.${Object.keys(byId(stack, "aws_sns_topic")).find((id) => id.startsWith("notifications_"))}.arn`,
);

/** Of both stages; each needs a service, a database and what keeps its secrets. */
const ALWAYS = [
  "no-healthy-task",
  "unhealthy-tasks",
  "redcap-errors",
  "load-balancer-errors",
  "slow-responses",
  "certificate",
  "task-cpu",
  "task-memory",
  "tasks-fail",
  "container-errors",
  "database-errors",
  "database-capacity",
  "database-connections",
  "database-memory",
  "database-size",
  "deadlocks",
  "database-logins",
  "database-users-function",
  "files-key-function",
  "nat-1",
  "waf-blocks",
];

const BACKUPS = ["no-backup", "no-copy", "no-files-backup", "no-files-copy"];

test("production has every alarm, and each is there once", () => {
  expect(Object.keys(alarms).sort()).toEqual(
    [
      ...ALWAYS,
      "nat-2",
      "nat-3",
      "no-cron",
      "cron-fails",
      "replica-lag",
      ...BACKUPS,
      "recovery-kit-function",
      "no-recovery-kit",
    ].sort(),
  );
  expect(all(stack, "aws_cloudwatch_metric_alarm")).toHaveLength(Object.keys(alarms).length);
});

test("a stage without cron, reader and backup is not watched for them", () => {
  expect(Object.keys(alarmsOf(dev)).sort()).toEqual([...ALWAYS].sort());
});

test("silence is an alarm only where something must happen all the time", () => {
  const breaching = (of: typeof stack) =>
    Object.entries(alarmsOf(of)).flatMap(([id, { treat_missing_data }]) => {
      expect(["breaching", "notBreaching"]).toContain(treat_missing_data);
      return treat_missing_data === "breaching" ? [id] : [];
    });
  expect(breaching(stack).sort()).toEqual([...BACKUPS, "no-cron", "no-healthy-task", "no-recovery-kit"].sort());
  // A paused database, idle functions and a day without visitors report nothing.
  expect(breaching(dev)).toEqual(["no-healthy-task"]);
});

test.each(Object.entries(alarms))(
  "%s tells the operators when it goes off and when it is over, with what to do",
  (_, alarm) => {
    expect(alarm).toMatchObject({ alarm_actions: [TOPIC], ok_actions: [TOPIC] });
    expect(alarm).not.toHaveProperty("insufficient_data_actions");
    expect(alarm.alarm_description).toMatch(/^[A-Z].+\. First: [a-zA-Z].+/);
    // Who reads it at night types what it says.
    expect(alarm.alarm_description).not.toMatch(/<\w+>/);
    // PutMetricAlarm, CloudWatch API reference.
    expect(String(alarm.alarm_description).length).toBeLessThanOrEqual(1024);
    const seconds = Number(alarm.period) * Number(alarm.evaluation_periods);
    expect(seconds).toBeLessThanOrEqual(Number(alarm.period) < 3600 ? 86_400 : 7 * 86_400);
    expect(Number(alarm.datapoints_to_alarm)).toBeLessThanOrEqual(Number(alarm.evaluation_periods));
    expect(Number.isInteger(Number(alarm.period) / 60)).toBe(true);
  },
);

describe("measures", () => {
  const id = (type: string, start: string) => {
    const found = Object.keys(byId(stack, type)).filter((name) => name.startsWith(start));
    expect(found).toHaveLength(1);
    return `${type}.${found[0]}`;
  };
  const balancer = ref(`${id("aws_lb", "load-balancer_")}.arn_suffix`);
  const targets = ref(`${id("aws_lb_target_group", "load-balancer_")}.arn_suffix`);

  test.each<[string, object]>([
    [
      "redcap-errors",
      {
        ...{ namespace: "AWS/ApplicationELB", metric_name: "HTTPCode_Target_5XX_Count", statistic: "Sum" },
        ...{ dimensions: { LoadBalancer: balancer, TargetGroup: targets }, threshold: 10, period: 300 },
      },
    ],
    [
      "load-balancer-errors",
      { metric_name: "HTTPCode_ELB_5XX_Count", dimensions: { LoadBalancer: balancer }, statistic: "Sum" },
    ],
    [
      "no-healthy-task",
      {
        ...{ metric_name: "HealthyHostCount", comparison_operator: "LessThanThreshold", threshold: 1 },
        ...{ statistic: "Maximum", evaluation_periods: 3, period: 60 },
      },
    ],
    [
      "slow-responses",
      {
        extended_statistic: "p95",
        evaluate_low_sample_count_percentiles: "ignore",
        threshold: 5,
      },
    ],
    [
      "certificate",
      { namespace: "AWS/CertificateManager", metric_name: "DaysToExpiry", threshold: 30, period: 86_400 },
    ],
    [
      "task-cpu",
      {
        ...{ namespace: "AWS/ECS", metric_name: "CPUUtilization", threshold: 90 },
        dimensions: { ClusterName: "redcap-prod", ServiceName: "redcap-prod" },
      },
    ],
    ["database-capacity", { namespace: "AWS/RDS", metric_name: "ACUUtilization", threshold: 90 }],
    // 16 ACU: 2,000 connections, 32 GiB.
    ["database-connections", { metric_name: "DatabaseConnections", threshold: 1_600 }],
    [
      "database-memory",
      { metric_name: "FreeableMemory", threshold: Math.floor(1.6 * 2 ** 30), comparison_operator: "LessThanThreshold" },
    ],
    [
      "no-cron",
      { namespace: "redcap-prod", metric_name: "CronSucceeded", evaluation_periods: 3, period: 300, threshold: 1 },
    ],
    // Of each part by itself: the files' backup says nothing of the database's.
    ["no-backup", { namespace: "redcap-prod", metric_name: "AuroraBackup", evaluation_periods: 26, period: 3600 }],
    ["no-files-backup", { namespace: "redcap-prod", metric_name: "S3Backup", evaluation_periods: 26 }],
    ["no-copy", { namespace: "redcap-prod", metric_name: "AuroraCopy", evaluation_periods: 36, period: 3600 }],
    ["no-files-copy", { namespace: "redcap-prod", metric_name: "S3Copy", evaluation_periods: 36 }],
    [
      "waf-blocks",
      {
        ...{ namespace: "AWS/WAFV2", metric_name: "BlockedRequests", threshold: 1_000 },
        dimensions: { WebACL: "redcap-prod", Region: "eu-west-2", Rule: "ALL" },
      },
    ],
    ["nat-1", { namespace: "AWS/NATGateway", metric_name: "ErrorPortAllocation" }],
    ["files-key-function", { namespace: "AWS/Lambda", metric_name: "Errors" }],
  ])("%s", (name, expected) => {
    expect(alarms[name]).toMatchObject(expected);
  });

  test("the writer, whichever instance it is", () => {
    for (const name of ["database-connections", "database-memory", "deadlocks", "database-logins"]) {
      expect(alarms[name]?.dimensions).toEqual({
        DBClusterIdentifier: ref("aws_rds_cluster.cluster.cluster_identifier"),
        Role: "WRITER",
      });
    }
  });

  test.each([
    [1, 90],
    [2, 90],
    [4, 135],
    [12, 1_000],
    [256, 6_000],
  ])("connections of %s ACU against %s", (maxCapacityAcu, expected) => {
    const [stage] = validate({
      ...sampleInput(),
      stages: [{ ...sampleStage("dev"), db: { scaling: { maxCapacityAcu } } }],
    }).stages;
    expect(stage && maxConnections(stage.db)).toBe(expected);
  });
});

describe("thresholds", () => {
  const withMonitoring = (monitoring: StageInput["monitoring"], base: "dev" | "prod" = "prod") =>
    synthesizeApp({ monitoring }, base);

  test("are the stage's", () => {
    const changed = alarmsOf(
      withMonitoring({
        enabled: true,
        thresholds: { serverErrors: 3, minutesWithoutCron: 60, hoursWithoutBackup: 168 },
      }),
    );
    expect(changed["redcap-errors"]?.threshold).toBe(3);
    expect(changed["no-cron"]?.evaluation_periods).toBe(12);
    expect(changed["no-backup"]?.evaluation_periods).toBe(168);
    expect(changed["task-cpu"]).toEqual(alarms["task-cpu"]);
  });

  test("backups and copies that come seldom are not waited for", () => {
    const backups = (thresholds: object) =>
      Object.keys(alarmsOf(withMonitoring({ enabled: true, thresholds }))).filter((id) => BACKUPS.includes(id));
    expect(backups({ hoursWithoutBackup: 0 }).sort()).toEqual(["no-copy", "no-files-copy"]);
    expect(backups({ hoursWithoutCopy: 0 }).sort()).toEqual(["no-backup", "no-files-backup"]);
  });

  test("copies that no rule makes are not waited for", () => {
    const { backup } = sampleStage("prod") as { backup: { rules: { copy?: unknown }[] } };
    const rules = backup.rules.map(({ copy: _, ...rule }) => rule);
    const changed = synthesizeApp({ backup: { ...backup, rules } as unknown as StageInput["backup"] });
    expect(Object.keys(alarmsOf(changed)).filter((id) => BACKUPS.includes(id))).toEqual([
      "no-backup",
      "no-files-backup",
    ]);
    expect(all(changed, "aws_cloudwatch_event_rule").map(({ name }) => name)).not.toContain("redcap-prod-copy-done");
  });

  test("cron is given three of its own intervals", () => {
    const service = { ...sampleStage("prod").service, cron: { minutes: 30 } } as never;
    expect(alarmsOf(synthesizeApp({ service }))["no-cron"]?.evaluation_periods).toBe(18);
  });

  test.each<[object, RegExp]>([
    [{ enabled: true, thresholds: { serverErrors: 0 } }, /monitoring\.thresholds\.serverErrors/],
    [{ enabled: true, thresholds: { minutesWithoutCron: 7 } }, /multiple of 5/],
    [{ enabled: true, thresholds: { hoursWithoutBackup: 200 } }, /168 hours at most/],
    [{ enabled: false }, /monitoring\.reason/],
    [{ enabled: false, reason: "no" }, /Say in a sentence/],
  ])("%j is refused", (monitoring, message) => {
    expect(() => withMonitoring(monitoring as never)).toThrow(message);
  });
});

/** Who deploys sees these fail, by the beginning of their logical id. */
const RUN_BY_DEPLOYMENTS = ["installation_", "image_"];

/** Functions of a stack, and those that alarms name. */
const functionsOf = (of: typeof stack) => ({
  watched: all(of, "aws_cloudwatch_metric_alarm")
    .filter(({ namespace, metric_name }) => namespace === "AWS/Lambda" && metric_name === "Errors")
    .map(({ dimensions }) => (dimensions as Record<string, string>).FunctionName)
    .sort(),
  working: Object.keys(byId(of, "aws_lambda_function"))
    .filter((id) => !RUN_BY_DEPLOYMENTS.some((start) => id.startsWith(start)))
    .map((id) => ref(`aws_lambda_function.${id}.function_name`))
    .sort(),
});

test("a function's alarm names the log group that the function writes to", () => {
  const groups = all(stack, "aws_cloudwatch_log_group").map(({ name }) => String(name));
  const named = Object.entries(alarms).flatMap(([id, { alarm_description }]) =>
    id.endsWith("-function") ? [/\/aws\/lambda\/[\w-]+/.exec(String(alarm_description))?.[0]] : [],
  );
  expect(named.length).toBeGreaterThan(2);
  expect(groups).toEqual(expect.arrayContaining(named));
});

test("every function that works by itself has an alarm", () => {
  const { watched, working } = functionsOf(withMail);
  expect(working.length).toBeGreaterThan(2);
  expect(watched).toEqual(working);
});

test("mail is watched where the stage sends it through SES, by its own configuration set", () => {
  const changed = alarmsOf(withMail);
  const [set] = Object.keys(byId(withMail, "aws_sesv2_configuration_set"));
  for (const [id, metric_name, threshold] of [
    ["mail-bounces", "Reputation.BounceRate", 0.05],
    ["mail-complaints", "Reputation.ComplaintRate", 0.001],
  ] as const) {
    expect(changed[id]).toMatchObject({
      ...{ namespace: "AWS/SES", metric_name, threshold },
      dimensions: { "ses:configuration-set": ref(`aws_sesv2_configuration_set.${set}.configuration_set_name`) },
    });
    expect(alarms).not.toHaveProperty(id);
  }
});

describe("on App Runner", () => {
  const service = { type: "app-runner", image: "public.ecr.aws/x/redcap:1", maxSize: 5 } as never;
  const appRunner = synthesizeApp({ service });
  const watched = alarmsOf(appRunner);
  const [id] = Object.keys(byId(appRunner, "aws_apprunner_service"));
  const dimensions = {
    ServiceName: ref(`aws_apprunner_service.${id}.service_name`),
    ServiceID: ref(`aws_apprunner_service.${id}.service_id`),
  };

  test("the service is watched by its own metrics, and the rest alike", () => {
    const onFargate = [
      ...["no-healthy-task", "unhealthy-tasks", "load-balancer-errors", "certificate", "task-cpu", "task-memory"],
      "tasks-fail",
    ];
    const shared = Object.keys(alarms).filter((name) => !onFargate.includes(name));
    const functions = Object.keys(watched).filter((name) => name.endsWith("-function"));
    expect(Object.keys(watched).sort()).toEqual(
      [...new Set([...shared, ...functions, "instances", "instance-cpu", "instance-memory"])].sort(),
    );
    for (const [name, metric_name, threshold] of [
      ["redcap-errors", "5xxStatusResponses", 10],
      ["slow-responses", "RequestLatency", 5_000],
      ["instances", "ActiveInstances", 5],
      ["instance-cpu", "CPUUtilization", 90],
      ["instance-memory", "MemoryUtilization", 90],
    ] as const)
      expect(watched[name]).toMatchObject({ namespace: "AWS/AppRunner", metric_name, threshold, dimensions });
  });

  test("every function that works by itself has an alarm there, too", () => {
    const { watched: named, working } = functionsOf(appRunner);
    expect(named).toEqual(working);
  });

  test("news of deployments come when they have ended, whichever way", () => {
    const rule = all(appRunner, "aws_cloudwatch_event_rule").find(({ name }) => name === "redcap-prod-deployment");
    const pattern = JSON.parse(String(rule?.event_pattern));
    const arn = ref(`aws_apprunner_service.${id}.arn`);
    const ended = (operationStatus: string, resource = arn) =>
      matches(pattern, {
        source: "aws.apprunner",
        "detail-type": "AppRunner Service Operation Status Change",
        resources: [resource],
        detail: { operationStatus },
      });
    expect(["DeploymentCompletedSuccessfully", "DeploymentFailed", "UpdateServiceFailed"].map((s) => ended(s))).toEqual(
      [true, true, true],
    );
    expect(ended("DeploymentStarted")).toBe(false);
    expect(ended("DeploymentFailed", "arn:other")).toBe(false);
  });
});

test("off with a reason, messages about events are left, and the log that they lead to", () => {
  const off = synthesizeApp({ monitoring: { enabled: false, reason: "Watched by the hospital's own system." } });
  for (const type of ["aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard", "aws_cloudwatch_log_metric_filter"])
    expect(all(off, type)).toEqual([]);
  const names = (of: typeof stack, type: string) => all(of, type).map(({ name }) => name);
  const rules = names(stack, "aws_cloudwatch_event_rule");
  expect(rules).toEqual(expect.arrayContaining(["redcap-prod-database-events", "redcap-prod-guardduty"]));
  // Those of backups are only counted.
  const messages = rules.filter((name) => !/-(backup|copy)-done$/.test(String(name)));
  expect(names(off, "aws_cloudwatch_event_rule").sort()).toEqual(messages.sort());
  expect(names(off, "aws_cloudwatch_log_group")).toEqual(names(stack, "aws_cloudwatch_log_group"));
});

test("before there is a certificate nothing serves, and nothing is missed", () => {
  const { certificateArn: _, ...service } = sampleStage("prod").service as { certificateArn?: string };
  const waiting = synthesizeApp({ service: service as never, domain: "redcap.example.org" });
  const names = Object.keys(alarmsOf(waiting));
  if (Object.keys(byId(waiting, "aws_ecs_service")).length > 0) {
    expect(names).toContain("no-healthy-task");
  } else {
    for (const name of ["no-healthy-task", "no-cron", "task-cpu", "certificate"]) expect(names).not.toContain(name);
    expect(names).toContain("database-capacity");
  }
  expect(one(waiting, "aws_cloudwatch_dashboard").dashboard_name).toBe("redcap-prod");
});

test("docs/monitoring.md names every alarm, and no other; those that silence sets off are marked", () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs/monitoring.md"), "utf8").split("## Messages")[0] ?? "";
  const rows = [...page.matchAll(/^\| (`.*?)(?: \|)/gm)].map(([, cell = ""]) => cell);
  const documented = rows.flatMap((row) =>
    row.split(", ").map((part): [string, boolean] => [part.replace(/`| ◆/g, ""), part.endsWith("◆")]),
  );
  const service = { type: "app-runner", image: "public.ecr.aws/x/redcap:1" } as never;
  const all = { ...alarms, ...alarmsOf(withMail), ...alarmsOf(synthesizeApp({ service })) };
  const general = (id: string) => id.replace(/^nat-\d$/, "nat-<n>").replace(/^[\w-]+-function$/, "<function>-function");
  const created = Object.entries(all).map(([id, alarm]): [string, boolean] => [
    general(id),
    alarm.treat_missing_data === "breaching",
  ]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(created));
});
