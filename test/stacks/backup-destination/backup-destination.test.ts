// The vault that outlives everything: who may copy in, and that nobody gets anything out by destroying it.
import { copyBackRoleArn } from "../../../config";
import { configuration, prodOf, synthDestination, synthSource } from "../backup-shared/synth";

const SOURCE_ROOT = "arn:aws:iam::111111111111:root";
const EVERYBODY = [{ type: "AWS", identifiers: ["*"] }];

describe("the backup destination of the sample", () => {
  const stack = synthDestination();
  const vaultPolicy = stack.statements(stack.only("aws_backup_vault_policy").policy);
  const keyPolicy = stack.statements(stack.json.resource.aws_kms_key?.vault?.policy);

  test("holds exactly these resources", () => {
    expect(stack.counts()).toEqual({
      aws_backup_vault: 1,
      aws_backup_vault_lock_configuration: 1,
      aws_backup_vault_notifications: 1,
      aws_backup_vault_policy: 1,
      aws_iam_role: 1,
      aws_iam_role_policy: 1,
      aws_iam_role_policy_attachment: 1,
      aws_kms_alias: 3,
      aws_kms_key: 3,
      aws_s3_bucket: 1,
      aws_s3_bucket_lifecycle_configuration: 1,
      aws_s3_bucket_object_lock_configuration: 1,
      aws_s3_bucket_ownership_controls: 1,
      aws_s3_bucket_policy: 1,
      aws_s3_bucket_public_access_block: 1,
      aws_s3_bucket_server_side_encryption_configuration: 1,
      aws_s3_bucket_versioning: 1,
      aws_sns_topic: 1,
      aws_sns_topic_policy: 1,
      aws_sns_topic_subscription: 1,
    });
  });

  test("can be planned without the other account: it reads nothing but policy documents", () => {
    expect(Object.keys(stack.json.data)).toEqual(["aws_iam_policy_document"]);
  });

  test("is locked in compliance mode, at fixed addresses, and never destroyed", () => {
    const { resource } = stack.json;
    expect(resource.aws_backup_vault_lock_configuration?.lock).toMatchObject({
      changeable_for_days: 14,
      min_retention_days: 30,
      max_retention_days: 400,
    });
    expect(resource.aws_backup_vault?.vault).toMatchObject({
      name: "redcap-destination",
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
    });
    expect(resource.aws_kms_key?.vault?.lifecycle).toEqual({ prevent_destroy: true });
  });

  test("lets exactly the source accounts copy in", () => {
    expect(vaultPolicy.filter(({ effect }) => effect !== "Deny")).toEqual([
      {
        sid: "AccountsCopyIn",
        principals: [{ type: "AWS", identifiers: [SOURCE_ROOT] }],
        actions: ["backup:CopyIntoBackupVault"],
        resources: ["*"],
      },
    ]);
  });

  test("lets nobody destroy or shorten what it holds, and copies and restores go on", () => {
    const denied = vaultPolicy.filter(({ effect }) => effect === "Deny");
    expect(denied).toEqual([
      {
        sid: "NobodyDestroys",
        effect: "Deny",
        principals: EVERYBODY,
        actions: [
          "backup:DeleteBackupVault",
          "backup:DeleteRecoveryPoint",
          "backup:DisassociateRecoveryPoint",
          "backup:UpdateRecoveryPointLifecycle",
        ],
        resources: ["*"],
      },
    ]);
    // Terraform changes a lock by deleting it first: denied to everybody, the days of grace would be void.
    expect(denied.flatMap(({ actions }) => actions)).not.toContain("backup:DeleteBackupVaultLockConfiguration");
    // AWS Backup takes no wildcard in the actions of a vault's policy.
    expect(vaultPolicy.flatMap(({ actions }) => actions).join()).not.toContain("*");
  });

  test("its key serves the source accounts and cannot be deleted", () => {
    expect(keyPolicy.map(({ sid, principals }) => [sid, principals?.[0]?.identifiers])).toEqual([
      ["OwnerManages", ["arn:aws:iam::222222222222:root"]],
      ["OtherAccountsCopy", [SOURCE_ROOT]],
      ["OtherAccountsGrantToAws", [SOURCE_ROOT]],
      ["NobodyDeletes", ["*"]],
    ]);
    expect(keyPolicy[3]).toMatchObject({ effect: "Deny", actions: ["kms:DisableKey", "kms:ScheduleKeyDeletion"] });
  });

  test("has a role for copies back", () => {
    expect(stack.only("aws_iam_role").name).toBe("redcap-copy-back");
    const keys = stack.statements(stack.only("aws_iam_role_policy").policy);
    expect(keys.map(({ sid, resources }) => [sid, resources])).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
      ["OwnUse", ["${aws_kms_key.vault.arn}"]],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
      ["OwnGrant", ["${aws_kms_key.vault.arn}"]],
      ["StagesUse", ["arn:aws:kms:eu-west-2:111111111111:key/*"]],
      ["StagesGrant", ["arn:aws:kms:eu-west-2:111111111111:key/*"]],
    ]);
  });

  test("reports every restore and every change of what it holds, successes too", () => {
    expect(stack.only("aws_backup_vault_notifications").backup_vault_events).toEqual([
      "COPY_JOB_FAILED",
      "RECOVERY_POINT_MODIFIED",
      "RESTORE_JOB_STARTED",
      "RESTORE_JOB_COMPLETED",
    ]);
    expect(stack.only("aws_sns_topic_subscription")).not.toHaveProperty("filter_policy");
  });

  test("puts out its vault's ARN, which the source knows beforehand", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's own syntax
    expect(stack.json.output?.vault_arn?.value).toBe("${aws_backup_vault.vault.arn}");
    const { name } = stack.only("aws_backup_vault");
    const [rule] = synthSource().only("aws_backup_plan").rule as { copy_action: { destination_vault_arn: string }[] }[];
    expect(rule?.copy_action[0]?.destination_vault_arn).toBe(
      `arn:aws:backup:eu-west-2:222222222222:backup-vault:${name}`,
    );
  });
});

