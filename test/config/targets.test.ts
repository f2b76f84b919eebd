// What is deployed together, and how commands name it.
import { findTarget, knownStacks, targetsOf, validate } from "../../config";
import { sampleInput } from "../stacks/synth";

const config = validate(sampleInput());

test("the backup account first, since stages copy into its vault; the parent domain last", () => {
  expect(targetsOf(config).map(({ environment, flag, stacks }) => [environment, flag, stacks])).toEqual([
    ["backup-account", "--backup-account", ["backup-destination"]],
    ["dev", "--stage dev", ["app-dev"]],
    ["prod", "--stage prod", ["app-prod", "backup-source-prod"]],
    ["route53-ns", "--route53-ns", ["route53-ns"]],
  ]);
});

test("every stack is known, also those that a person alone deploys", () => {
  const github = { repository: "hospital@1/redcap@2" };
  const stacks = ["backup-destination", "app-dev", "app-prod", "backup-source-prod", "route53-ns"];
  expect(knownStacks(config)).toEqual(stacks);
  expect(knownStacks(validate({ ...sampleInput(), github }))).toEqual([
    ...stacks,
    "github-222222222222",
    "github-111111111111",
    "github-333333333333",
  ]);
});

test("each is found by what a person types", () => {
  expect(findTarget(config, { stage: "prod" })).toMatchObject({ environment: "prod", stage: { name: "prod" } });
  expect(findTarget(config, { backupAccount: true })).toMatchObject({ accountId: "222222222222" });
  expect(findTarget(config, { route53Ns: true })).toMatchObject({ accountId: "333333333333" });
});

test.each<[string, Parameters<typeof findTarget>[1], RegExp]>([
  ["none", {}, /Say what: --stage <name> \(dev, prod\), --backup-account or --route53-ns/],
  ["two", { stage: "prod", backupAccount: true }, /one of them/],
  ["a stage that is not there", { stage: "test" }, /there is no such stage\. Configured: dev, prod/],
])("%s is refused", (_, flags, message) => {
  expect(() => findTarget(config, flags)).toThrow(message);
});

test("an account that is not configured is refused", () => {
  const { backupDestination: _, route53Ns: __, ...rest } = sampleInput();
  const [dev] = rest.stages.filter(({ name }) => name === "dev");
  const alone = validate({ ...rest, stages: [dev as (typeof rest.stages)[number]] });
  expect(() => findTarget(alone, { backupAccount: true })).toThrow("--backup-account: the configuration has no");
  expect(() => findTarget(alone, { route53Ns: true })).toThrow("--route53-ns: the configuration has no route53Ns");
});
