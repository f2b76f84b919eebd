// The drill's account of itself: a JSON report for machines, a few lines for people.
import { elapsed } from "../../scripts/command";

export interface DrillReport {
  rowsBefore: number;
  rowsAfter: number;
  checksumMatches: boolean;
  filesBefore: number;
  filesAfter: number;
  fileChecksumMatches: boolean;
  planChangesAfterDeploy: number;
  planChangesAfterRestore: number;
  /** Stateful resources in Terraform's state before the disaster that are not there, under the same id, after the restore. */
  statefulDestroys: number;
  destinationDeleteRefused: boolean;
  /** Seconds of the restore in which AWS's jobs ran and the runbook only waited. */
  awsJobSeconds: number;
  /** Seconds of the restore spent on anything else. */
  recoverySeconds: number;
  totalSeconds: number;
  steps: { name: string; seconds: number }[];
}

/** Whether nothing was lost and nothing is left to change. */
export function passed(report: DrillReport): boolean {
  return (
    report.rowsBefore > 0 &&
    report.rowsAfter === report.rowsBefore &&
    report.checksumMatches &&
    report.filesBefore > 0 &&
    report.filesAfter === report.filesBefore &&
    report.fileChecksumMatches &&
    report.planChangesAfterDeploy === 0 &&
    report.planChangesAfterRestore === 0 &&
    report.statefulDestroys === 0 &&
    report.destinationDeleteRefused
  );
}

export function describe(report: DrillReport): string {
  const count = (value: number) => value.toLocaleString("en");
  const same = (matches: boolean) => (matches ? "identical" : "DIFFERENT");
  return [
    "",
    passed(report) ? "The drill passed: nothing was lost." : "THE DRILL FAILED.",
    `  rows       ${count(report.rowsBefore)} before the disaster, ${count(report.rowsAfter)} after the restore, ${same(report.checksumMatches)}`,
    `  files      ${report.filesBefore} before, ${report.filesAfter} after, ${same(report.fileChecksumMatches)}`,
    `  plans      ${report.planChangesAfterDeploy} changes after the deploy, ${report.planChangesAfterRestore} after the restore`,
    `  stateful   ${report.statefulDestroys} resources destroyed or replaced by Terraform`,
    `  vault      deletion in the backup account ${report.destinationDeleteRefused ? "refused" : "NOT REFUSED"}`,
    `  restore    ${elapsed(0, report.recoverySeconds * 1000)}, and ${elapsed(0, report.awsJobSeconds * 1000)} of waiting for AWS (a model of it)`,
    `  whole      ${elapsed(0, report.totalSeconds * 1000)}`,
  ].join("\n");
}
