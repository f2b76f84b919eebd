// A stage's mail, deployed by the real provider into a zone that others use, without NAT: what changes in the zone, that the
// second plan is empty, and that the credentials which REDCap reads send mail, also after a rotation.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GetSecretValueCommand, RotateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createTransport } from "nodemailer";
import type { SmtpCredentials } from "../../functions/access-key/mail";
import { type LocalAws, startLocalAws } from "../local-aws";
import { sampleInput } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

const DEPLOYING = 600_000;
const QUICK = 120_000;
const SecretId = "redcap-dev/mail";
const APEX = [
  { type: "MX", value: "10 mx.acme.com." },
  { type: "TXT", value: '"v=spf1 include:_spf.acme.com -all"' },
];

const input = sampleInput();
const dev = input.stages.find(({ name }) => name === "dev") ?? input.stages[0];
if (!dev) throw new Error("The sample has no stage dev.");
const { accountId, region, profile = "" } = dev;
const certificateArn = String((dev.service as { certificateArn?: string }).certificateArn);

let aws: LocalAws;
let folder: string;
let zoneId: string;

/** A call of Route 53's API. */
async function route53(method: string, path: string, body?: string): Promise<string> {
  const scope = `${aws.credentials(accountId).accessKeyId}/20260101/us-east-1/route53/aws4_request`;
  const response = await fetch(`${aws.endpoint}/2013-04-01/hostedzone${path}`, {
    method,
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    ...(body ? { body } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

const inXml = (type: string, name: string, value: string) =>
  `<ResourceRecordSet><Name>${name}</Name><Type>${type}</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`;

/** Records of the zone as `TYPE name value`. */
async function records(): Promise<string[]> {
  const text = (await route53("GET", `/${zoneId}/rrset`)).replaceAll("&quot;", '"');
  return [...text.matchAll(/<ResourceRecordSet>(.*?)<\/ResourceRecordSet>/gs)].map(([, set = ""]) => {
    const [name, type] = ["Name", "Type"].map((tag) => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(set)?.[1]);
    const values = [...set.matchAll(/<Value>(.*?)<\/Value>/g)].map(([, value]) => value);
    return `${type} ${name?.replace(/^[0-9a-f]{32}/, "<token>")} ${values.join().replace(/^[0-9a-f]{32}/, "<token>")}`;
  });
}

const deploy = () =>
  runCommand("deploy.ts", ["--stage", "dev", "--yes"], {
    ...aws.environment(),
    REDCAP_STAGES_FILE: join(folder, "stages.ts"),
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-stage-mail-"));
  const network = { type: "create", nat: "none" } as const;
  const stage = { ...dev, domain: "acme.com", hostInRoute53: "acme.com", email: "admins@example.org", network };
  writeStages(join(folder, "stages.ts"), { ...input, stages: [stage] });
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates: [certificateArn] });
  const zone = await route53(
    "POST",
    "",
    '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>acme.com</Name><CallerReference>1</CallerReference></CreateHostedZoneRequest>',
  );
  zoneId = /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(zone)?.[1] ?? "";
  const changes = APEX.map(
    ({ type, value }) => `<Change><Action>CREATE</Action>${inXml(type, "acme.com", value)}</Change>`,
  );
  await route53(
    "POST",
    `/${zoneId}/rrset/`,
    `<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>${changes.join("")}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`,
  );
  const bootstrap = ["--stage", "dev", "--yes"];
  const env = { ...aws.environment(), REDCAP_STAGES_FILE: join(folder, "stages.ts") };
  expect((await runCommand("bootstrap.ts", bootstrap, env)).code).toBe(0);
}, QUICK);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "is deployed, and changes nothing that the zone has",
  async () => {
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("mail_from = redcap@acme.com") });
    const found = await records();
    for (const { type, value } of APEX) expect(found).toContain(`${type} acme.com. ${value}`);
    expect(found.filter((record) => /amazonses/.test(record)).sort()).toEqual([
      ...Array.from({ length: 3 }, () => "CNAME <token>._domainkey.acme.com. <token>.dkim.amazonses.com"),
      `MX mail.acme.com. 10 feedback-smtp.${region}.amazonses.com`,
      'TXT mail.acme.com. "v=spf1 include:amazonses.com ~all"',
    ]);
    expect(found.join()).not.toContain("_dmarc");
    expect(output).toContain("_dmarc.acme.com");
  },
  DEPLOYING,
);

test(
  "again, nothing is to change",
  async () => {
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("app-dev: nothing to change.") });
  },
  DEPLOYING,
);

test(
  "is sent with what REDCap reads, before and after a rotation by hand",
  async () => {
    const secrets = new SecretsManagerClient({
      region,
      endpoint: aws.endpoint,
      credentials: aws.credentials(accountId),
    });
    const read = async (): Promise<SmtpCredentials> =>
      JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? "");
    const send = async ({ host, port, username, password }: SmtpCredentials, subject: string) => {
      const tls = { ca: readFileSync(aws.caFile) };
      const transport = createTransport({
        host,
        port,
        requireTLS: true,
        tls,
        auth: { user: username, pass: password },
      });
      await transport.sendMail({ from: "redcap@acme.com", to: "success@simulator.amazonses.com", subject, text: "x" });
      transport.close();
    };
    const first = await read();
    await send(first, "first");
    await secrets.send(new RotateSecretCommand({ SecretId }));
    for (let time = 0; time < 300 && (await read()).username === first.username; time += 1) await sleep(200);
    const second = await read();
    expect(second.username).not.toBe(first.username);
    await send(first, "of a task that has not read anew");
    await send(second, "second");
    expect(aws.mail.sent.map(({ user, headers }) => [user, headers.subject])).toEqual(
      ["first", "of a task that has not read anew", "second"].map((subject) => ["redcap-dev-mail", subject]),
    );
  },
  QUICK,
);