describe("a changed configuration", () => {
  test("an organization is asked for where it is named", () => {
    const stack = synthDestination((input) => {
      prodOf(input).destination.organizationId = "o-a1b2c3d4e5";
    });
    const [allow] = stack.statements(stack.only("aws_backup_vault_policy").policy);
    expect(allow?.condition).toEqual([
      { test: "StringEquals", variable: "aws:PrincipalOrgID", values: ["o-a1b2c3d4e5"] },
    ]);
  });

  test("where administrators are named, only they change the policies of vault and key", () => {
    const administratorArns = ["arn:aws:iam::222222222222:role/backup-admin"];
    const stack = synthDestination((input) => {
      prodOf(input).destination.administratorArns = administratorArns;
    });
    const unlessAdministrator = [{ test: "ArnNotLike", variable: "aws:PrincipalArn", values: administratorArns }];
    expect(stack.statements(stack.only("aws_backup_vault_policy").policy)).toContainEqual({
      sid: "OnlyAdministratorsChangePolicy",
      effect: "Deny",
      principals: EVERYBODY,
      actions: [
        "backup:DeleteBackupVaultAccessPolicy",
        "backup:DeleteBackupVaultLockConfiguration",
        "backup:DeleteBackupVaultNotifications",
        "backup:PutBackupVaultAccessPolicy",
        "backup:PutBackupVaultLockConfiguration",
        "backup:PutBackupVaultNotifications",
      ],
      resources: ["*"],
      condition: unlessAdministrator,
    });
    expect(stack.statements(stack.json.resource.aws_kms_key?.vault?.policy)).toContainEqual(
      expect.objectContaining({ effect: "Deny", actions: ["kms:PutKeyPolicy"], condition: unlessAdministrator }),
    );
  });

  test("where administrators are named, a plan by anybody else stops before it locks them out", () => {
    const stack = synthDestination((input) => {
      prodOf(input).destination.administratorArns = [
        "arn:aws:iam::222222222222:role/backup.admin",
        "arn:aws:iam::222222222222:role/aws-reserved/*",
      ];
    });
    const context = Object.keys(stack.json.data.aws_iam_session_context ?? {}).find((id) => id.startsWith("vault_"));
    const issuer = `data.aws_iam_session_context.${context}.issuer_arn`;
    expect(stack.only("aws_backup_vault_policy").lifecycle).toEqual({
      precondition: [
        {
          condition:
            `\${anytrue([can(regex("^arn:aws:iam::222222222222:role/backup[.]admin$", ${issuer})), ` +
            `can(regex("^arn:aws:iam::222222222222:role/aws-reserved/.*$", ${issuer})), ` +
            // Who plans for GitHub, and changes nothing.
            `can(regex("^arn:.*:iam::.*:role/.*redcap-github-plan$", ${issuer})), ` +
            `can(regex("^arn:.*:iam::.*:role/.*redcap-github-ready$", ${issuer}))])}`,
          error_message: expect.stringContaining(`administratorArns lacks \${${issuer}}`),
        },
      ],
    });
    expect(synthDestination().only("aws_backup_vault_policy").lifecycle).toBeUndefined();
  });

  test("administrators of another account are refused", () => {
    const other = (input: Parameters<typeof prodOf>[0]) => {
      prodOf(input).destination.administratorArns = ["arn:aws:iam::111111111111:role/admin"];
    };
    expect(() => synthDestination(other)).toThrow(/administratorArns.*backup account 222222222222/);
  });

  test("the role for copies back has the organization's path and boundary, and the restore finds it", () => {
    const permissionsBoundaryArn = "arn:aws:iam::222222222222:policy/boundary";
    const change = (input: Parameters<typeof prodOf>[0]) => {
      prodOf(input).destination.iam = { rolePath: "/redcap/", permissionsBoundaryArn };
    };
    expect(synthDestination(change).only("aws_iam_role")).toMatchObject({
      path: "/redcap/",
      permissions_boundary: permissionsBoundaryArn,
    });
    const { backupDestination } = configuration(change);
    expect(copyBackRoleArn(backupDestination as NonNullable<typeof backupDestination>)).toBe(
      "arn:aws:iam::222222222222:role/redcap/redcap-copy-back",
    );
  });

  test("two stages in one account are one principal, a stage without copies is none", () => {
    const stack = synthDestination((input) => {
      const { stage } = prodOf(input);
      // Its certificate is of the same account.
      const inAccount = (id: string): typeof stage => JSON.parse(JSON.stringify(stage).replaceAll(stage.accountId, id));
      const other = inAccount("333333333333");
      const quiet = { ...inAccount("444444444444"), name: "quiet" };
      for (const rule of quiet.backup.enabled ? quiet.backup.rules : []) delete rule.copy;
      input.stages.push(
        { ...structuredClone(stage), name: "second", subdomain: "second" },
        { ...other, name: "third" },
        quiet,
      );
    });
    const [allow] = stack.statements(stack.only("aws_backup_vault_policy").policy);
    expect(allow?.principals).toEqual([
      { type: "AWS", identifiers: ["arn:aws:iam::111111111111:root", "arn:aws:iam::333333333333:root"] },
    ]);
  });

  test("a stage whose other resources alone are copied is let in, too", () => {
    const stack = synthDestination((input) => {
      const { backup } = prodOf(input);
      for (const rule of backup.rules) delete rule.copy;
      backup.otherResources = {
        arns: ["arn:aws:dynamodb:eu-west-2:111111111111:table/extra"],
        rules: [{ name: "daily", schedule: "cron(0 3 * * ? *)", deleteAfterDays: 30, copy: { deleteAfterDays: 90 } }],
      };
    });
    const [allow] = stack.statements(stack.only("aws_backup_vault_policy").policy);
    expect(allow?.principals).toEqual([{ type: "AWS", identifiers: [SOURCE_ROOT] }]);
  });

  test("without a stage that copies, nobody is let in and the denials stay", () => {
    const stack = synthDestination((input) => {
      for (const rule of prodOf(input).backup.rules) delete rule.copy;
    });
    expect(stack.statements(stack.only("aws_backup_vault_policy").policy).map(({ sid }) => sid)).toEqual([
      "NobodyDestroys",
    ]);
  });

  test("a governance lock has no days of grace", () => {
    const stack = synthDestination((input) => {
      prodOf(input).destination.lock = { mode: "governance", minRetentionDays: 30, maxRetentionDays: 400 };
    });
    expect(stack.only("aws_backup_vault_lock_configuration")).not.toHaveProperty("changeable_for_days");
  });

  test("is protected even where its stage is not, and the topic needs no address", () => {
    const stack = synthDestination((input) => {
      prodOf(input).stage.protect = { enabled: false, reason: "This stage is closed down." };
      delete prodOf(input).destination.notificationEmail;
    });
    expect(stack.only("aws_backup_vault").lifecycle).toEqual({ prevent_destroy: true });
    expect(stack.all("aws_sns_topic")).toHaveLength(1);
    expect(stack.all("aws_sns_topic_subscription")).toHaveLength(0);
  });
});
