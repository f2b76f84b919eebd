// How a stage is backed up, and the vault in the second account that keeps the copies.
import { z } from "zod";
import { accountId, email, iam, positive, profile, region, tags } from "./common";

const days = positive.describe("Days.");

/** A vault lock. Compliance mode can never be undone after its days of grace: 3 to 36,500 (AWS Backup, Vault Lock). */
const lock = z
  .strictObject({
    mode: z
      .enum(["governance", "compliance"], 'Use "governance" or "compliance".')
      .default("governance")
      .describe(
        "Governance can be removed by who has the right; compliance by nobody, not AWS either, once the grace time is over.",
      ),
    changeableForDays: z
      .number()
      .int()
      .min(3)
      .max(36_500, "AWS allows 3 to 36,500 days of grace.")
      .optional()
      .describe("Days in which a compliance lock can still be removed."),
    minRetentionDays: days.describe("Shortest retention the vault accepts, in days; shorter jobs fail."),
    maxRetentionDays: positive.max(36_500).describe("Longest retention the vault accepts, in days; longer jobs fail."),
  })
  .refine((value) => value.minRetentionDays <= value.maxRetentionDays, {
    path: ["minRetentionDays"],
    error: "minRetentionDays must not be above maxRetentionDays.",
  })
  .refine((value) => (value.mode === "compliance") === (value.changeableForDays !== undefined), {
    path: ["changeableForDays"],
    error: "A compliance lock needs changeableForDays (the grace time); a governance lock has none.",
  });

const lifecycle = {
  deleteAfterDays: days.describe("Days after which a recovery point is deleted."),
  coldStorageAfterDays: positive
    .optional()
    .describe("Days after which a recovery point moves to cold storage, where its type has that."),
};

/** Cold storage is kept for at least 90 days (AWS Backup, Lifecycle). */
const coldLongEnough = (value: { deleteAfterDays: number; coldStorageAfterDays?: number | undefined }) =>
  value.coldStorageAfterDays === undefined || value.deleteAfterDays >= value.coldStorageAfterDays + 90;
const coldTooShort = {
  path: ["deleteAfterDays"],
  error: "Cold storage lasts 90 days at least: deleteAfterDays must be coldStorageAfterDays + 90 or more.",
};

const rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,50}$/, "Use 1 to 50 letters, digits, dots, hyphens and underscores.")
      .describe("Name of the rule."),
    schedule: z
      .string()
      .regex(/^(cron|rate)\(.+\)$/, "Write a schedule such as cron(0 2 * * ? *), UTC.")
      .describe("When the rule runs, UTC."),
    startWindowMinutes: z
      .number()
      .int()
      .min(60)
      .default(60)
      .describe("Minutes in which a job must have started; AWS wants 60 or more."),
    completionWindowMinutes: z.number().int().min(120).default(720).describe("Minutes in which a job must be done."),
    ...lifecycle,
    copy: z
      .strictObject(lifecycle)
      .refine(coldLongEnough, coldTooShort)
      .optional()
      .describe("Copy each recovery point to the vault in the backup account, and how long it is kept there."),
  })
  .refine(coldLongEnough, coldTooShort)
  // AWS Backup: a job must have an hour between the latest start and its end.
  .refine((value) => value.completionWindowMinutes >= value.startWindowMinutes + 60, {
    path: ["completionWindowMinutes"],
    error: "completionWindowMinutes must be startWindowMinutes + 60 or more.",
  });

/** Services whose recovery points can be in cold storage; others ignore the setting (AWS Backup, feature availability by resource). */
const COLD_STORAGE_SERVICES = ["dynamodb", "elasticfilesystem", "timestream", "backup-gateway", "cloudformation"];

/** Of EC2's own recovery points, EBS snapshots alone can be archived; those of instances ignore the setting. */
const hasColdStorage = (arn: string): boolean => {
  const [, , service = "", , , resource = ""] = arn.split(":");
  return service === "ec2" ? resource.startsWith("volume/") : COLD_STORAGE_SERVICES.includes(service);
};

const usesCold = (rules: z.infer<typeof rule>[]) =>
  rules.findIndex(
    (entry) => entry.coldStorageAfterDays !== undefined || entry.copy?.coldStorageAfterDays !== undefined,
  );

const rules = z
  .array(rule)
  .min(1, "Write at least one rule.")
  .refine(
    (all) => new Set(all.map(({ name }) => name)).size === all.length,
    "Two rules have the same name: rename one.",
  );

