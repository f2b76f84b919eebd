// REDCap's own name on App Runner: which records there are, and what is put out for a person, by whoever hosts the domain.
import { all, byId, onAppRunner, one, ref, type StageInput, synthesizeApp } from "../synth";

const domain = { domain: "example.org", subdomain: "redcap" };
const withDomain = (change: Partial<StageInput>) => synthesizeApp({ ...domain, ...change, ...onAppRunner() });
const certificateRecords = (stack: ReturnType<typeof withDomain>) =>
  Object.entries(byId(stack, "aws_route53_record")).filter(([id]) => id.includes("app-runner-certificate"));

describe("without a domain", () => {
  const stack = synthesizeApp(onAppRunner());

  test("App Runner's own name is put out, and REDCap is told none", () => {
    expect(stack.output.url?.value).toBe(stack.output.app_runner_url?.value);
    expect(stack.output.url?.value).toMatch(/^https:\/\/\$\{aws_apprunner_service\.[\w-]+\.service_url\}\/$/);
    expect(JSON.stringify(one(stack, "aws_apprunner_service"))).not.toContain("BASE_URL");
    for (const type of ["aws_apprunner_custom_domain_association", "aws_route53_record", "aws_route53_zone"])
      expect(all(stack, type)).toEqual([]);
  });
});

describe("in a zone that the world's DNS leads to", () => {
  const stack = withDomain({ hostInRoute53: true, delegated: true });
  const association = one(stack, "aws_apprunner_custom_domain_association");

  test("the name is associated, without www, and is REDCap's base URL", () => {
    expect(association).toMatchObject({ domain_name: "redcap.example.org", enable_www_subdomain: false });
    expect(stack.output.url?.value).toBe("https://redcap.example.org/");
    expect(JSON.stringify(one(stack, "aws_apprunner_service"))).toContain('"BASE_URL":"https://redcap.example.org/"');
  });

  test("an alias leads to the service, as a zone's own name needs it", () => {
    const [id] = Object.keys(byId(stack, "aws_apprunner_service"));
    expect(one(stack, "aws_route53_record", "domain_address")).toMatchObject({
      ...{ name: "redcap.example.org", type: "A" },
      alias: { name: ref(`aws_apprunner_service.${id}.service_url`), evaluate_target_health: false },
    });
  });

  test("the certificate has three records, however many App Runner wants, in an order that their status leaves", () => {
    const records = certificateRecords(stack);
    expect(records).toHaveLength(3);
    for (const [, record] of records) {
      expect(record).toMatchObject({ type: "CNAME", allow_overwrite: true });
      expect(record).not.toHaveProperty("for_each");
    }
    expect(new Set(records.map(([, { name }]) => name)).size).toBe(3);
    expect(JSON.stringify(stack)).toMatch(/\$\{sort\(keys\(local\./);
    expect(association.lifecycle).toMatchObject({
      postcondition: [{ condition: ref("length(self.certificate_validation_records) <= 3") }],
    });
  });
});

describe("in the stage's own account", () => {
  /** Zones made and found, and records by name and zone. */
  const dns = (stack: ReturnType<typeof withDomain>) => {
    const found = stack.data.aws_route53_zone ?? {};
    const zones = { ...byId(stack, "aws_route53_zone"), ...found };
    const zoneOf = (zoneId: unknown) => zones[/aws_route53_zone\.([\w-]+)\./.exec(String(zoneId))?.[1] ?? ""]?.name;
    return {
      made: Object.values(byId(stack, "aws_route53_zone")).map(({ name }) => name),
      found: Object.values(found).map(({ name }) => name),
      records: all(stack, "aws_route53_record").map(({ type, zone_id }) => `${type} in ${zoneOf(zone_id)}`),
    };
  };
  const noMail = { mail: { type: "none", reason: "This is about REDCap's address." } } as const;

  test("5.1.1: with a subdomain, a zone of its own, delegated from the existing one", () => {
    const stack = withDomain({ hostInRoute53: "example.org", ...noMail });
    const { records, ...zones } = dns(stack);
    expect(zones).toEqual({ made: ["redcap.example.org"], found: ["example.org"] });
    expect(records.sort()).toEqual([
      "A in redcap.example.org",
      ...Array(3).fill("CNAME in redcap.example.org"),
      "NS in example.org",
    ]);
    expect([stack.output.name_servers, stack.output.dns_records]).toEqual([undefined, undefined]);
  });

  test("5.1.2: without one, the existing zone", () => {
    const stack = withDomain({ subdomain: undefined, hostInRoute53: "example.org", ...noMail });
    const { records, ...zones } = dns(stack);
    expect(zones).toEqual({ made: [], found: ["example.org"] });
    expect(records.sort()).toEqual(["A in example.org", ...Array(3).fill("CNAME in example.org")]);
    expect(one(stack, "aws_apprunner_custom_domain_association").domain_name).toBe("example.org");
  });
});

test("in a new zone that nothing leads to yet, App Runner's name serves, and the certificate is not asked for", () => {
  const stack = withDomain({ hostInRoute53: true });
  expect(all(stack, "aws_apprunner_custom_domain_association")).toEqual([]);
  expect(certificateRecords(stack)).toEqual([]);
  expect(stack.output).toHaveProperty("name_servers");
  expect(stack.output.app_runner_url?.value).toMatch(/service_url/);
  expect(all(stack, "aws_apprunner_service")).toHaveLength(1);
});

test.each([false, true])("without a zone all records are put out, delegated: %s", (delegated) => {
  const stack = withDomain({ hostInRoute53: false, delegated });
  expect(all(stack, "aws_apprunner_custom_domain_association")).toHaveLength(1);
  expect(all(stack, "aws_route53_record")).toEqual([]);
  expect(stack.output.dns_records?.value).toContainEqual({
    name: "redcap.example.org",
    type: "CNAME or ALIAS",
    values: [expect.stringContaining(".service_url}")],
  });
  expect(stack.output.certificate_records?.value).toMatch(/for name in sort\(.*certificate_validation_records/);
});
