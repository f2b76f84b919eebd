// How long logs are kept, and that the database's audit log may be somebody else's.
import { all, blocks, one, type SynthesizedStack, synthesizeApp } from "../synth";

/** Days by the name of the log group. */
const retention = (stack: SynthesizedStack): Record<string, number> =>
  Object.fromEntries(
    all(stack, "aws_cloudwatch_log_group").map(({ name, retention_in_days }) => [
      String(name),
      Number(retention_in_days),
    ]),
  );
const TRAFFIC = [
  "/aws/vpc/redcap-prod/flow-logs",
  "/aws/ecs/containerinsights/redcap-prod/performance",
  "aws-waf-logs-redcap-prod",
];
const stack = synthesizeApp();

test("what tells who did what is kept for six years, traffic and measurements for one", () => {
  const days = retention(stack);
  for (const name of TRAFFIC) expect(days[name]).toBe(365);
  for (const name of [
    "/aws/ecs/redcap-prod",
    "/aws/rds/cluster/redcap-prod/audit",
    "/aws/rds/cluster/redcap-prod/error",
    "/aws/lambda/redcap-prod-files-key",
    "/aws/events/redcap-prod-tasks",
  ])
    expect(days[name]).toBe(2_192);
  const [expiry] = blocks(one(stack, "aws_s3_bucket_lifecycle_configuration", "logs-bucket_").rule).flatMap(
    ({ expiration }) => blocks(expiration),
  );
  expect(expiry).toEqual({ days: 2_192 });
});

test.each([
  [{ generalLogRetention: 30 }, 30, 30],
  [{ generalLogRetention: 3_653 }, 3_653, 365],
  [{ generalLogRetention: 3_653, trafficLogRetention: 90 }, 3_653, 90],
] as const)("%j", (change, general, traffic) => {
  const days = Object.entries(retention(synthesizeApp(change)));
  expect(days.length).toBeGreaterThan(TRAFFIC.length);
  for (const [name, value] of days) expect([name, value]).toEqual([name, TRAFFIC.includes(name) ? traffic : general]);
});

describe("the database's audit log", () => {
  const parameter = (of: SynthesizedStack, wanted: string) =>
    blocks(one(of, "aws_rds_cluster_parameter_group").parameter).find(({ name }) => name === wanted)?.value;

  test("has connections and changes of tables and users, never queries", () => {
    expect(parameter(stack, "server_audit_logging")).toBe("1");
    expect(String(parameter(stack, "server_audit_events")).split(",")).toEqual(["CONNECT", "QUERY_DCL", "QUERY_DDL"]);
    expect(one(stack, "aws_rds_cluster").enabled_cloudwatch_logs_exports).toContain("audit");
  });

  test("is off where the organization has its own", () => {
    const own = synthesizeApp({ db: { auditLog: "existing" } });
    expect(parameter(own, "server_audit_logging")).toBe("0");
    expect(one(own, "aws_rds_cluster").enabled_cloudwatch_logs_exports).toEqual(["error"]);
    expect(retention(own)).not.toHaveProperty("/aws/rds/cluster/redcap-prod/audit");
  });
});
