// The state of a database in words: what is, and for everything that waits the command that does it.
import type { StageConfig } from "../../config";
import { awsCommand } from "../aws";
import type { DatabaseStatus } from "./status";

/** Days before a certificate's end from which it is pointed at. RDS renews it long before. */
const CERTIFICATE_DAYS = 60;
const DAY_MS = 86_400_000;

const date = (time: Date | undefined): string => time?.toISOString().slice(0, 10) ?? "unknown";

/** One line each, with the remedy below. Nothing waits where there is none. */
export function waiting(stage: StageConfig, status: DatabaseStatus, now = new Date()): string[] {
  return [
    ...rebootLines(stage, status),
    ...versionLines(stage, status),
    ...certificateLines(stage, status, now),
    ...status.maintenance.flatMap(({ resourceArn, action, description, onItsOwn }) => [
      `AWS plans ${action} of ${resourceArn.replace(/^.*:/, "")}: ${description}${onItsOwn ? `, by itself on ${date(onItsOwn)}` : ""}. Now:`,
      `  ${awsCommand(stage, `rds apply-pending-maintenance-action --resource-identifier ${resourceArn} --apply-action ${action} --opt-in-type immediate`)}`,
    ]),
    ...status.drift.map(
      ({ name, value, configured }) =>
        `Parameter ${name} is ${value ?? "the engine's default"}, configured is ${configured ?? "the engine's default"}. A deployment sets what is configured.`,
    ),
  ];
}

/** Readers first, so that the writer has one to fail over to that is done. */
export function rebootLines(stage: StageConfig, { instances }: DatabaseStatus): string[] {
  return instances
    .filter(({ pendingReboot }) => pendingReboot)
    .sort((a, b) => Number(a.isWriter) - Number(b.isWriter))
    .flatMap(({ identifier, isWriter }) => [
      `Instance ${identifier} must be rebooted before it has its new parameters; ${isWriter ? "the database is away for about a minute" : "its queries are cut off"}:`,
      `  ${awsCommand(stage, `rds reboot-db-instance --db-instance-identifier ${identifier}`)}`,
    ]);
}

function versionLines(
  stage: StageConfig,
  { identifier, pendingEngineVersion, maintenanceWindow, patches }: DatabaseStatus,
) {
  if (pendingEngineVersion)
    return [
      `Engine version ${pendingEngineVersion} comes in the maintenance window, ${maintenanceWindow} UTC. Now, with an interruption:`,
      `  ${awsCommand(stage, `rds modify-db-cluster --db-cluster-identifier ${identifier} --engine-version ${pendingEngineVersion} --apply-immediately`)}`,
    ];
  const newest = patches.at(-1);
  return newest ? [`Patch ${newest} is there: set db.engineVersion and deploy (docs/database.md).`] : [];
}

function certificateLines(stage: StageConfig, { instances }: DatabaseStatus, now: Date): string[] {
  return instances.flatMap(({ identifier, authority, certificateUntil }) => {
    if (authority !== stage.db.caCertificateIdentifier)
      return [
        `Instance ${identifier} has a certificate of ${authority}; a deployment gives it one of ${stage.db.caCertificateIdentifier}.`,
      ];
    const days = certificateUntil ? Math.floor((certificateUntil.getTime() - now.getTime()) / DAY_MS) : Infinity;
    return days < CERTIFICATE_DAYS
      ? [
          `The certificate of ${identifier} ends on ${date(certificateUntil)}, in ${days} days; RDS should have renewed it: open a case.`,
        ]
      : [];
  });
}

/** The whole state. */
export function describeStatus(stage: StageConfig, status: DatabaseStatus, now = new Date()): string {
  const { backtrack } = status;
  const todo = waiting(stage, status, now);
  return [
    `${status.identifier}: ${status.status}, Aurora MySQL ${status.engineVersion}`,
    `  maintenance window  ${status.maintenanceWindow} UTC`,
    `  backtrack           ${backtrack ? `${backtrack.hours} hours, since ${backtrack.earliest?.toISOString() ?? "its creation"}` : "off"}`,
    ...status.instances.map(
      ({ identifier, isWriter, status: state, authority, certificateUntil }) =>
        `  ${isWriter ? "writer" : "reader"}              ${identifier}: ${state}, certificate of ${authority} until ${date(certificateUntil)}`,
    ),
    ...(todo.length > 0 ? ["", ...todo] : ["  Nothing waits."]),
  ].join("\n");
}
