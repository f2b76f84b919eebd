// The name-server records in the account of the parent domain.
import { type DeploymentInput, validate } from "../../../config";
import sample from "../../../stages.sample";
import { type SynthesizedStack, synthesize } from "../synth";

type App = NonNullable<NonNullable<DeploymentInput["route53Ns"]>["apps"]>[number];

const NAME_SERVERS = ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com", "ns-3.awsdns-03.net", "ns-4.awsdns-04.co.uk"];

function deploy(apps: App[], domain = "acme.com"): SynthesizedStack {
  const route53Ns = { accountId: "333333333333", region: "eu-west-2", profile: "dns", domain, apps };
  const stack = synthesize(validate({ ...sample, route53Ns })).find(({ name }) => name === "route53-ns");
  if (!stack) throw new Error("There is no stack route53-ns.");
  return stack;
}

const records = (stack: SynthesizedStack) => Object.values(stack.resource.aws_route53_record ?? {});

test("one record per application, below the parent domain, in the other account", () => {
  const stack = deploy([
    { name: "redcap", nsRecords: NAME_SERVERS },
    { name: "trial.research", nsRecords: NAME_SERVERS },
  ]);
  expect(records(stack).map(({ name }) => name)).toEqual(["redcap.acme.com", "trial.research.acme.com"]);
  for (const record of records(stack)) {
    expect(record).toMatchObject({ type: "NS", ttl: 3_600, records: NAME_SERVERS });
    // What is there already is somebody else's: Route 53 refuses the record.
    expect(record.allow_overwrite).toBeUndefined();
  }
  expect(stack.provider.aws?.[0]).toMatchObject({ allowed_account_ids: ["333333333333"], profile: "dns" });
});

test("in the public zone of the domain", () => {
  const found = Object.values(deploy([]).data.aws_route53_zone ?? {});
  expect(found).toMatchObject([{ name: "acme.com", private_zone: false }]);
});

test("a dot at the end, as the console writes it, and capitals mean nothing", () => {
  const nsRecords = NAME_SERVERS.map((server) => `${server.toUpperCase()}.`);
  expect(records(deploy([{ name: "redcap", nsRecords }]))[0]).toMatchObject({ records: NAME_SERVERS });
});

test("no application, no record", () => {
  expect(records(deploy([]))).toEqual([]);
});

test.each<[string, App[], RegExp]>([
  ["an address for a name", [{ name: "redcap", nsRecords: ["192.0.2.1", "192.0.2.2"] }], /nsRecords\[0\].*a domain/],
  ["a URL", [{ name: "redcap", nsRecords: ["https://ns-1.org", "ns-2.org"] }], /nsRecords\[0\].*a domain/],
  ["one name server", [{ name: "redcap", nsRecords: NAME_SERVERS.slice(1, 2) }], /all name servers/],
  [
    "those of several zones",
    [{ name: "redcap", nsRecords: [1, 2, 3].flatMap((n) => NAME_SERVERS.map((s) => `n${n}${s}`)) }],
    /one zone/,
  ],
  [
    "one twice, with and without a dot",
    [{ name: "redcap", nsRecords: [...NAME_SERVERS, "ns-1.awsdns-01.org."] }],
    /twice/,
  ],
  ["two apps of a name", ["redcap", "redcap"].map((name) => ({ name, nsRecords: NAME_SERVERS })), /apps: .*same name/],
  [
    "the whole name",
    [{ name: "redcap.acme.com", nsRecords: NAME_SERVERS }],
    /apps\[redcap\.acme\.com\]\.name.*leave the domain out/,
  ],
  ["a capital", [{ name: "REDCap", nsRecords: NAME_SERVERS }], /lower-case/],
])("%s is refused", (_, apps, message) => {
  expect(() => deploy(apps)).toThrow(message);
});
