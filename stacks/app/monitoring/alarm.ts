// Alarms as a list: each says what is measured, when that is too much, what it means, and what to do first.
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import type { Construct } from "constructs";
import type { Metric } from "./metric";

export interface Alarm {
  /** Its name after `redcap-<stage>-`. */
  id: string;
  metric: Metric;
  comparison: ">=" | "<";
  threshold: number;
  /** Seconds that each value is for. */
  period: number;
  /** How many values are looked at; all must be past the threshold, or `atLeast` of them. */
  periods: number;
  atLeast?: number;
  /** What no value stands for: most metrics are silent while nothing happens. Of those that never should be, it is "breaching". */
  missing: "notBreaching" | "breaching";
  /** One sentence for somebody who was asleep. */
  meaning: string;
  /** What to look at or do first. */
  first: string;
}

const OPERATORS = { ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold" };

/** They tell the topic when they go off and when all is well again. */
export function createAlarms(
  scope: Construct,
  alarms: Alarm[],
  { prefix, topic }: { prefix: string; topic: SnsTopic },
): CloudwatchMetricAlarm[] {
  return alarms.map(({ id, metric, ...alarm }) => {
    const isPercentile = metric.statistic.startsWith("p");
    return new CloudwatchMetricAlarm(scope, id, {
      alarmName: `${prefix}-${id}`,
      alarmDescription: `${alarm.meaning} First: ${alarm.first}`,
      namespace: metric.namespace,
      metricName: metric.name,
      dimensions: metric.dimensions,
      ...(isPercentile
        ? // Of a handful of requests at night, one slow one is no percentile.
          { extendedStatistic: metric.statistic, evaluateLowSampleCountPercentiles: "ignore" }
        : { statistic: metric.statistic }),
      comparisonOperator: OPERATORS[alarm.comparison],
      threshold: alarm.threshold,
      period: alarm.period,
      evaluationPeriods: alarm.periods,
      datapointsToAlarm: alarm.atLeast ?? alarm.periods,
      treatMissingData: alarm.missing,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    });
  });
}
