// Lifecycles of recovery points: which ones AWS takes, and the dates that follow.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html

import type { CalculatedLifecycle, Lifecycle } from "@aws-sdk/client-backup";
import { invalidParameter } from "./errors";

const DAY_MS = 86_400_000;
/** Backups that were moved to cold storage stay there at least this long. */
const COLD_STORAGE_DAYS = 90;

/**
 * @param prefix what AWS says before the reason, e.g. for the rules of a plan.
 * @throws AwsError InvalidParameterValueException, in AWS's words.
 */
export function requireValidLifecycle(lifecycle: Lifecycle | undefined, prefix = ""): void {
  const deleteAfter = lifecycle?.DeleteAfterDays;
  const coldAfter = lifecycle?.MoveToColdStorageAfterDays;
  if (deleteAfter !== undefined && deleteAfter !== -1 && deleteAfter < 1) {
    throw invalidParameter(`${prefix}Invalid lifecycle. DeleteAfterDays must be greater than 0`);
  }
  if (coldAfter === undefined || coldAfter === -1 || deleteAfter === undefined || deleteAfter === -1) return;
  if (deleteAfter < coldAfter + COLD_STORAGE_DAYS) {
    throw invalidParameter(
      `${prefix}Invalid lifecycle. DeleteAfterDays cannot be less than ${COLD_STORAGE_DAYS} days apart from MoveToColdStorageAfterDays`,
    );
  }
}

/**
 * The day on which a recovery point goes. Neither Aurora nor S3 backups can be moved to cold storage, AWS ignores that
 * part for them: https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html
 */
export function calculatedLifecycle(
  lifecycle: Lifecycle | undefined,
  creationDate: Date,
): CalculatedLifecycle | undefined {
  const days = lifecycle?.DeleteAfterDays;
  if (days === undefined || days === -1) return undefined;
  return { DeleteAt: new Date(creationDate.getTime() + days * DAY_MS) };
}
