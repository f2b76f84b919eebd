// The stage's dashboard: one page for who is on call, from what people notice down to what causes it.
import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import type { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../../config";
import type { Graph } from "./watched";

export interface DashboardProps {
  stage: StageConfig;
  alarms: CloudwatchMetricAlarm[];
  graphs: Graph[];
}

/** Columns of the grid, and height of a widget in its rows. */
const COLUMNS = 24;
const PER_ROW = 3;
const HEIGHT = 6;

export function dashboard(scope: Construct, props: DashboardProps): CloudwatchDashboard {
  const { prefix, dashboard: dashboardName } = stageNames(props.stage);
  const alarms = {
    ...{ type: "alarm", x: 0, y: 0, width: COLUMNS, height: HEIGHT },
    properties: { title: `Alarms of ${prefix}`, alarms: props.alarms.map(({ arn }) => arn) },
  };
  const widgets = props.graphs.map(({ title, lines, period }, index) => ({
    type: "metric",
    x: ((index % PER_ROW) * COLUMNS) / PER_ROW,
    y: HEIGHT * (1 + Math.floor(index / PER_ROW)),
    width: COLUMNS / PER_ROW,
    height: HEIGHT,
    properties: { title, region: props.stage.region, view: "timeSeries", period, metrics: drawn(lines) },
  }));
  return new CloudwatchDashboard(scope, "dashboard", {
    dashboardName,
    dashboardBody: JSON.stringify({ widgets: [alarms, ...widgets] }),
  });
}

/** As the body of a dashboard names metrics (CloudWatch API reference, dashboard body structure). */
const drawn = (lines: Graph["lines"]) =>
  Object.entries(lines).map(([label, { namespace, name, dimensions, statistic }]) => [
    namespace,
    name,
    ...Object.entries(dimensions).flat(),
    { label, stat: statistic },
  ]);
