// What is said at the end of a restore: what came back, from when, how long it took, what was kept and how to remove it.
import { writeFileSync } from "node:fs";
import { stateNames } from "../../config";
import { elapsed } from "../command";
import type { RestoreContext } from "./context";

export interface RestoreReport {
  stage: string;
  recoveryPoint: string;
  recoveryPointTime: string;
  /** Seconds between the recovery point and the start of the restore: what was written then is not in it. */
  dataLossWindowSeconds: number;
  tables: number;
  rows: number;
  newestLogEvent: string | null;
  totalSeconds: number;
  /** Seconds of AWS's own work. */
  awsSeconds: number;
  /** Everything else. */
  ownSeconds: number;
  steps: { name: string; seconds: number; awsSeconds: number; note?: string }[];
  kept: { what: string; removeWith: string }[];
}

export function makeReport(context: RestoreContext): RestoreReport {
  const { journal, stage } = context;
  const steps = Object.entries(journal.steps).map(([name, { seconds, awsSeconds, note }]) => ({
    name,
    seconds,
    awsSeconds,
    ...(note && { note }),
  }));
  const sum = (of: (step: (typeof steps)[number]) => number) =>
    Number(steps.reduce((total, step) => total + of(step), 0).toFixed(1));
  const point = context.fact("recoveryPoint");
  const { tables = 0, rows = 0, newestLogEvent = null } = journal.facts.content ?? {};
  return {
    stage: stage.name,
    recoveryPoint: point.arn,
    recoveryPointTime: point.createdAt,
    dataLossWindowSeconds: Math.round((journal.startedAt.getTime() - Date.parse(point.createdAt)) / 1000),
    tables,
    rows,
    newestLogEvent,
    totalSeconds: sum((step) => step.seconds),
    awsSeconds: sum((step) => step.awsSeconds),
    ownSeconds: sum((step) => step.seconds - step.awsSeconds),
    steps,
    kept: kept(context),
  };
}

const aws = ({ stage }: RestoreContext): string =>
  `aws --region ${stage.region}${stage.profile ? ` --profile ${stage.profile}` : ""}`;

/** Commands for a person; they leave a final snapshot. */
function removeCluster(context: RestoreContext, identifier: string): string {
  const rds = `${aws(context)} rds`;
  return [
    `${rds} modify-db-cluster --db-cluster-identifier ${identifier} --no-deletion-protection --apply-immediately`,
    `for i in $(${rds} describe-db-instances --filters Name=db-cluster-id,Values=${identifier} --query 'DBInstances[].DBInstanceIdentifier' --output text); do ${rds} delete-db-instance --db-instance-identifier $i; done`,
    `${rds} delete-db-cluster --db-cluster-identifier ${identifier} --final-db-snapshot-identifier ${identifier}-final`,
  ].join(" && ");
}

function kept(context: RestoreContext): RestoreReport["kept"] {
  const { facts } = context.journal;
  const entries: RestoreReport["kept"] = [];
  if (facts.oldClusterResourceId && !context.options.rehearse) {
    const old = context.options.keepIdentifier ? context.fact("previousIdentifier") : context.replacedIdentifier;
    entries.push({ what: `the old cluster, ${old}`, removeWith: removeCluster(context, old) });
  }
  if (facts.savedStateKey) {
    const { bucket } = stateNames(context.stage);
    entries.push({
      what: "the state as it was before",
      removeWith: `${aws(context)} s3 rm s3://${bucket}/${facts.savedStateKey}`,
    });
  }
  if (facts.copyJobId && facts.localRecoveryPointArn) {
    entries.push({
      what: "the copy of the recovery point in the stage's vault; its lifecycle removes it, and where the vault is locked nothing else does",
      removeWith: `${aws(context)} backup delete-recovery-point --backup-vault-name ${context.names.sourceVault} --recovery-point-arn ${facts.localRecoveryPointArn}`,
    });
  }
  return entries;
}

export function printReport(report: RestoreReport, rehearsal: boolean): void {
  const seconds = (value: number) => elapsed(0, value * 1000);
  const lines = [
    "",
    rehearsal
      ? `Rehearsed for stage ${report.stage}: nothing was deleted, nothing swapped.`
      : `Stage ${report.stage} is restored and in service.`,
    `  from            ${report.recoveryPoint}`,
    `  data as of      ${report.recoveryPointTime}; what was written in the ${seconds(report.dataLossWindowSeconds)} until the restore began is not in it`,
    `  content         ${report.tables} tables, ${report.rows.toLocaleString("en")} rows, newest log entry ${report.newestLogEvent ?? "none"}`,
    `  time            ${seconds(report.totalSeconds)}: AWS worked ${seconds(report.awsSeconds)}, everything else ${seconds(report.ownSeconds)}`,
    ...report.steps.map((step) => `    ${step.name.padEnd(22)} ${step.seconds.toFixed(1).padStart(8)} s`),
    ...report.kept.flatMap(({ what, removeWith }) => [`  kept            ${what}; to remove it:`, `    ${removeWith}`]),
  ];
  console.error(lines.join("\n"));
}

export function printRollback(context: RestoreContext): void {
  const { restoredIdentifier, names } = context;
  console.error(
    [
      "",
      `The restore of stage ${context.stage.name} is taken back: ${context.fact("previousIdentifier")} is the old cluster again, and ${names.ecsService} runs on it.`,
      `  kept            the restored cluster, ${restoredIdentifier}, with what was written since the restore; to remove it:`,
      `    ${removeCluster(context, restoredIdentifier)}`,
    ].join("\n"),
  );
}

export function writeReport(file: string, report: RestoreReport): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
