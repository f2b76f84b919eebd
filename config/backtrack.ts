// Where Aurora MySQL 3 can be rewound in place, and for how long a stage asks for it.
import type { StageConfig } from "./schema/stage";

/** Regions with backtrack for Aurora MySQL 3 (Aurora user guide, supported Regions for backtracking). */
const BACKTRACK_REGIONS = new Set([
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
]);

export const supportsBacktrack = (region: string): boolean => BACKTRACK_REGIONS.has(region);

/** The backtrack window in seconds; 0 where it is off or the region lacks it. */
export const backtrackSeconds = ({ region, db }: StageConfig): number =>
  supportsBacktrack(region) ? db.backtrackHours * 3_600 : 0;
