// What EventBridge passes on, judged by the events that AWS documents.
import { documentOf, policyStatements } from "../../invariant";
import { all, type Block, blocks, byId, one, ref, sampleStage, synthesizeApp } from "../../synth";
import { matches } from "./event-pattern";

const { image: _, ...service } = sampleStage("prod").service as Record<string, unknown>;
/** One that builds its image. */
const stack = synthesizeApp({ service: service as never, redCapS3Path: "our-releases/redcap17.4.4.zip" });
const rules = all(stack, "aws_cloudwatch_event_rule");
const idOf = (type: string, start: string) => Object.keys(byId(stack, type)).find((id) => id.startsWith(start));

/** Names of the rules that take an event. */
const takenBy = (event: object) =>
  rules.flatMap(({ name, event_pattern }) =>
    matches(JSON.parse(String(event_pattern)), event) ? [String(name).replace("redcap-prod-", "")] : [],
  );

const ecs = (detailType: string, detail: object, service = "redcap-prod/redcap-prod") => ({
  source: "aws.ecs",
  "detail-type": detailType,
  resources: [`arn:aws:ecs:eu-west-2:111111111111:service/${service}`],
  detail,
});
const deployment = (eventName: string, service?: string) =>
  ecs("ECS Deployment State Change", { eventType: "INFO", eventName, reason: "ECS deployment ecs-svc/1 …" }, service);
const stopped = (cluster: string, lastStatus: string) => ({
  source: "aws.ecs",
  "detail-type": "ECS Task State Change",
  detail: { clusterArn: `arn:aws:ecs:eu-west-2:111111111111:cluster/${cluster}`, lastStatus },
});
const rds = (SourceIdentifier: string, category: string) => ({
  source: "aws.rds",
  "detail-type": "RDS DB Instance Event",
  detail: { SourceIdentifier, EventCategories: [category], Message: "…" },
});
const rotation = (eventName: string, secret: string) => ({
  source: "aws.secretsmanager",
  "detail-type": "AWS Service Event via CloudTrail",
  detail: {
    eventName,
    additionalEventData: { SecretId: `arn:aws:secretsmanager:eu-west-2:111111111111:secret:${secret}-Ab12Cd` },
  },
});
const build = (status: string, project = "redcap-prod-image") => ({
  source: "aws.codebuild",
  "detail-type": "CodeBuild Build State Change",
  detail: { "project-name": project, "build-status": status },
});
const job = (kind: "Backup" | "Copy", state: string, vault = "redcap-prod") => ({
  source: "aws.backup",
  "detail-type": `${kind} Job State Change`,
  detail: {
    state,
    resourceType: "Aurora",
    ...(kind === "Backup"
      ? { backupJobId: "34176239-e96d-4e1d-9fad-529dbb3c3556", backupVaultName: vault }
      : {
          copyJobId: "47C8EF56-74D8-059D-1301-C5BE1D5C926E",
          sourceBackupVaultArn: `arn:aws:backup:eu-west-2:111111111111:backup-vault:${vault}`,
        }),
  },
});
const finding = (severity: number) => ({
  source: "aws.guardduty",
  "detail-type": "GuardDuty Finding",
  detail: { severity },
});

test.each<[string, object, string[]]>([
  ["a deployment that is done", deployment("SERVICE_DEPLOYMENT_COMPLETED"), ["deployment"]],
  ["one that was rolled back", deployment("SERVICE_DEPLOYMENT_FAILED"), ["deployment"]],
  ["one that has begun", deployment("SERVICE_DEPLOYMENT_IN_PROGRESS"), []],
  ["another stage's", deployment("SERVICE_DEPLOYMENT_FAILED", "redcap-prod2/redcap-prod2"), []],
  [
    "tasks that do not start",
    ecs("ECS Service Action", { eventName: "SERVICE_TASK_START_IMPAIRED" }),
    ["service-trouble"],
  ],
  ["a steady state", ecs("ECS Service Action", { eventName: "SERVICE_STEADY_STATE" }), []],
  ["a task that ended", stopped("redcap-prod", "STOPPED"), ["task-stopped"]],
  ["a task that starts", stopped("redcap-prod", "RUNNING"), []],
  ["another stage's task", stopped("redcap-prod2", "STOPPED"), []],
  ["a failover", rds("redcap-prod-1", "failover"), ["database-events"]],
  ["a reader's failure", rds("redcap-prod-2", "failure"), ["database-events"]],
  ["a backup's beginning", rds("redcap-prod-1", "backup"), []],
  ["the database that a restore replaced", rds("redcap-prod-replaced-20260101000000", "failure"), []],
  ["a rotation that failed", rotation("RotationFailed", "redcap-prod/files-key"), ["rotation-failed"]],
  ["a rotation that did not", rotation("RotationSucceeded", "redcap-prod/files-key"), []],
  ["another stage's rotation", rotation("RotationFailed", "redcap-prod2/files-key"), []],
  ["a build that failed", build("FAILED"), ["build-failed"]],
  ["a build that did not", build("SUCCEEDED"), []],
  ["another stage's build", build("FAILED", "redcap-prod2-image"), []],
  ["a backup that succeeded", job("Backup", "COMPLETED"), ["backup-done"]],
  ["one that failed: the vault's topic tells", job("Backup", "FAILED"), []],
  ["another stage's backup", job("Backup", "COMPLETED", "redcap-prod2"), []],
  ["a copy that succeeded", job("Copy", "COMPLETED"), ["copy-done"]],
  ["one that has begun", job("Copy", "RUNNING"), []],
  ["another stage's copy", job("Copy", "COMPLETED", "redcap-prod2"), []],
  ["a medium finding", finding(4), ["guardduty"]],
  ["a critical finding", finding(9.1), ["guardduty"]],
  ["a low finding", finding(3.9), []],
])("%s", (_, event, names) => {
  expect(takenBy(event)).toEqual(names);
});

