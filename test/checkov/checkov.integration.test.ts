// No check of Checkov fails over the stacks of every sample stage and of its other ways, but for those that skips.ts gives a reason for.
import { validate } from "../../config";
import { onAppRunner, type SynthesizedStack, sampleInput, sampleStage, synthesize } from "../stacks/synth";
import { type Findings, runCheckov } from "./checkov";
import { SKIPS } from "./skips";

let findings: Findings;

/** What no stage of the sample has, in stages of their own: App Runner, and an image that the stage builds. */
function others(): SynthesizedStack[] {
  const { image: _, ...building } = sampleStage("prod").service as { image?: string };
  const ways = {
    "app-runner": onAppRunner(),
    "own-image": { redCapLocalVersion: "17.4.4", service: building },
  };
  const stages = Object.entries(ways).map(([name, change]) => {
    const budget = { monthlyUsd: 100 };
    return { ...sampleStage("prod"), ...change, name, budget, subdomain: name, email: "admins@example.org" };
  });
  const stacks = synthesize(validate({ ...sampleInput(), stages: stages as never }));
  return stacks.filter(({ name }) => name.startsWith("app-"));
}

beforeAll(async () => {
  const sample = validate({ ...sampleInput(), github: { repository: "example/redcap" } });
  findings = await runCheckov([...synthesize(sample), ...others()]);
}, 600_000);

const matches = ({ check, where }: { check: string; where: string }, skip: (typeof SKIPS)[number]) =>
  skip.check === check && skip.where.test(where);

test("every stack was read and checked", () => {
  expect(findings.passed).toBeGreaterThan(1_000);
});

test("no check fails without a reason to skip it", () => {
  const open = findings.failures.filter((failure) => !SKIPS.some((skip) => matches(failure, skip)));
  expect(open.map(({ check, name, where }) => `${check} ${where}: ${name}`)).toEqual([]);
});

test("no skip is left over", () => {
  const unused = SKIPS.filter((skip) => !findings.failures.some((failure) => matches(failure, skip)));
  expect(unused.map(({ check, where }) => `${check} ${where}`)).toEqual([]);
});

test("each skip says why, once", () => {
  for (const { reason } of SKIPS) expect(reason.length).toBeGreaterThan(20);
  const written = SKIPS.map(({ check, where }) => `${check} ${where}`);
  expect(new Set(written).size).toBe(written.length);
});
