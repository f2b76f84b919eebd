import { backtrack } from "../../../config";
import {
  all,
  type Block,
  blocks,
  byId,
  one,
  ref,
  type SynthesizedStack,
  sampleStage,
  statements,
  synthesizeApp,
} from "../synth";

const stack = synthesizeApp();
const cluster = one(stack, "aws_rds_cluster");

/** The stage's db settings with changes. */
const db = (change: object) => ({ db: { ...sampleStage("prod").db, ...change } });

describe("cluster", () => {
  test("is Aurora MySQL 3.10 on Serverless v2, encrypted, backed up, kept", () => {
    expect(Object.keys(byId(stack, "aws_rds_cluster"))).toEqual(["cluster"]);
    expect(cluster).toMatchObject({
      cluster_identifier: "redcap-prod",
      engine: "aurora-mysql",
      engine_version: "8.0.mysql_aurora.3.10.0",
      database_name: "redcap",
      kms_key_id: ref("aws_kms_key.database.arn"),
      manage_master_user_password: true,
      master_user_secret_kms_key_id: ref("aws_kms_key.database.arn"),
      iam_database_authentication_enabled: true,
      backup_retention_period: 35,
      backtrack_window: 86_400,
      copy_tags_to_snapshot: true,
      delete_automated_backups: false,
      enabled_cloudwatch_logs_exports: ["audit", "error"],
      apply_immediately: false,
      serverlessv2_scaling_configuration: { min_capacity: 1, max_capacity: 16 },
      tags: { "redcap:backup": "redcap-prod" },
      lifecycle: { prevent_destroy: true, ignore_changes: ["snapshot_identifier", "master_username", "database_name"] },
    });
    expect(blocks((cluster.lifecycle as Block).postcondition)).toEqual([]);
  });

  test("is maintained and snapshotted when configured, UTC", () => {
    const windows = ({ preferred_maintenance_window, preferred_backup_window }: Block) => [
      preferred_maintenance_window,
      preferred_backup_window,
    ];
    expect(windows(cluster)).toEqual(["sun:03:00-sun:04:00", "01:00-02:00"]);
    const other = db({ preferredMaintenanceWindow: "sat:22:00-sat:23:00", preferredBackupWindow: "20:00-20:30" });
    expect(windows(one(synthesizeApp(other), "aws_rds_cluster"))).toEqual(["sat:22:00-sat:23:00", "20:00-20:30"]);
  });

  test("leaves to AWS what must stay AWS's choice", () => {
    for (const name of ["port", "allow_major_version_upgrade", "availability_zones", "snapshot_identifier"])
      expect(cluster[name]).toBeUndefined();
  });

  test("takes its final snapshot under a name that is never taken", () => {
    const [[id, random] = []] = Object.entries(byId(stack, "random_id"));
    expect(cluster).toMatchObject({
      skip_final_snapshot: false,
      final_snapshot_identifier: `redcap-prod-final-\${random_id.${id}.hex}`,
    });
    expect(random).toMatchObject({ byte_length: 4, keepers: { cluster: "redcap-prod" } });
    expect(stack.terraform.required_providers).toMatchObject({ random: { version: "3.6.0" } });
  });

  const parametersOf = (of: SynthesizedStack) => {
    const parameters = blocks(one(of, "aws_rds_cluster_parameter_group").parameter);
    // Dynamic ones only, so that nothing waits for a reboot.
    for (const { apply_method } of parameters) expect(apply_method).toBe("immediate");
    return Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
  };

  test("has TLS required, no binlog, no query in a log, and for the rest the engine's defaults", () => {
    const group = one(stack, "aws_rds_cluster_parameter_group");
    expect(group).toMatchObject({ name: "redcap-prod", family: "aurora-mysql8.0" });
    expect(parametersOf(stack)).toEqual({
      character_set_server: "utf8mb4",
      collation_server: "utf8mb4_unicode_ci",
      require_secure_transport: "ON",
      server_audit_logging: "1",
      server_audit_events: "CONNECT,QUERY_DCL,QUERY_DDL",
      slow_query_log: "0",
    });
  });

  test("has what REDCap's configuration check asks for where it is asked for, each by itself", () => {
    const all = { maxAllowedPacket: "1073741824", readRndBufferSize: "262144", sortBufferSize: "2097152" };
    expect(parametersOf(synthesizeApp(db(all)))).toEqual({
      ...parametersOf(stack),
      max_allowed_packet: "1073741824",
      read_rnd_buffer_size: "262144",
      sort_buffer_size: "2097152",
    });
    const { sortBufferSize } = all;
    expect(parametersOf(synthesizeApp(db({ sortBufferSize })))).toEqual({
      ...parametersOf(stack),
      sort_buffer_size: "2097152",
    });
  });

  test("has its log groups before it has logs", () => {
    const groups = Object.entries(byId(stack, "aws_cloudwatch_log_group")).filter(([id]) => id.startsWith("database_"));
    expect(groups.map(([, { name }]) => name)).toEqual([
      "/aws/rds/cluster/redcap-prod/audit",
      "/aws/rds/cluster/redcap-prod/error",
    ]);
    expect(cluster.depends_on).toEqual(groups.map(([id]) => `aws_cloudwatch_log_group.${id}`));
  });
});