const targets = all(stack, "aws_cloudwatch_event_target");

test("every rule has one target: the operators' topic with a text, or the log of what is counted", () => {
  expect(targets.map(({ rule }) => rule).sort()).toEqual(
    Object.keys(byId(stack, "aws_cloudwatch_event_rule"))
      .map((id) => ref(`aws_cloudwatch_event_rule.${id}.name`))
      .sort(),
  );
  const log = ref(`aws_cloudwatch_log_group.${idOf("aws_cloudwatch_log_group", "monitoring_tasks_")}.arn`);
  const topic = ref(`aws_sns_topic.${idOf("aws_sns_topic", "notifications_")}.arn`);
  expect(targets.filter(({ arn }) => arn === log)).toHaveLength(3);
  expect(targets.filter(({ arn }) => arn === topic)).toHaveLength(targets.length - 3);
  for (const { role_arn } of targets) expect(role_arn).toBeUndefined();
});

test.each(
  targets.filter((target) => target.input_transformer).map((target): [string, Block] => [String(target.rule), target]),
)("%s writes lines that EventBridge takes, with no field missing or left over", (_, target) => {
  const [transformer] = blocks(target.input_transformer);
  const lines = String(transformer?.input_template)
    .split("\n")
    .map((line): string => JSON.parse(line));
  const named = lines.flatMap((line) => [...line.matchAll(/<(\w+)>/g)].map(([, name]) => name));
  expect([...new Set(named)].sort()).toEqual(Object.keys(transformer?.input_paths as object).sort());
  expect(lines[0]).toMatch(/prod|111111111111/);
  // Limits of EventBridge: 8,192 characters, 100 fields.
  expect(String(transformer?.input_template).length).toBeLessThan(8_192);
});

describe("the log of ended tasks", () => {
  const group = one(stack, "aws_cloudwatch_log_group", "monitoring_tasks_");

  test("is encrypted, expires, and is written by EventBridge alone", () => {
    expect(group).toMatchObject({
      name: "/aws/events/redcap-prod-tasks",
      kms_key_id: ref("aws_kms_key.logs.arn"),
    });
    expect(
      policyStatements(
        documentOf(stack, one(stack, "aws_cloudwatch_log_resource_policy", "monitoring_").policy_document),
      ),
    ).toEqual([
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        principals: [{ type: "Service", identifiers: ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }],
        resources: [
          `${ref(`aws_cloudwatch_log_group.${idOf("aws_cloudwatch_log_group", "monitoring_tasks_")}.arn`)}:*`,
        ],
      },
    ]);
  });

  test("is counted: runs of cron that succeeded and failed, tasks that failed, backups, lines of errors", () => {
    const filters = Object.fromEntries(
      all(stack, "aws_cloudwatch_log_metric_filter").map(({ name, pattern, log_group_name, metric_transformation }) => {
        expect(metric_transformation).toMatchObject({ namespace: "redcap-prod", value: "1" });
        return [String(name).replace("redcap-prod-", ""), `${log_group_name} ${pattern}`];
      }),
    );
    const ended = ref(`aws_cloudwatch_log_group.${idOf("aws_cloudwatch_log_group", "monitoring_tasks_")}.name`);
    const containers = ref(`aws_cloudwatch_log_group.${idOf("aws_cloudwatch_log_group", "tasks_logs_")}.name`);
    const cron = '$.detail.group = "family:redcap-prod-cron"';
    const code = "$.detail.containers[0].exitCode";
    expect(filters).toEqual({
      CronSucceeded: `${ended} { ${cron} && ${code} = 0 }`,
      CronFailed: `${ended} { ${cron} && (${code} != 0 || ${code} NOT EXISTS) }`,
      TaskFailed: `${ended} { $.detail.group = "service:redcap-prod" && ($.detail.stopCode = "EssentialContainerExited" || $.detail.stopCode = "TaskFailedToStart") }`,
      AuroraBackup: `${ended} { $.detail.backupJobId = "*" && $.detail.resourceType = "Aurora" }`,
      S3Backup: `${ended} { $.detail.backupJobId = "*" && $.detail.resourceType = "S3" }`,
      AuroraCopy: `${ended} { $.detail.copyJobId = "*" && $.detail.resourceType = "Aurora" }`,
      S3Copy: `${ended} { $.detail.copyJobId = "*" && $.detail.resourceType = "S3" }`,
      ContainerError: `${containers} { $.type = "container" && $.level = "error" }`,
      DatabaseError: `${containers} { $.type = "server" && ($.message = "*mysqli*" || $.message = "*Not ready: *") }`,
    });
  });
});
