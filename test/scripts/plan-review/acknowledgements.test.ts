// A danger is acknowledged by its exact stack, action and address; nothing broader counts.
import { offeredLine, parseAcknowledgements } from "../../../scripts/plan-review/acknowledgements";
import { review } from "../../../scripts/plan-review/review";
import { destroy, plan, replace, update } from "../gate/plans";

const constructs = (stack: string) => ({ stack, pathOf: (address: string) => `${stack}/${address}` });
const CLUSTER = "aws_rds_cluster.cluster";
const replaced = { plan: plan([replace(CLUSTER, {}, {})]), constructs: constructs("app-prod") };
const reviewed = (text: string, plans = [replaced]) => review(plans, parseAcknowledgements(text));

test("the exact line acknowledges, and its reason is kept", () => {
  const found = reviewed(
    `\n# for the move to the new key\napp-prod replace ${CLUSTER}  # KEY-12, restored beside it\n`,
  );
  expect(found).toMatchObject({ verdict: "acknowledged", dangers: 1, acknowledged: 1, unusedAcknowledgements: [] });
  expect(found.stacks[0]?.findings[0]?.acknowledgedBy?.reason).toBe("KEY-12, restored beside it");
});

test.each([
  ["another stack's", `app-dev replace ${CLUSTER}`],
  ["another action", `app-prod destroy ${CLUSTER}`],
  ["another address", "app-prod replace aws_rds_cluster.other"],
])("%s does not cover it", (_, line) => {
  expect(reviewed(line)).toMatchObject({ verdict: "dangerous", acknowledged: 0 });
});

test.each([
  ["app-prod", "whole stack"],
  ["app-prod replace", "whole stack"],
  ["*", "whole stack"],
  ["app-prod replace *", "wildcards"],
  ["app-prod replace aws_rds_cluster.*", "wildcards"],
  ["app-prod replace aws_rds_cluster", "may hold many resources"],
  ["app-prod replace app-prod/database", "may hold many resources"],
  ["app-prod replace module.database", "not the exact address"],
  [`app-* replace ${CLUSTER}`, "one stack's name"],
  [`app-prod * ${CLUSTER}`, "one action"],
  [`app-prod all ${CLUSTER}`, "one action"],
  [`app-prod replace,destroy ${CLUSTER}`, "one action"],
  [`app-prod replace ${CLUSTER}, aws_s3_bucket.files`, "not the exact address"],
])("refuses %s", (line, because) => {
  const found = reviewed(line);
  expect(found).toMatchObject({ verdict: "dangerous", acknowledged: 0 });
  expect(found.refusedAcknowledgements).toEqual([{ line, because: expect.stringContaining(because) }]);
});

test("a refused line is dangerous even where nothing else is: it would cover tomorrow's plan", () => {
  const calm = { plan: plan([]), constructs: constructs("app-prod") };
  expect(reviewed("app-prod replace *", [calm]).verdict).toBe("dangerous");
});

test("addresses with keys are exact, whatever the key holds", () => {
  const address = 'aws_s3_bucket.files["a * b.c"]';
  const keyed = { plan: plan([destroy(address)]), constructs: constructs("app-prod") };
  expect(reviewed(`app-prod destroy ${address} # yes`, [keyed]).verdict).toBe("acknowledged");
});

test("one action acknowledged leaves the others of the same change", () => {
  const both = plan([
    update(
      CLUSTER,
      { deletion_protection: true, backup_retention_period: 35 },
      { deletion_protection: false, backup_retention_period: 1 },
    ),
  ]);
  const found = reviewed(`app-prod unprotect ${CLUSTER}`, [{ plan: both, constructs: constructs("app-prod") }]);
  expect(found).toMatchObject({ verdict: "dangerous", dangers: 2, acknowledged: 1 });
});

test("what covers nothing any more is said, unless its stack is not reviewed now", () => {
  const found = reviewed(
    `app-prod replace ${CLUSTER}\napp-prod destroy aws_s3_bucket.files\napp-dev destroy aws_s3_bucket.files`,
  );
  expect(found.unusedAcknowledgements.map(({ line }) => line)).toEqual(["app-prod destroy aws_s3_bucket.files"]);
});

test("a line of a stack that nobody configured is refused, once that is known", () => {
  const lines = `app-prod replace ${CLUSTER}\napp-prdo destroy aws_s3_bucket.files\napp-dev destroy aws_s3_bucket.files`;
  const found = review([replaced], parseAcknowledgements(lines), ["app-prod", "app-dev"]);
  expect(found).toMatchObject({
    verdict: "dangerous",
    refusedAcknowledgements: [
      {
        line: "app-prdo destroy aws_s3_bucket.files",
        because: "there is no stack app-prdo; there are app-prod, app-dev",
      },
    ],
  });
});

test("what no command applies is said where its line is offered", () => {
  expect(
    offeredLine("app-prod", { action: "replace", address: CLUSTER, level: "danger", concern: "loss", what: "" }),
  ).toBe(`app-prod replace ${CLUSTER}  # no command of this project applies it all the same`);
  const narrower = {
    action: "narrow-selection",
    address: "a.b",
    level: "danger",
    concern: "backup",
    what: "",
  } as const;
  expect(offeredLine("app-prod", narrower)).toBe("app-prod narrow-selection a.b");
});

test("an errored plan cannot be acknowledged: it cannot be applied either", () => {
  const stopped = { plan: { ...replaced.plan, errored: true }, constructs: constructs("app-prod") };
  expect(reviewed(`app-prod replace ${CLUSTER}`, [stopped])).toMatchObject({
    verdict: "dangerous",
    dangers: 2,
    acknowledged: 1,
  });
});
