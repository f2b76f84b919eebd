// What a review says in each format: order, folds, limits, speed, and never a sensitive value.
import { quote } from "../../../scripts/gate/change";
import { parsePlan, type TerraformPlan } from "../../../scripts/gate/plan";
import { parseAcknowledgements } from "../../../scripts/plan-review/acknowledgements";
import { COMMENT_LIMIT, MARKER, markdown } from "../../../scripts/plan-review/markdown";
import { FORMATS } from "../../../scripts/plan-review/output";
import { review } from "../../../scripts/plan-review/review";
import { text } from "../../../scripts/plan-review/text";
import { create, destroy, keep, plan, policy, replace, update } from "../gate/plans";

const pathOf = (address: string) => `app-prod/${address.split(".")[1]?.split("_")[0]}/${address}`;
const reviewed = (...plans: TerraformPlan[]) =>
  review(
    plans.map((one, index) => ({ plan: one, constructs: { stack: index ? `app-${index}` : "app-prod", pathOf } })),
    parseAcknowledgements(""),
  );

const mixed = plan(
  [
    create("aws_cloudwatch_metric_alarm.service_cpu", {}),
    update("aws_ecs_service.service_tasks", { desired_count: 2 }, { desired_count: 3 }),
    destroy("aws_nat_gateway.network_nat"),
    replace("aws_rds_cluster.cluster", { kms_key_id: "a" }, { kms_key_id: "b" }, { replacePaths: [["kms_key_id"]] }),
    keep("aws_s3_bucket.files", {}, { previous_address: "aws_s3_bucket.old", importing: { id: "redcap-files" } }),
  ],
  {
    resource_drift: [update("aws_security_group.app", { tags: {} }, { tags: { by: "hand" } })],
    output_changes: { url: { actions: ["update"] } },
  },
);

test("as a comment: verdict, dangers with their reason, the rest folded, what acknowledges", () => {
  const comment = markdown(reviewed(mixed));
  const order = [
    MARKER,
    "## Plan review: 2 dangers, 0 acknowledged",
    "### app-prod: 1 to create, 1 to change, 1 to replace, 1 to destroy, 1 to import, 1 to move, 1 output",
    "- **danger**, replace `aws_rds_cluster.cluster` (`app-prod/cluster/aws_rds_cluster.cluster`): holds what cannot be made again: kms_key_id forces it",
    "- destroy `aws_nat_gateway.network_nat`",
    "- **danger**, change-key `aws_rds_cluster.cluster`",
    "- drift `aws_security_group.app` (`app-prod/app/aws_security_group.app`): was changed: tags",
    "- import `aws_s3_bucket.files` (`app-prod/files/aws_s3_bucket.files`): is `redcap-files`",
    "was `aws_s3_bucket.old`",
    "app-prod replace aws_rds_cluster.cluster  # no command of this project applies it all the same\napp-prod change-key aws_rds_cluster.cluster",
    "<details><summary>2 ordinary changes in 1 construct</summary>",
    "- `app-prod/service`: 2",
    "  - update `aws_ecs_service.service_tasks`: desired_count",
    "Monthly cost: -$32.75 without any use (us-east-1, November 2026): more: 1 aws_cloudwatch_metric_alarm; less: 1 aws_nat_gateway",
  ];
  let from = 0;
  for (const part of order) {
    const found = comment.indexOf(part, from);
    expect({ part, found: found >= 0 }).toEqual({ part, found: true });
    from = found;
  }
});

test("as text and as JSON, the same findings", () => {
  const found = reviewed(mixed);
  expect(text(found)).toContain("DANGER: replace aws_rds_cluster.cluster");
  expect(text(found)).toContain("acknowledged by: app-prod replace aws_rds_cluster.cluster");
  const json = JSON.parse(FORMATS.json(found));
  expect(json).toMatchObject({ version: 1, verdict: "dangerous", dangers: 2 });
  expect(json.stacks[0].findings).toHaveLength(found.stacks[0]?.findings.length ?? 0);
});