const otherResources = z
  .strictObject({
    arns: z
      .array(z.string().regex(/^arn:/, "Write an ARN."))
      .min(1)
      .describe("Resources beside the stage's cluster and bucket."),
    rules: rules.describe("Rules for these resources; cold storage is possible where their type has it."),
  })
  .superRefine((value, context) => {
    const index = usesCold(value.rules);
    const ignoring = value.arns.filter((arn) => !hasColdStorage(arn));
    if (index >= 0 && ignoring.length > 0) {
      context.addIssue({
        code: "custom",
        path: ["rules", index, "coldStorageAfterDays"],
        message: `AWS Backup has no cold storage for ${ignoring.join(", ")}: leave it out, or put these into rules of their own.`,
      });
    }
  });

const enabled = z
  .strictObject({
    enabled: z.literal(true),
    lock: lock.describe("Lock of the stage's own vault."),
    rules: rules.describe("Rules for the stage's Aurora cluster and files bucket, both found by their tag."),
    otherResources: otherResources.optional().describe("What else of the account the stage's vault keeps."),
    notificationEmail: email.optional().describe("Where failed backup, copy and restore jobs are reported."),
  })
  .superRefine((value, context) => {
    const cold = usesCold(value.rules);
    if (cold >= 0) {
      context.addIssue({
        code: "custom",
        path: ["rules", cold, "coldStorageAfterDays"],
        message: "AWS Backup has no cold storage for Aurora and S3 and would ignore it: leave it out.",
      });
    }
    const places = [
      { path: ["rules"], list: value.rules },
      { path: ["otherResources", "rules"], list: value.otherResources?.rules ?? [] },
    ];
    for (const { path, list } of places) {
      list.forEach(({ deleteAfterDays }, index) => {
        if (deleteAfterDays >= value.lock.minRetentionDays && deleteAfterDays <= value.lock.maxRetentionDays) return;
        context.addIssue({
          code: "custom",
          path: [...path, index, "deleteAfterDays"],
          message: `${deleteAfterDays} days are outside the vault lock's ${value.lock.minRetentionDays} to ${value.lock.maxRetentionDays}: such jobs fail.`,
        });
      });
    }
  });

const disabled = z.strictObject({
  enabled: z.literal(false),
  optOutReason: z
    .string()
    .min(10, "Say in a sentence why this stage needs no backup.")
    .describe("Why this stage has no backup."),
});

export const backup = z
  .discriminatedUnion("enabled", [enabled, disabled])
  .describe("AWS Backup of the stage. Leaving it out is a choice that states its reason.");

export const backupDestination = z
  .strictObject({
    accountId,
    region,
    profile,
    vaultName: z
      .string()
      .regex(/^[A-Za-z0-9_-]{2,50}$/, "Use 2 to 50 letters, digits, hyphens and underscores.")
      .default("redcap-destination")
      .describe("Name of the vault; known before deployment, so that both sides can be planned in either order."),
    lock: lock.describe("Lock of the vault that outlives everything."),
    recoveryKitDays: positive
      .max(36_500)
      .optional()
      .describe(
        "Days for which nobody deletes what the recovery kit keeps (salt, zip, configuration), in the mode of `lock`; renewed while the stage lives. Default: the longest that a stage's copies are kept, without which they are of no use; 90 without copies.",
      ),
    organizationId: z
      .string()
      .regex(/^o-[a-z0-9]{10,32}$/, "Write an organization id such as o-a1b2c3d4e5.")
      .optional()
      .describe("If given, the vault's policy also asks that a copy comes from this AWS organization."),
    administratorArns: z
      .array(z.string().regex(/^arn:[\w-]+:iam::\d{12}:(role|user)\/.+$/, "Write the ARN of an IAM role or user."))
      .min(1)
      .optional()
      .describe(
        "Who alone may change the policies of vault and key, and the lock: roles and users of the backup account, `*` allowed, the role that deploys this stack among them. Left out, every administrator of the backup account may, and only a compliance lock holds against them.",
      ),
    notificationEmail: email.optional().describe("Where events of the vault are reported."),
    tags: tags.default({}).describe("Tags of every resource of the destination."),
    iam,
  })
  .superRefine(({ accountId: own, administratorArns = [] }, context) => {
    administratorArns.forEach((arn, index) => {
      // Nobody of another account can change these policies, so that such a list would shut out everybody.
      if (arn.split(":")[4] !== own) {
        context.addIssue({
          code: "custom",
          path: ["administratorArns", index],
          message: `Name a role or user of the backup account ${own}: nobody else can change the vault's policy.`,
        });
      }
    });
  })
  .describe("The second account, whose vault keeps a copy of every recovery point.");

export type LockConfig = z.infer<typeof lock>;
export type BackupRule = z.infer<typeof rule>;
export type BackupConfig = z.infer<typeof backup>;
export type EnabledBackupConfig = z.infer<typeof enabled>;
/** Its last default comes from the stages: see the whole deployment. */
export type BackupDestinationConfig = z.infer<typeof backupDestination> & { recoveryKitDays: number };
