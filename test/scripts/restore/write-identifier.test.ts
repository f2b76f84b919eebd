// --keep-identifier writes into stages.ts what belongs there, and leaves the rest to the letter.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { withClusterIdentifier } from "../../../scripts/restore/steps/write-identifier";

const sample = readFileSync(join(PROJECT_ROOT, "stages.sample.ts"), "utf8");

it("adds the identifier to the right stage only", () => {
  const text = withClusterIdentifier(sample, "prod", "redcap-prod-restored-1") as string;
  expect(text.replace(' clusterIdentifier: "redcap-prod-restored-1",', "")).not.toContain("redcap-prod-restored-1");
  expect(text.indexOf("redcap-prod-restored-1")).toBeGreaterThan(text.indexOf('name: "prod"'));
});

it("replaces an identifier that is there, and writes the same twice without change", () => {
  const first = withClusterIdentifier(sample, "prod", "one") as string;
  const second = withClusterIdentifier(first, "prod", "two") as string;
  expect(second).toBe(first.replace('"one"', '"two"'));
  expect(withClusterIdentifier(second, "prod", "two")).toBe(second);
});

it("adds db where the stage has none", () => {
  const text = withClusterIdentifier('export default { stages: [{ name: "x", service: {} }] };', "x", "one");
  expect(text).toContain('db: { clusterIdentifier: "one" },');
});

it("leaves a stage that is not a plain object to a person", () => {
  expect(withClusterIdentifier("export default { stages: [makeStage('prod')] };", "prod", "one")).toBeUndefined();
});