test("nothing to change is said so", () => {
  expect(text(reviewed(plan([keep("aws_s3_bucket.files")])))).toMatch(
    /^Plan review: nothing to change\n\napp-prod: nothing to change\n/,
  );
  expect(text(reviewed(plan([create("aws_sns_topic.new", {})])))).toMatch(/^Plan review: nothing dangerous\n/);
});

const SECRET = "hunter2-do-not-show";
const statement = { Sid: SECRET, Action: `${SECRET}:*`, Resource: "*", Principal: { AWS: "*" } };
const deny = { Sid: SECRET, Effect: "Deny" as const, Action: SECRET, Resource: "*" };
const sensitive = (...names: string[]) => ({ sensitive: Object.fromEntries(names.map((name) => [name, true])) });

test.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])("no sensitive value is in a review as %s", (format) => {
  const secretive = plan(
    [
      update(
        "aws_iam_role_policy.a",
        { role: "r", policy: policy(deny) },
        { role: "r", policy: policy(statement) },
        sensitive("policy"),
      ),
      create("aws_iam_role.b", { assume_role_policy: policy(statement) }, sensitive("assume_role_policy")),
      update(
        "aws_rds_cluster.c",
        { kms_key_id: SECRET, tags: { "redcap:backup": SECRET } },
        { kms_key_id: `${SECRET}2`, tags: {} },
        sensitive("kms_key_id", "tags"),
      ),
      update(
        "aws_lb_listener.d",
        { ssl_policy: "x" },
        { ssl_policy: "ELBSecurityPolicy-2016-08" },
        sensitive("ssl_policy"),
      ),
      create("aws_secretsmanager_secret_version.e", { secret_string: SECRET }, sensitive("secret_string")),
      update(
        "aws_backup_selection.f",
        { resources: [SECRET] },
        { resources: [], not_resources: [SECRET] },
        sensitive("resources", "not_resources"),
      ),
      update("aws_backup_plan.g", { rule: [{ rule_name: SECRET }] }, { rule: [] }, sensitive("rule")),
      update(
        "aws_wafv2_web_acl.h",
        { rule: [{ name: SECRET, action: [{ block: [{}] }] }] },
        { rule: [] },
        sensitive("rule"),
      ),
      create(
        "aws_vpc_security_group_ingress_rule.i",
        { security_group_id: "sg", cidr_ipv4: "0.0.0.0/0", ip_protocol: SECRET },
        sensitive("ip_protocol"),
      ),
      update(
        "aws_s3_bucket_lifecycle_configuration.j",
        { rule: [] },
        { rule: [{ id: SECRET, status: "Enabled", expiration: [{ days: 1 }] }] },
        sensitive("rule"),
      ),
      update(
        "aws_db_cluster_snapshot.k",
        { shared_accounts: [] },
        { shared_accounts: [SECRET] },
        sensitive("shared_accounts"),
      ),
      create(
        "aws_iam_role_policy_attachment.l",
        { policy_arn: `${SECRET}:policy/AdministratorAccess` },
        sensitive("policy_arn"),
      ),
      create(
        "aws_route.m",
        { route_table_id: "rtb", gateway_id: "igw-1", destination_cidr_block: SECRET },
        sensitive("destination_cidr_block"),
      ),
      update(
        "aws_rds_cluster_parameter_group.n",
        { parameter: [{ name: "require_secure_transport", value: "ON" }] },
        { parameter: [{ name: "require_secure_transport", value: SECRET }] },
        sensitive("parameter"),
      ),
    ],
    {
      resource_drift: [update("aws_ssm_parameter.k", { value: "a" }, { value: SECRET }, sensitive("value"))],
      output_changes: { password: { actions: ["update"], before: "a", after: SECRET, after_sensitive: true } },
    },
  );
  expect(secretive.resource_changes?.length).toBeGreaterThan(0);
  const shown = FORMATS[format](reviewed(secretive));
  expect(shown).not.toContain(SECRET);
  expect(shown).toContain("(sensitive)");
});

test("a value cannot leave its quotes: no markup, no mention, no control sequence", () => {
  expect(quote("`@admin` </details>\n\u001b[31m<b>\u202e")).toBe("`'@admin' </details> [31m<b> `");
  expect(quote("x".repeat(1_000)).length).toBeLessThan(110);
});

