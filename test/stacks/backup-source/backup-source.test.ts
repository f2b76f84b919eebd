// The backup of a stage: what is backed up when, where it goes, who may do what.
import { type Body, configuration, prodOf, synthSource } from "../backup-shared/synth";

const SOURCE_ROOT = "arn:aws:iam::111111111111:root";
const DESTINATION_ROOT = "arn:aws:iam::222222222222:root";

describe("the backup source of the sample's prod stage", () => {
  const stack = synthSource();

  test("holds exactly these resources", () => {
    expect(stack.counts()).toEqual({
      aws_backup_plan: 1,
      aws_backup_selection: 1,
      aws_backup_vault: 1,
      aws_backup_vault_lock_configuration: 1,
      aws_backup_vault_notifications: 1,
      aws_backup_vault_policy: 1,
      aws_iam_role: 1,
      aws_iam_role_policy: 1,
      aws_iam_role_policy_attachment: 4,
      aws_kms_alias: 2,
      aws_kms_key: 2,
      aws_sns_topic: 1,
      aws_sns_topic_policy: 1,
      aws_sns_topic_subscription: 1,
    });
  });

  test("can be planned without the other account: it reads nothing but policy documents", () => {
    expect(Object.keys(stack.json.data)).toEqual(["aws_iam_policy_document"]);
  });

  test("keeps what holds data at fixed addresses, and never destroys it", () => {
    const { resource } = stack.json;
    const kept = [resource.aws_backup_vault?.vault, resource.aws_kms_key?.vault, resource.aws_kms_key?.notifications];
    for (const body of kept) expect(body?.lifecycle).toEqual({ prevent_destroy: true });
    // A lock that an attacker removed must come back by an apply, which replaces it.
    expect(resource.aws_backup_vault_lock_configuration?.lock?.lifecycle).toBeUndefined();
    expect(resource.aws_backup_vault?.vault).toMatchObject({
      name: "redcap-prod",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
      kms_key_arn: "${aws_kms_key.vault.arn}",
      force_destroy: false,
    });
  });

  test("rotates its keys", () => {
    for (const key of stack.all("aws_kms_key")) expect(key.enable_key_rotation).toBe(true);
  });

  test("follows the configured rules, each with its copy", () => {
    const vault = "arn:aws:backup:eu-west-2:222222222222:backup-vault:redcap-destination";
    const common = { start_window: 60, completion_window: 720 };
    expect(stack.only("aws_backup_plan").rule).toEqual([
      expect.objectContaining({
        ...common,
        rule_name: "daily",
        schedule: "cron(0 2 * * ? *)",
        lifecycle: { delete_after: 35 },
        copy_action: [{ destination_vault_arn: vault, lifecycle: { delete_after: 90 } }],
      }),
      expect.objectContaining({
        ...common,
        rule_name: "monthly",
        schedule: "cron(0 4 1 * ? *)",
        lifecycle: { delete_after: 365 },
        copy_action: [{ destination_vault_arn: vault, lifecycle: { delete_after: 365 } }],
      }),
    ]);
  });

  test("selects by ARN or tag in one selection, without conditions that would narrow it", () => {
    const selection = stack.only("aws_backup_selection");
    expect(selection.resources).toEqual([
      "arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod",
      "arn:aws:s3:::redcap-prod-files-111111111111-eu-west-2",
    ]);
    expect(selection.selection_tag).toEqual([{ type: "STRINGEQUALS", key: "redcap:backup", value: "redcap-prod" }]);
    expect(selection).not.toHaveProperty("condition");
  });

  test("lets only the backup account copy in", () => {
    const statements = stack.statements(stack.only("aws_backup_vault_policy").policy);
    expect(statements).toEqual([
      {
        sid: "AccountsCopyIn",
        principals: [{ type: "AWS", identifiers: [DESTINATION_ROOT] }],
        actions: ["backup:CopyIntoBackupVault"],
        resources: ["*"],
      },
    ]);
  });

  test("lets the backup account use the vault's key for copies, and grant it to AWS services only", () => {
    const statements = stack.statements(stack.json.resource.aws_kms_key?.vault?.policy);
    expect(statements.map(({ sid, principals }) => [sid, principals?.[0]?.identifiers])).toEqual([
      ["OwnerManages", [SOURCE_ROOT]],
      ["OtherAccountsCopy", [DESTINATION_ROOT]],
      ["OtherAccountsGrantToAws", [DESTINATION_ROOT]],
    ]);
    expect(statements[1]?.actions).toEqual([
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]);
    expect(statements[2]).toMatchObject({
      actions: ["kms:CreateGrant"],
      condition: [{ test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] }],
    });
  });

  test("gives AWS Backup a role for backup and restore of Aurora and S3, on this stage's keys only", () => {
    expect(stack.only("aws_iam_role")).toMatchObject({ name: "redcap-prod-backup", path: "/" });
    expect(stack.statements(stack.only("aws_iam_role").assume_role_policy)).toEqual([
      {
        principals: [{ type: "Service", identifiers: ["backup.amazonaws.com"] }],
        actions: ["sts:AssumeRole"],
      },
    ]);
    expect(stack.all("aws_iam_role_policy_attachment").map(({ policy_arn }) => policy_arn)).toEqual([
      "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
      "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
      "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup",
      "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore",
    ]);
    const own = stack.statements(stack.only("aws_iam_role_policy").policy).filter(({ sid }) => sid.startsWith("Stage"));
    expect(own).toHaveLength(2);
    for (const { resources, condition } of own) {
      expect(resources).toEqual(["arn:aws:kms:eu-west-2:111111111111:key/*"]);
      expect(condition).toContainEqual({
        test: "StringEquals",
        variable: "aws:ResourceTag/redcap:stack",
        values: ["app-prod", "backup-source-prod"],
      });
    }
  });

  test("reports failures by email, from an encrypted topic that AWS Backup may publish to", () => {
    const events = stack.only("aws_backup_vault_notifications");
    expect(events.backup_vault_events).toEqual([
      "BACKUP_JOB_COMPLETED",
      "COPY_JOB_FAILED",
      "RESTORE_JOB_COMPLETED",
      "S3_BACKUP_OBJECT_FAILED",
      "S3_RESTORE_OBJECT_FAILED",
    ]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
    expect(stack.only("aws_sns_topic").kms_master_key_id).toBe("${aws_kms_key.notifications.arn}");
    const subscription = stack.only("aws_sns_topic_subscription");
    expect(subscription).toMatchObject({ protocol: "email", endpoint: "redcap-admins@example.org" });
    expect(JSON.parse(subscription.filter_policy as string)).toEqual({
      State: [{ "anything-but": ["COMPLETED"] }, { exists: false }],
    });
    const backup = [{ type: "Service", identifiers: ["backup.amazonaws.com"] }];
    expect(stack.statements(stack.only("aws_sns_topic_policy").policy)).toContainEqual(
      expect.objectContaining({ principals: backup, actions: ["sns:Publish"] }),
    );
    expect(stack.statements(stack.json.resource.aws_kms_key?.notifications?.policy)).toContainEqual(
      expect.objectContaining({ principals: backup, actions: ["kms:Decrypt", "kms:GenerateDataKey*"] }),
    );
  });

  test("allows nothing to everybody", () => {
    for (const { effect, principals, sid } of stack.allStatements()) {
      if (effect === "Deny") continue;
      expect([sid, principals?.flatMap(({ identifiers }) => identifiers)]).not.toEqual([
        sid,
        expect.arrayContaining(["*"]),
      ]);
    }
  });
});