describe("instances", () => {
  test("are a writer and a reader that can take over at once, at fixed addresses", () => {
    expect(Object.entries(byId(stack, "aws_rds_cluster_instance")).sort()).toMatchObject([
      [
        "reader-1",
        {
          identifier: "redcap-prod-2",
          promotion_tier: 1,
          depends_on: expect.arrayContaining(["aws_rds_cluster_instance.writer"]),
        },
      ],
      ["writer", { identifier: "redcap-prod-1", promotion_tier: 0, instance_class: "db.serverless" }],
    ]);
    for (const instance of all(stack, "aws_rds_cluster_instance"))
      expect(instance).toMatchObject({
        auto_minor_version_upgrade: false,
        performance_insights_enabled: true,
        monitoring_interval: 60,
        ca_cert_identifier: "rds-ca-rsa2048-g1",
        publicly_accessible: false,
      });
  });

  test("are as many as configured; further readers scale by their own load", () => {
    const instances = byId(synthesizeApp(db({ dbReaders: 3 })), "aws_rds_cluster_instance");
    expect(Object.entries(instances).map(([id, { promotion_tier }]) => [id, promotion_tier])).toEqual(
      expect.arrayContaining([
        ["writer", 0],
        ["reader-1", 1],
        ["reader-2", 2],
        ["reader-3", 2],
      ]),
    );
    expect(Object.keys(instances)).toHaveLength(4);
  });
});

describe("a snapshot", () => {
  const restored = synthesizeApp(db({ dbSnapshotId: "before-the-upgrade" }));

  test("is what a new cluster is created from, and nothing else is later", () => {
    const lifecycle = one(restored, "aws_rds_cluster").lifecycle as Block;
    expect(lifecycle.ignore_changes).toContain("snapshot_identifier");
    const [{ condition, error_message } = {}] = blocks(lifecycle.postcondition);
    expect(condition).toBe(ref('self.snapshot_identifier == "before-the-upgrade"'));
    expect(error_message).toContain("npm run restore -- --stage prod --recovery-point");
  });

  test("is looked at only while there is no cluster, and refused where the engine is older", () => {
    const snapshot = restored.data.aws_db_cluster_snapshot?.snapshot ?? {};
    const [clusters] = Object.keys(restored.data.aws_rds_clusters ?? {});
    expect(snapshot.count).toBe(
      ref(`contains(tolist(data.aws_rds_clusters.${clusters}.cluster_identifiers), "redcap-prod") ? 0 : 1`),
    );
    expect(blocks((snapshot.lifecycle as Block).postcondition)).toHaveLength(1);
  });

  test("is not looked for where none is configured", () => {
    expect(stack.data.aws_db_cluster_snapshot).toBeUndefined();
    expect(stack.data.aws_rds_clusters).toBeUndefined();
  });
});