/** Worst where every change is dangerous, every address is long, and every construct another. */
function huge(count: number, make: (index: number) => ReturnType<typeof create>): TerraformPlan {
  return plan(Array.from({ length: count }, (_, index) => make(index)));
}
const long = (index: number) => `construct-${index}-${"x".repeat(80)}_resource_0123ABCD`;

test.each([
  ["ordinary", huge(2_000, (index) => update(`aws_sns_topic.${long(index)}`, { name: "a" }, { name: "b" }))],
  ["dangerous", huge(2_000, (index) => destroy(`aws_s3_bucket.${long(index)}`))],
  [
    "twice dangerous",
    huge(2_000, (index) =>
      update(
        `aws_rds_cluster.${long(index)}`,
        { deletion_protection: true, kms_key_id: "a" },
        { deletion_protection: false, kms_key_id: "" },
      ),
    ),
  ],
])("2,000 %s changes fit into a comment, and none is lost without being counted", (_, changes) => {
  const found = reviewed(changes);
  const comment = markdown(found);
  expect(comment.length).toBeLessThanOrEqual(COMMENT_LIMIT);
  const dangers = found.stacks[0]?.findings.length ?? 0;
  expect(comment).toContain(dangers ? `${dangers} dangers` : "2000 ordinary changes in 2000 constructs");
  if (dangers) expect(comment).toMatch(/… and \d+ more findings/);
});

test("what fits is folded only; what does not fit is counted by construct first", () => {
  const few = markdown(reviewed(huge(200, (index) => create(`aws_sns_topic.one_${index}`, {}))));
  expect(few).toContain("create `aws_sns_topic.one_199`");
  const many = markdown(reviewed(huge(2_000, (index) => create(`aws_sns_topic.one_${index}_${"x".repeat(40)}`, {}))));
  expect(many).toContain("- `app-prod/one`: 2000");
  expect(many).not.toContain("create `aws_sns_topic.one_1999");
});

test("so many plans that not even their counts fit still make a comment", () => {
  const plans = Array.from({ length: 1_500 }, () => mixed);
  expect(markdown(reviewed(...plans)).length).toBeLessThanOrEqual(COMMENT_LIMIT);
});

/** Each kind of change that is looked into deepest. */
const deep = (index: number) =>
  [
    update(
      `aws_iam_role_policy.p${index}`,
      { role: "r", policy: policy(...statements(index, "a")) },
      { role: "r", policy: policy(...statements(index, "b")) },
    ),
    create(`aws_vpc_security_group_ingress_rule.r${index}`, {
      security_group_id: "sg-1",
      cidr_ipv4: "10.0.0.0/8",
      from_port: index,
      to_port: index,
      ip_protocol: "tcp",
    }),
    destroy(`aws_vpc_security_group_ingress_rule.d${index}`, {
      security_group_id: "sg-1",
      cidr_ipv4: "10.0.0.0/8",
      from_port: index,
      to_port: index,
      ip_protocol: "tcp",
    }),
    update(`aws_rds_cluster.c${index}`, { deletion_protection: true }, { deletion_protection: false }),
  ][index % 4] as ReturnType<typeof create>;
const statements = (index: number, name: string) =>
  Array.from({ length: 10 }, (_, one) => ({ Action: [`s3:Get${name}${one}*`], Resource: `arn:aws:s3:::b${index}/*` }));

/** Of the processor: what else the machine does is not the review's. */
function milliseconds(count: number): number {
  const json = JSON.stringify(huge(count, deep));
  const start = process.cpuUsage();
  const found = reviewed(parsePlan(json));
  for (const format of Object.values(FORMATS)) format(found);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

test("2,000 changes are read, judged and rendered in every format in under a second", () => {
  milliseconds(100);
  expect(milliseconds(2_000)).toBeLessThan(1_000);
});

test("the time grows with the changes, not with their square", () => {
  milliseconds(1_000);
  const best = (count: number) => Math.min(...[1, 2, 3].map(() => milliseconds(count)));
  // A square would take 16 times as long.
  expect(best(4_000)).toBeLessThan(best(1_000) * 9 + 50);
});