describe("a changed configuration", () => {
  const lockOf = (change: Parameters<typeof synthSource>[0]): Body =>
    synthSource(change).only("aws_backup_vault_lock_configuration");

  test("a governance lock has no days of grace, a compliance lock has them", () => {
    expect(lockOf(undefined)).toMatchObject({ min_retention_days: 7, max_retention_days: 400 });
    expect(lockOf(undefined)).not.toHaveProperty("changeable_for_days");
    const compliance = lockOf((input) => {
      prodOf(input).backup.lock = { ...prodOf(input).backup.lock, mode: "compliance", changeableForDays: 5 };
    });
    expect(compliance.changeable_for_days).toBe(5);
  });

  test("after a restore under another identifier, tag and new ARN select the cluster", () => {
    const stack = synthSource((input) => {
      prodOf(input).stage.db = { ...prodOf(input).stage.db, clusterIdentifier: "redcap-prod-restored" };
    });
    const selection = stack.only("aws_backup_selection");
    expect(selection.resources).toContain("arn:aws:rds:eu-west-2:111111111111:cluster:redcap-prod-restored");
    expect(selection.selection_tag).toEqual([expect.objectContaining({ value: "redcap-prod" })]);
  });

  test("role path and permissions boundary are the organization's", () => {
    const permissionsBoundaryArn = "arn:aws:iam::111111111111:policy/boundary";
    const stack = synthSource((input) => {
      prodOf(input).stage.iam = { rolePath: "/redcap/", permissionsBoundaryArn };
    });
    expect(stack.only("aws_iam_role")).toMatchObject({
      path: "/redcap/",
      permissions_boundary: permissionsBoundaryArn,
    });
  });

  test("other resources get a plan of their own, with cold storage, by ARN only", () => {
    const table = "arn:aws:dynamodb:eu-west-2:111111111111:table/extra";
    const stack = synthSource((input) => {
      prodOf(input).backup.otherResources = {
        arns: [table],
        rules: [
          {
            name: "cold",
            schedule: "cron(0 3 * * ? *)",
            deleteAfterDays: 200,
            coldStorageAfterDays: 30,
            copy: { deleteAfterDays: 300, coldStorageAfterDays: 60 },
          },
        ],
      };
    });
    expect(stack.counts()).toMatchObject({ aws_backup_plan: 2, aws_backup_selection: 2, aws_iam_role: 1 });
    const plan = stack.all("aws_backup_plan").find(({ name }) => name === "redcap-prod-other");
    expect(plan?.rule).toEqual([
      expect.objectContaining({
        lifecycle: { delete_after: 200, cold_storage_after: 30, opt_in_to_archive_for_supported_resources: true },
        copy_action: [
          expect.objectContaining({
            lifecycle: { delete_after: 300, cold_storage_after: 60, opt_in_to_archive_for_supported_resources: true },
          }),
        ],
      }),
    ]);
    const selection = stack.all("aws_backup_selection").find(({ name }) => name === "redcap-prod-other");
    expect(selection?.resources).toEqual([table]);
    expect(selection).not.toHaveProperty("selection_tag");
  });

  test("without a backup account nobody else is let in", () => {
    const stack = synthSource((input) => {
      for (const rule of prodOf(input).backup.rules) delete rule.copy;
      delete input.backupDestination;
    });
    expect(stack.all("aws_backup_vault_policy")).toHaveLength(0);
    expect(stack.statements(stack.json.resource.aws_kms_key?.vault?.policy).map(({ sid }) => sid)).toEqual([
      "OwnerManages",
    ]);
    expect(JSON.stringify(stack.json)).not.toContain("222222222222");
    expect(stack.only("aws_backup_plan").rule).not.toContainEqual(
      expect.objectContaining({ copy_action: expect.anything() }),
    );
  });

  test("without an address the topic still exists", () => {
    const stack = synthSource((input) => {
      delete prodOf(input).backup.notificationEmail;
    });
    expect(stack.all("aws_sns_topic")).toHaveLength(1);
    expect(stack.all("aws_sns_topic_subscription")).toHaveLength(0);
  });

  test("protection that was turned off lets the vault go with its recovery points", () => {
    const stack = synthSource((input) => {
      prodOf(input).stage.protect = { enabled: false, reason: "This stage is closed down." };
    });
    expect(stack.only("aws_backup_vault")).toMatchObject({
      force_destroy: true,
      lifecycle: { prevent_destroy: false },
    });
  });
});

