// Recovery points end with their lifecycle, in a locked vault, too. A copy keeps the creation date of what it was copied
// from, and its lifecycle counts from there: one that would be over already is gone as soon as the copy is done.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html

import type { Jobs } from "./jobs";
import { calculatedLifecycle } from "./lifecycle";

/** Removes what has expired by the service's clock. */
export async function removeExpired(jobs: Jobs): Promise<void> {
  for (const { recoveryPoints } of jobs.state.vaults()) {
    for (const point of recoveryPoints.values()) {
      const end = calculatedLifecycle(point.lifecycle, point.creationDate)?.DeleteAt;
      if (!end || end > jobs.state.now()) continue;
      recoveryPoints.delete(point.arn);
      await jobs.driverOf(point.resourceType).remove(point);
    }
  }
}
