// Each scenario of a domain: which zones, records and certificates exist, and what a person is told to enter elsewhere.
import { byId, one, ref, type StageInput, type SynthesizedStack, sampleStage, synthesizeApp } from "../synth";

/** A Fargate stage without a certificate of its own. */
function deploy(domain: Partial<StageInput>, service: object = {}): SynthesizedStack {
  const configured: object = { ...sampleStage("prod").service, certificateArn: undefined, ...service };
  return synthesizeApp({
    ...{ domain: undefined, subdomain: undefined, hostInRoute53: undefined, delegated: undefined },
    // Its records have tests of their own.
    mail: { type: "none", reason: "This is about REDCap's address." },
    ...domain,
    service: configured as never,
  });
}

/** Zones by name, records as `TYPE name in zone`, certificates and waits by name, listeners by port. */
function dns(stack: SynthesizedStack) {
  const zones = byId(stack, "aws_route53_zone");
  const found = stack.data.aws_route53_zone ?? {};
  const nameOf = (zoneId: unknown): unknown => {
    const [, data, id = ""] = /^\$\{(data\.)?aws_route53_zone\.([\w-]+)\.zone_id\}$/.exec(String(zoneId)) ?? [];
    return (data ? found : zones)[id]?.name;
  };
  return {
    zones: Object.values(zones).map(({ name }) => name),
    existing: Object.values(found).map(({ name }) => name),
    records: Object.values(byId(stack, "aws_route53_record"))
      .map(
        ({ type, name, zone_id }) =>
          `${type} ${String(name).startsWith("$") ? "validation" : name} in ${nameOf(zone_id)}`,
      )
      .sort(),
    certificates: Object.values(byId(stack, "aws_acm_certificate")).map(({ domain_name }) => domain_name),
    validated: Object.keys(byId(stack, "aws_acm_certificate_validation")).length,
    ports: Object.values(byId(stack, "aws_lb_listener")).map(({ port }) => port),
    services: Object.keys(byId(stack, "aws_ecs_service")).length,
  };
}

const output = (stack: SynthesizedStack, name: string): unknown => stack.output[name]?.value;

const SERVES = { validated: 1, ports: [80, 443], services: 1 };
const WAITS = { validated: 0, ports: [], services: 0 };

describe("5.1.1: a subdomain of a zone in the stage's account", () => {
  const stack = deploy({ domain: "acme.com", subdomain: "redcap", hostInRoute53: "acme.com" });

  test("has a zone of its own, delegated from the existing one, and serves at once", () => {
    expect(dns(stack)).toEqual({
      zones: ["redcap.acme.com"],
      existing: ["acme.com"],
      records: [
        "A redcap.acme.com in redcap.acme.com",
        "CNAME validation in redcap.acme.com",
        "NS redcap.acme.com in acme.com",
      ],
      certificates: ["redcap.acme.com"],
      ...SERVES,
    });
    expect(one(stack, "aws_route53_record", "domain_delegation").records).toBe(
      ref("aws_route53_zone.zone.name_servers"),
    );
  });

  test("puts out nothing for a person to enter", () => {
    expect(output(stack, "name_servers")).toBeUndefined();
    expect(output(stack, "dns_records")).toBeUndefined();
    expect(output(stack, "url")).toBe("https://redcap.acme.com/");
  });
});

describe("5.1.2: a zone in the stage's account, without a subdomain", () => {
  const stack = deploy({ domain: "acme.com", hostInRoute53: "acme.com" });

  test("uses it, for REDCap's records alone, and serves at once", () => {
    expect(dns(stack)).toEqual({
      zones: [],
      existing: ["acme.com"],
      records: ["A acme.com in acme.com", "CNAME validation in acme.com"],
      certificates: ["acme.com"],
      ...SERVES,
    });
    expect(stack.data.aws_route53_zone).toMatchObject({
      [Object.keys(stack.data.aws_route53_zone ?? {})[0] ?? ""]: { private_zone: false },
    });
    expect([output(stack, "name_servers"), output(stack, "dns_records")]).toEqual([undefined, undefined]);
  });

  test("also where the zone is that of the subdomain", () => {
    const own = deploy({ domain: "acme.com", subdomain: "redcap", hostInRoute53: "redcap.acme.com" });
    expect(dns(own)).toMatchObject({ zones: [], existing: ["redcap.acme.com"], ...SERVES });
  });
});

describe.each([
  ["5.2.1: a subdomain, the domain in another AWS account", "acme.com"],
  ["5.3.1: a subdomain, the domain with another DNS provider", "acme.site"],
])("%s", (_, domain) => {
  const config = { domain, subdomain: "redcap", hostInRoute53: true } as const;
  const host = `redcap.${domain}`;

  test("first has a zone, and its name servers to enter; nothing serves", () => {
    const stack = deploy(config);
    expect(dns(stack)).toEqual({
      zones: [host],
      existing: [],
      records: [`A ${host} in ${host}`],
      certificates: [],
      ...WAITS,
    });
    expect(output(stack, "name_servers")).toBe(ref("aws_route53_zone.zone.name_servers"));
    expect(output(stack, "dns_records")).toBeUndefined();
  });

  test("then, delegated, has the certificate and serves", () => {
    expect(dns(deploy({ ...config, delegated: true }))).toEqual({
      zones: [host],
      existing: [],
      records: [`A ${host} in ${host}`, `CNAME validation in ${host}`],
      certificates: [host],
      ...SERVES,
    });
  });
});

describe.each([
  ["5.2.2: the domain itself, in another AWS account"],
  ["5.3.2: the domain itself, with another DNS provider"],
])("%s", () => {
  const config = { domain: "acme.com", hostInRoute53: false } as const;
  const none = { zones: [], existing: [], records: [], certificates: ["acme.com"] };

  test("first asks for the certificate, and puts out its record and the load balancer's", () => {
    const stack = deploy(config);
    expect(dns(stack)).toEqual({ ...none, ...WAITS });
    const [validation, address] = output(stack, "dns_records") as { values: string[] }[];
    expect(validation).toEqual({
      name: expect.stringMatching(/aws_acm_certificate\..+domain_validation_options\)\.0\.resource_record_name\}$/),
      type: "CNAME",
      values: [expect.stringContaining("resource_record_value")],
    });
    expect(address).toMatchObject({ name: "acme.com", type: "CNAME or ALIAS" });
    expect(address?.values[0]).toMatch(/^\$\{aws_lb\..+\.dns_name\}$/);
    expect(output(stack, "name_servers")).toBeUndefined();
  });

  test("then, with the records entered, waits for the certificate and serves", () => {
    expect(dns(deploy({ ...config, delegated: true }))).toEqual({ ...none, ...SERVES });
  });
});

describe("5.4: no domain", () => {
  test("is refused on Fargate with the remedy, since REDCap is never served without TLS", () => {
    expect(() => deploy({})).toThrow(/certificateArn.*domain.*app-runner/);
  });

  test("serves with a certificate of one's own, and makes nothing in DNS", () => {
    const { certificateArn } = sampleStage("prod").service as { certificateArn: string };
    expect(dns(deploy({}, { certificateArn }))).toEqual({
      ...{ zones: [], existing: [], records: [], certificates: [] },
      ...SERVES,
      validated: 0,
    });
  });
});
