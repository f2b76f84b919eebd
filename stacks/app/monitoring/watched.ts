// What is watched of one part of a stage: its alarms, and its graphs on the dashboard.
import type { Alarm } from "./alarm";
import type { Metric } from "./metric";
import { FIVE_MINUTES } from "./metric";

export interface Watched {
  alarms: Alarm[];
  graphs: Graph[];
}

export interface Graph {
  title: string;
  /** By what the legend says. */
  lines: Record<string, Metric>;
  /** Seconds. */
  period: number;
}

export const graph = (title: string, lines: Graph["lines"], period = FIVE_MINUTES): Graph => ({ title, lines, period });

/** All parts as one. */
export const together = (parts: Watched[]): Watched => ({
  alarms: parts.flatMap(({ alarms }) => alarms),
  graphs: parts.flatMap(({ graphs }) => graphs),
});
