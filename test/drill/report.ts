// The drill's account of itself: a JSON report for machines, a few lines for people.
import { elapsed } from "../../scripts/command";

/** Rows that a drill must lose and find again to prove anything. */
const MIN_ROWS = 100_000;

/** REDCap's first page over HTTP. */
export interface PageSeen {
  status: number;
  /** The number of records, where the page says it. */
  records?: number;
}

export interface DrillReport {
  rowsBefore: number;
  rowsAfter: number;
  checksumMatches: boolean;
  filesBefore: number;
  /** Files to be seen once the attacker had deleted them. */
  filesAfterAttack: number;
  filesAfter: number;
  fileChecksumMatches: boolean;
  /** REDCap's first page before the disaster, after it, and after the restore; absent where no container can run. */
  pages?: { before: PageSeen; lost: PageSeen; after: PageSeen };
  planChangesAfterDeploy: number;
  planChangesAfterRestore: number;
  /**
   * Stateful resources of all stacks before the disaster that are gone after the restore, or others under the same name.
   * The cluster counts unless it is the restored one.
   */
  statefulDestroys: number;
  /** Whether RDS had no cluster of the name any more after the attack. */
  clusterGone: boolean;
  sourcePointsBefore: number;
  /** Whether the source vault refused deletions as long as it had its lock. */
  sourceLockRefused: boolean;
  sourcePointsAfterAttack: number;
  /** Whether every attempt on the destination's recovery points and vault, with either account, was refused. */
  destinationDeleteRefused: boolean;
  /** Seconds of the restore in which AWS's jobs ran and the runbook only waited, by its own report. */
  awsJobSeconds: number;
  /** All other seconds of the restore command, by the drill's clock. */
  recoverySeconds: number;
  totalSeconds: number;
  steps: { name: string; seconds: number }[];
}

/** Whether the disaster was one, nothing was lost, and nothing is left to change. */
export function passed(report: DrillReport): boolean {
  return (
    report.rowsBefore >= MIN_ROWS &&
    report.rowsAfter === report.rowsBefore &&
    report.checksumMatches &&
    report.filesBefore > 0 &&
    report.filesAfterAttack === 0 &&
    report.filesAfter === report.filesBefore &&
    report.fileChecksumMatches &&
    report.planChangesAfterDeploy === 0 &&
    report.planChangesAfterRestore === 0 &&
    report.statefulDestroys === 0 &&
    report.clusterGone &&
    report.sourcePointsBefore > 0 &&
    report.sourceLockRefused &&
    report.sourcePointsAfterAttack === 0 &&
    report.destinationDeleteRefused &&
    pagesPassed(report.pages)
  );
}

function pagesPassed(pages: DrillReport["pages"]): boolean {
  if (!pages) return true;
  const { before, lost, after } = pages;
  return before.records !== undefined && before.records > 0 && lost.status >= 500 && after.records === before.records;
}

export const inWords = ({ status, records }: PageSeen): string =>
  records === undefined ? `HTTP ${status}` : `HTTP ${status}, ${records.toLocaleString("en")} records`;

export function describe(report: DrillReport): string {
  const count = (value: number) => value.toLocaleString("en");
  const seconds = (value: number) => elapsed(0, value * 1000);
  const same = (matches: boolean) => (matches ? "identical" : "DIFFERENT");
  const refused = (yes: boolean) => (yes ? "refused" : "NOT REFUSED");
  return [
    "",
    passed(report) ? "The drill passed: nothing was lost." : "THE DRILL FAILED.",
    `  attack     cluster ${report.clusterGone ? "gone" : "STILL THERE"}, files left ${report.filesAfterAttack}`,
    `  vault      deletion under its lock ${refused(report.sourceLockRefused)}; then ${report.sourcePointsBefore} recovery points, ${report.sourcePointsAfterAttack} left`,
    `  other acc. deletion in the backup account ${refused(report.destinationDeleteRefused)}`,
    `  rows       ${count(report.rowsBefore)} before, ${count(report.rowsAfter)} after the restore, ${same(report.checksumMatches)}`,
    `  files      ${report.filesBefore} before, ${report.filesAfter} after their delete markers were removed, ${same(report.fileChecksumMatches)}`,
    `  page       ${report.pages ? `${inWords(report.pages.before)}; after the attack ${inWords(report.pages.lost)}; after the restore ${inWords(report.pages.after)}` : "not shown: no container can run on this machine"}`,
    `  plans      ${report.planChangesAfterDeploy} changes after the deploy, ${report.planChangesAfterRestore} after the restore`,
    `  stateful   ${report.statefulDestroys} resources destroyed or made anew`,
    `  restore    ${seconds(report.recoverySeconds)}, and ${seconds(report.awsJobSeconds)} of waiting for AWS's jobs`,
    `  whole      ${seconds(report.totalSeconds)}`,
    "  Real: Terraform, its AWS provider, the database's and the files' content. A model: AWS itself, and how long it takes.",
  ].join("\n");
}
