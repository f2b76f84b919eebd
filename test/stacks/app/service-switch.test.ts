// Another type of service is no reason to touch what holds data.
import { isStateful, PROTECTING_TYPES, STATEFUL_TYPES } from "../../../config";
import { byId, onAppRunner, one, type SynthesizedStack, sampleStage, synthesizeApp } from "../synth";

/** Addresses and attributes of all that holds state, or protects it. */
const stateful = (stack: SynthesizedStack) =>
  Object.fromEntries(
    [...STATEFUL_TYPES, ...PROTECTING_TYPES].flatMap((type) =>
      Object.entries(byId(stack, type))
        .filter(([id]) => isStateful(type, id) || PROTECTING_TYPES.has(type))
        .map(([id, block]) => [`${type}.${id}`, block]),
    ),
  );

const CRON = [{}, { cron: { minutes: 0 } }, { cron: { via: "http" } }];

describe.each(["dev", "prod"] as const)("stage %s", (base) => {
  const onFargate = stateful(synthesizeApp({}, base));

  test.each(CRON)("has the same stateful resources, to the last attribute, on App Runner with %j", (change) => {
    expect(stateful(synthesizeApp(onAppRunner(change), base))).toEqual(onFargate);
  });

  test("has some of each kind", () => {
    const types = new Set(Object.keys(onFargate).map((address) => address.replace(/\..*$/, "")));
    for (const type of ["aws_kms_key", "aws_rds_cluster", "aws_s3_bucket", "aws_secretsmanager_secret"])
      expect(types).toContain(type);
  });
});

test("the load balancer's deletion protection can be turned off before, which AWS asks for", () => {
  const { service } = sampleStage("prod");
  expect(one(synthesizeApp(), "aws_lb").enable_deletion_protection).toBe(true);
  const open = synthesizeApp({ service: { ...service, deletionProtection: false } as never });
  expect(one(open, "aws_lb").enable_deletion_protection).toBe(false);
  expect(stateful(open)).toEqual(stateful(synthesizeApp()));
});
