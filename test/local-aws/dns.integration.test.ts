// DNS of the local AWS: zones have name servers of their own, records are not overwritten, and ACM issues a certificate
// once its record is found from outside.
import { type LocalAws, startLocalAws } from ".";
import { makeZone, signed } from "./hosted-zones";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const OTHER_ACCOUNT = "333333333333";
let aws: LocalAws;

beforeAll(async () => {
  const accounts = [ACCOUNT, OTHER_ACCOUNT].map((id) => ({ id, profile: `p${id}` }));
  aws = await startLocalAws({ accounts, region: "us-east-1" });
});
afterAll(() => aws.stop());

async function acm(action: string, input: object) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `CertificateManager.${action}` };
  const body = JSON.stringify(input);
  return JSON.parse((await signed(aws, ACCOUNT, "acm", "/", { method: "POST", headers, body })).text);
}

const request = async (DomainName: string): Promise<string> =>
  (await acm("RequestCertificate", { DomainName, ValidationMethod: "DNS" })).CertificateArn;
const certificate = async (CertificateArn: string) =>
  (await acm("DescribeCertificate", { CertificateArn })).Certificate;

test("a record that is there is neither made again nor overwritten by CREATE", async () => {
  const zone = await makeZone(aws, ACCOUNT, "kept.example");
  expect((await zone.change("CREATE", "kept.example", "TXT", ['"v=spf1 -all"'])).status).toBe(200);
  const again = await zone.change("CREATE", "kept.example.", "TXT", ['"other"']);
  expect(again).toEqual({ status: 400, text: expect.stringContaining("but it already exists") });
  expect(await zone.records()).toContain('TXT kept.example. "v=spf1 -all"');
  expect((await zone.change("UPSERT", "kept.example", "TXT", ['"other"'])).status).toBe(200);
  expect(await zone.records()).toContain('TXT kept.example. "other"');
});

test("a record is found along the delegations alone, through accounts", async () => {
  const parent = await makeZone(aws, OTHER_ACCOUNT, "acme.com");
  const child = await makeZone(aws, ACCOUNT, "redcap.acme.com");
  expect(new Set([...parent.nameServers, ...child.nameServers]).size).toBe(8);
  const name = "x.redcap.acme.com";
  await child.change("CREATE", name, "CNAME", ["target.example."]);
  const found = () => aws.dns.resolve(name, "CNAME");
  expect(await found()).toEqual([]);
  await parent.change("CREATE", "redcap.acme.com", "NS", child.nameServers);
  expect(await found()).toEqual([]);
  aws.dns.enter({ name: "acme.com", type: "NS", values: child.nameServers });
  expect(await found()).toEqual([]);
  aws.dns.enter({ name: "acme.com", type: "NS", values: parent.nameServers });
  expect(await found()).toEqual(["target.example"]);
  // The child is asked, not what the parent says below it.
  await parent.change("CREATE", "y.redcap.acme.com", "CNAME", ["target.example."]);
  expect(await aws.dns.resolve("y.redcap.acme.com", "CNAME")).toEqual([]);
});

test("ACM issues a certificate once its record is found, and keeps it issued", async () => {
  const arn = await request("redcap.acme.site");
  const pending = await certificate(arn);
  expect(pending).toMatchObject({ Status: "PENDING_VALIDATION", DomainName: "redcap.acme.site" });
  expect(pending.IssuedAt).toBeUndefined();
  const { Name, Type, Value } = pending.DomainValidationOptions[0].ResourceRecord;
  // One record for a name and account.
  const other = await certificate(await request("redcap.acme.site"));
  expect(other.DomainValidationOptions[0].ResourceRecord).toEqual({ Name, Type, Value });
  const elsewhere = await certificate(await request("acme.site"));
  expect(elsewhere.DomainValidationOptions[0].ResourceRecord.Value).not.toBe(Value);

  aws.dns.enter({ name: Name, type: Type, values: ["wrong.acm-validations.aws."] });
  expect((await certificate(arn)).Status).toBe("PENDING_VALIDATION");
  aws.dns.enter({ name: Name, type: Type, values: [Value] });
  expect(await certificate(arn)).toMatchObject({
    Status: "ISSUED",
    DomainValidationOptions: [{ ValidationStatus: "SUCCESS" }],
  });
  aws.dns.enter({ name: Name, type: Type, values: [] });
  expect((await certificate(arn)).Status).toBe("ISSUED");
});

test("a listener takes no certificate that is pending", async () => {
  const parameters = new URLSearchParams({
    Action: "CreateListener",
    LoadBalancerArn: "arn:aws:elasticloadbalancing:eu-west-2:111111111111:loadbalancer/app/x/1",
    "Certificates.member.1.CertificateArn": await request("pending.acme.site"),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const init = { method: "POST", headers, body: String(parameters) };
  const { text } = await signed(aws, ACCOUNT, "elasticloadbalancing", "/", init);
  expect(text).toContain("<Code>UnsupportedCertificate</Code>");
});