describe("refused configurations", () => {
  test("cold storage for Aurora and S3, which ignore it", () => {
    expect(() =>
      configuration((input) => {
        const [rule] = prodOf(input).backup.rules;
        Object.assign(rule as object, { coldStorageAfterDays: 30, deleteAfterDays: 365 });
      }),
    ).toThrow(/no cold storage for Aurora and S3/);
  });

  test.each([
    ["instance/i-0123456789abcdef0", true],
    ["volume/vol-0123456789abcdef0", false],
  ])("cold storage for EC2's %s: refused %s", (resource, isRefused) => {
    const configure = () =>
      configuration((input) => {
        prodOf(input).backup.otherResources = {
          arns: [`arn:aws:ec2:eu-west-2:111111111111:${resource}`],
          rules: [{ name: "cold", schedule: "cron(0 3 * * ? *)", deleteAfterDays: 200, coldStorageAfterDays: 30 }],
        };
      });
    if (isRefused) expect(configure).toThrow(/no cold storage for .*instance/);
    else expect(configure).not.toThrow();
  });

  test("a copy of other resources without a vault to go to", () => {
    expect(() =>
      configuration((input) => {
        const { backup } = prodOf(input);
        backup.otherResources = {
          arns: ["arn:aws:dynamodb:eu-west-2:111111111111:table/extra"],
          rules: [{ name: "daily", schedule: "cron(0 3 * * ? *)", deleteAfterDays: 30, copy: { deleteAfterDays: 90 } }],
        };
        for (const rule of backup.rules) delete rule.copy;
        delete input.backupDestination;
      }),
    ).toThrow(/otherResources\.rules\[daily\]\.copy: A copy needs a vault to go to/);
  });
});
