// The name-server records in the account of the parent domain.
import { validate } from "../../../config";
import sample from "../../../stages.sample";
import { synthesize } from "../synth";

const NAME_SERVERS = ["ns-1.awsdns-1.org.", "ns-2.awsdns-2.com."];

function resources(apps: { name: string; nsRecords: string[] }[]) {
  const route53Ns = { accountId: "333333333333", region: "eu-west-2", domain: "example.org", apps };
  const stack = synthesize(validate({ ...sample, route53Ns })).find(({ name }) => name === "route53-ns");
  return Object.values(stack?.resource.aws_route53_record ?? {});
}

test("one record per application, below the parent domain", () => {
  const records = resources([
    { name: "redcap", nsRecords: NAME_SERVERS },
    { name: "trial", nsRecords: NAME_SERVERS },
  ]);
  expect(records.map(({ name }) => name).sort()).toEqual(["redcap.example.org", "trial.example.org"]);
  for (const record of records) expect(record).toMatchObject({ type: "NS", ttl: 3_600, records: NAME_SERVERS });
});

test("no application, no record", () => {
  expect(resources([])).toEqual([]);
});
