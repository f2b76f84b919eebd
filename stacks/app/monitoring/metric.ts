// A metric of CloudWatch, as alarms and dashboard name it.

/** Periods, in seconds. */
export const MINUTE = 60;
export const FIVE_MINUTES = 300;
export const HOUR = 3_600;
export const DAY = 86_400;

export interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  /** `Sum`, `Average`, `Minimum`, `Maximum`, or a percentile such as `p95`. */
  statistic: string;
}

type Counted = [name: string, statistic: string];

/** Makes metrics of one resource. */
export const metricsOf =
  (namespace: string, dimensions: Record<string, string>) =>
  (...[name, statistic]: Counted): Metric => ({ namespace, name, dimensions, statistic });
