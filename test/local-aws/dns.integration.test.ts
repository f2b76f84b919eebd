// DNS of the local AWS: zones have name servers of their own, records are not overwritten, and ACM issues a certificate
// once its record is found from outside.
import { type LocalAws, startLocalAws } from ".";
import { parseXml } from "./host/xml";

jest.setTimeout(60_000);

const ACCOUNT = "111111111111";
const region = "eu-west-2";
let aws: LocalAws;

beforeAll(async () => {
  const accounts = [ACCOUNT, "333333333333"].map((id) => ({ id, profile: `p${id}` }));
  aws = await startLocalAws({ accounts, region });
});
afterAll(() => aws.stop());

/** A request whose signature has only the scope that the overlay reads. */
async function call(service: string, path: string, init: RequestInit, account = ACCOUNT) {
  const scope = `${aws.credentials(account).accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const answer = await fetch(aws.endpoint + path, { ...init, headers: { ...init.headers, authorization } });
  return { status: answer.status, text: await answer.text() };
}

async function makeZone(name: string, account?: string) {
  const body = `<CreateHostedZoneRequest><Name>${name}</Name><CallerReference>${name}</CallerReference></CreateHostedZoneRequest>`;
  const { text } = await call("route53", "/2013-04-01/hostedzone", { method: "POST", body }, account);
  const { CreateHostedZoneResponse } = parseXml(text) as never as {
    CreateHostedZoneResponse: {
      HostedZone: { Id: string };
      DelegationSet: { NameServers: { NameServer: string[] } };
    };
  };
  const { HostedZone, DelegationSet } = CreateHostedZoneResponse;
  return { id: HostedZone.Id.replace("/hostedzone/", ""), nameServers: DelegationSet.NameServers.NameServer };
}

function record(zone: string, action: string, name: string, type: string, values: string[], account?: string) {
  const records = values.map((value) => `<ResourceRecord><Value>${value}</Value></ResourceRecord>`).join("");
  const set = `<Name>${name}</Name><Type>${type}</Type><TTL>300</TTL><ResourceRecords>${records}</ResourceRecords>`;
  const change = `<Change><Action>${action}</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change>`;
  const body = `<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>${change}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
  return call("route53", `/2013-04-01/hostedzone/${zone}/rrset/`, { method: "POST", body }, account);
}

async function acm(action: string, input: object) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `CertificateManager.${action}` };
  return JSON.parse((await call("acm", "/", { method: "POST", headers, body: JSON.stringify(input) })).text);
}

const request = async (DomainName: string): Promise<string> =>
  (await acm("RequestCertificate", { DomainName, ValidationMethod: "DNS" })).CertificateArn;
const certificate = async (CertificateArn: string) =>
  (await acm("DescribeCertificate", { CertificateArn })).Certificate;

test("a record that is there is neither made again nor overwritten by CREATE", async () => {
  const { id } = await makeZone("kept.example");
  expect((await record(id, "CREATE", "kept.example", "TXT", ['"v=spf1 -all"'])).status).toBe(200);
  const again = await record(id, "CREATE", "kept.example.", "TXT", ['"other"']);
  expect(again.status).toBe(400);
  expect(again.text).toContain("but it already exists");
  const { text } = await call("route53", `/2013-04-01/hostedzone/${id}/rrset`, {});
  expect(text).toContain("v=spf1");
  expect(text).not.toContain("other");
  expect((await record(id, "UPSERT", "kept.example", "TXT", ['"other"'])).status).toBe(200);
});

test("a record is found along the delegations alone, through accounts", async () => {
  const parent = await makeZone("acme.com", "333333333333");
  const child = await makeZone("redcap.acme.com");
  expect(new Set([...parent.nameServers, ...child.nameServers]).size).toBe(8);
  const name = "x.redcap.acme.com";
  await record(child.id, "CREATE", name, "CNAME", ["target.example."]);
  const found = () => aws.dns.resolve(name, "CNAME");
  expect(await found()).toEqual([]);
  await record(parent.id, "CREATE", "redcap.acme.com", "NS", child.nameServers, "333333333333");
  expect(await found()).toEqual([]);
  aws.dns.enter({ name: "acme.com", type: "NS", values: child.nameServers });
  expect(await found()).toEqual([]);
  aws.dns.enter({ name: "acme.com", type: "NS", values: parent.nameServers });
  expect(await found()).toEqual(["target.example"]);
  // The child is asked, not what the parent says below it.
  await record(parent.id, "CREATE", "y.redcap.acme.com", "CNAME", ["target.example."], "333333333333");
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
  const { text } = await call("elasticloadbalancing", "/", { method: "POST", headers, body: String(parameters) });
  expect(text).toContain("<Code>UnsupportedCertificate</Code>");
});
