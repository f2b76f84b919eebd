// Whether backups and copies were made, of the database and of the files: a failure comes by email from the vault, but a job that
// never was is silent. AWS Backup's metrics are by vault or by type of resource, and a copy's vault is the one in the backup account,
// which is every stage's: the files' job would hide that the database's is missing. Its events name both, so they are counted.
import { arn, type EnabledBackupConfig, type StageConfig, stageNames, type Thresholds } from "../../../config";
import type { Alarm } from "./alarm";
import { DAY, HOUR, type Metric, metricsOf } from "./metric";
import type { TaskEvents } from "./task-events";
import { graph, type Watched } from "./watched";

/** By AWS Backup's type of resource. */
const PARTS = [
  { type: "Aurora", what: "database", part: "" },
  { type: "S3", what: "files bucket", part: "files-" },
] as const;

/** @param rules of the stage's database and files */
export function watchBackups(
  stage: StageConfig,
  { rules }: EnabledBackupConfig,
  events: TaskEvents,
  limits: Thresholds,
): Watched {
  const { prefix, sourceVault } = stageNames(stage);
  const vaultArn = arn("backup", stage, `backup-vault:${sourceVault}`);
  const kinds: Kind[] = [
    {
      ...{ kind: "backup", detailType: "Backup Job State Change", hours: limits.hoursWithoutBackup },
      vault: { backupVaultName: [sourceVault] },
      first:
        "look at AWS Backup's jobs: failed ones came by email; without any, the plan of backup-source is missing or its role was changed.",
    },
  ];
  if (rules.some(({ copy }) => copy))
    kinds.push({
      ...{ kind: "copy", detailType: "Copy Job State Change", hours: limits.hoursWithoutCopy },
      vault: { sourceBackupVaultArn: [vaultArn] },
      first:
        "look at AWS Backup's copy jobs: failed ones came by email; without any, a rule of the plan has lost its copy, or nothing was backed up.",
    });
  // AWS Backup developer guide, monitoring events using EventBridge.
  for (const { kind, detailType, vault } of kinds)
    events.keep(`${kind}-rule`, `${kind}-to-log`, {
      name: `${prefix}-${kind}-done`,
      description: `A ${kind} of AWS Backup has succeeded`,
      pattern: { source: ["aws.backup"], "detail-type": [detailType], detail: { state: ["COMPLETED"], ...vault } },
    });
  const counted = kinds.flatMap((kind) =>
    PARTS.map((part) => ({ ...kind, ...part, metric: count(events, kind, part) })),
  );
  const failed = metricsOf("AWS/Backup", { BackupVaultName: sourceVault })("NumberOfBackupJobsFailed", "Sum");
  const lines = Object.fromEntries(counted.map(({ kind, what, metric }) => [`${what}, ${kind}`, metric]));
  return {
    alarms: counted.filter(({ hours }) => hours > 0).map(alarm),
    graphs: [graph("Backups a day", { ...lines, "backup failed": failed }, DAY)],
  };
}

interface Kind {
  kind: "backup" | "copy";
  detailType: string;
  /** 0: is not watched. */
  hours: number;
  /** The stage's vault, as the event names it. */
  vault: Record<string, string[]>;
  first: string;
}
type Part = (typeof PARTS)[number];

/** Of what is kept, only backups have a backupJobId, and only copies a copyJobId. */
const count = (events: TaskEvents, { kind }: Kind, { type }: Part): Metric =>
  events.countKept(
    `${type}${kind === "copy" ? "Copy" : "Backup"}`,
    `{ $.detail.${kind}JobId = "*" && $.detail.resourceType = "${type}" }`,
  );

const alarm = ({ kind, part, what, hours, metric, first }: Kind & Part & { metric: Metric }): Alarm => ({
  id: `no-${part}${kind}`,
  metric,
  ...{ comparison: "<", threshold: 1, period: HOUR, periods: hours, missing: "breaching" },
  meaning: `No ${kind} of the ${what} has succeeded for ${hours} hours. Expected until the first night after the first deployment.`,
  first,
});
