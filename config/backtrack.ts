// Where Aurora MySQL can be rewound in place, and what to say where it cannot.
import type { StageConfig } from "./schema/stage";

/**
 * Regions where Aurora MySQL version 3 has backtrack; Serverless v2 instances have it wherever the cluster has.
 * Aurora user guide, "Supported Regions and Aurora DB engines for backtracking", as of 2026-01.
 */
const BACKTRACK_REGIONS: ReadonlySet<string> = new Set([
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
]);

export interface Backtrack {
  /** Undefined is off. */
  windowSeconds?: number;
  /** Set where the configuration asks for what the region lacks. */
  warning?: string;
}

export function backtrack({ name, region, db }: Pick<StageConfig, "name" | "region" | "db">): Backtrack {
  if (db.backtrackHours === 0) return {};
  if (BACKTRACK_REGIONS.has(region)) return { windowSeconds: db.backtrackHours * 3_600 };
  return {
    warning:
      `Stage "${name}": Aurora MySQL has no backtrack in ${region}, so it is off. Point-in-time recovery covers ` +
      `${db.backupRetentionDays} days. Set db.backtrackHours to 0 to silence this.`,
  };
}
