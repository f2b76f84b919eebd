import { all, byId, one, type SynthesizedStack, synthesizeApp } from "../../synth";

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: { title: string; region?: string; alarms?: string[]; metrics?: [string, string, ...unknown[]][] };
}

const stack = synthesizeApp();
const widgetsOf = (of: SynthesizedStack): Widget[] =>
  JSON.parse(String(one(of, "aws_cloudwatch_dashboard").dashboard_body)).widgets;
const [alarms, ...graphs] = widgetsOf(stack);

test("begins with all alarms of the stage", () => {
  expect(one(stack, "aws_cloudwatch_dashboard").dashboard_name).toBe("redcap-prod");
  expect(alarms?.type).toBe("alarm");
  expect(alarms?.properties.alarms?.sort()).toEqual(
    Object.keys(byId(stack, "aws_cloudwatch_metric_alarm"))
      .map((id) => `\${aws_cloudwatch_metric_alarm.${id}.arn}`)
      .sort(),
  );
});

test("draws what every alarm of service, database, cron and backup is about", () => {
  const drawn = new Set(
    graphs.flatMap(({ properties }) => properties.metrics ?? []).map(([space, name]) => `${space} ${name}`),
  );
  const left = all(stack, "aws_cloudwatch_metric_alarm").filter(
    ({ namespace, metric_name }) => !drawn.has(`${namespace} ${metric_name}`),
  );
  expect([...new Set(left.map(({ namespace }) => namespace))].sort()).toEqual(["AWS/Lambda", "AWS/NATGateway"]);
});

test("covers the grid without overlaps", () => {
  const taken = new Set<string>();
  for (const { x, y, width, height } of widgetsOf(stack)) {
    expect(x + width).toBeLessThanOrEqual(24);
    for (let column = x; column < x + width; column++)
      for (let row = y; row < y + height; row++) {
        expect(taken).not.toContain(`${column} ${row}`);
        taken.add(`${column} ${row}`);
      }
  }
  for (const { properties } of graphs) expect(properties.region).toBe("eu-west-2");
});

test("has no graph of backups where there are none", () => {
  const titles = (of: SynthesizedStack) => widgetsOf(of).map(({ properties }) => properties.title);
  expect(titles(stack)).toContain("Backups a day");
  expect(titles(synthesizeApp({}, "dev"))).not.toContain("Backups a day");
});