describe("settings", () => {
  test("of an unprotected stage let it be destroyed and made again", () => {
    const dev = synthesizeApp({}, "dev");
    const devCluster = one(dev, "aws_rds_cluster");
    expect(devCluster).toMatchObject({
      deletion_protection: false,
      lifecycle: { prevent_destroy: false },
      skip_final_snapshot: false,
      apply_immediately: true,
      serverlessv2_scaling_configuration: { min_capacity: 0, seconds_until_auto_pause: 3_600 },
    });
    expect(devCluster.tags).toBeUndefined();
    expect(devCluster.backtrack_window).toBeUndefined();
    // Nothing makes another salt that fits.
    for (const [id, { recovery_window_in_days }] of Object.entries(byId(dev, "aws_secretsmanager_secret")))
      expect([id, recovery_window_in_days]).toEqual([id, id === "salt" ? 30 : 0]);
    for (const bucket of all(dev, "aws_s3_bucket")) expect(bucket.force_destroy).toBe(true);
    for (const group of all(dev, "aws_cloudwatch_log_group")) expect(group.skip_destroy).toBe(false);
  });

  test("take a snapshot and another identifier, which everything follows", () => {
    const restored = synthesizeApp(db({ clusterIdentifier: "restored-1", dbSnapshotId: "arn:aws:rds:x:y:snapshot" }));
    expect(one(restored, "aws_rds_cluster")).toMatchObject({
      cluster_identifier: "restored-1",
      snapshot_identifier: "arn:aws:rds:x:y:snapshot",
    });
    expect(byId(restored, "aws_rds_cluster_instance").writer?.identifier).toBe("restored-1-1");
    expect(statements(restored, "database-users_read-master-secrets")[0]?.condition?.[0]?.values).toEqual([
      "arn:aws:rds:eu-west-2:111111111111:cluster:restored-1",
      "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod",
      "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod-restored-*",
      "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod-replaced-*",
    ]);
  });

  test("turn backtrack off with a message where the region has none", () => {
    const said = jest.spyOn(console, "error").mockImplementation(() => undefined);
    const { service } = sampleStage("prod");
    const certificateArn = "arn:aws:acm:eu-north-1:111111111111:certificate/00000000-0000-4000-8000-000000000001";
    const north = synthesizeApp({
      region: "eu-north-1",
      service: { ...service, certificateArn } as typeof service,
      backup: { enabled: false, optOutReason: "For this test only." },
    });
    expect(one(north, "aws_rds_cluster").backtrack_window).toBeUndefined();
    const message = 'Stage "prod": Aurora MySQL has no backtrack in eu-north-1, so it is off.';
    expect(said.mock.calls).toEqual([[expect.stringContaining(message)]]);
    said.mockRestore();
    const off = { name: "x", region: "eu-north-1", db: { backtrackHours: 0 } } as Parameters<typeof backtrack>[0];
    expect(backtrack(off)).toEqual({});
  });
});

test("only the service, the function and the maintenance server reach the database, on its own port", () => {
  const rules = rulesInto(stack, "database_security-group");
  expect(rules).toHaveLength(3);
  for (const rule of rules)
    expect(rule).toMatchObject({ from_port: ref("aws_rds_cluster.cluster.port"), ip_protocol: "tcp" });
  expect(rules.map(({ referenced_security_group_id }) => referenced_security_group_id)).toEqual([
    expect.stringContaining("database-users_security-group"),
    expect.stringContaining("maintenance_security-group"),
    expect.stringContaining("tasks_security-group"),
  ]);
});

function rulesInto(from: SynthesizedStack, group: string) {
  return all(from, "aws_vpc_security_group_ingress_rule").filter(({ security_group_id }) =>
    String(security_group_id).includes(group),
  );
}
