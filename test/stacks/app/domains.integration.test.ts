// Domains that the stage's account hosts, with real Terraform and the real provider: what was in the zone stays, the
// certificate is issued, the second plan is empty. Only the domain's part of the stack.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { App, TerraformOutput } from "cdktf";
import { hostName, type StageConfig, validate } from "../../../config";
import { ensureProviders } from "../../../scripts/providers/index";
import { Certificate } from "../../../stacks/app/certificate";
import { Domain } from "../../../stacks/app/domain";
import { BaseStack } from "../../../stacks/base-stack";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { type HostedZone, makeZone } from "../../local-aws/hosted-zones";
import { type StageInput, sampleInput, sampleStage } from "../synth";

const ACCOUNT = "111111111111";
const SECONDS = 300_000;
/** What mail to the domain, and from it, depends on. */
const MAIL = [
  ["acme.com", "MX", "10 mail.acme.com."],
  ["acme.com", "TXT", '"v=spf1 include:example.net -all"'],
  ["_dmarc.acme.com", "TXT", '"v=DMARC1; p=reject"'],
] as const;
const MAIL_RECORDS = [
  "MX acme.com. 10 mail.acme.com.",
  'TXT _dmarc.acme.com. "v=DMARC1; p=reject"',
  'TXT acme.com. "v=spf1 include:example.net -all"',
];
const LOAD_BALANCER = { dnsName: "redcap-1.eu-west-2.elb.amazonaws.com", zoneId: "ZHURV8PSTC4K8" };

let aws: LocalAws;
let folder: string;
let zone: HostedZone;
let env: NodeJS.ProcessEnv;

class DomainStack extends BaseStack {
  constructor(app: App, name: string, stage: StageConfig, host: string) {
    super(app, name, { ...stage, tags: {} });
    const domain = new Domain(this, "domain", { stage, hostName: host });
    const { issuedArn } = new Certificate(this, "certificate", { domain });
    domain.leadTo(LOAD_BALANCER);
    new TerraformOutput(this, "issued_arn", { value: issuedArn });
  }
}

/** Terraform in the folder of a stage's domain. */
async function stack(name: string, change: Partial<StageInput>) {
  const { stages } = validate({ ...sampleInput(), stages: [{ ...sampleStage("dev"), name, ...change }] });
  const app = new App({ outdir: folder });
  const [stage] = stages;
  new DomainStack(app, name, stage as StageConfig, hostName(stage as StageConfig) as string);
  app.synth();
  const cwd = join(folder, "stacks", name);
  writeFileSync(join(cwd, "backend_override.tf.json"), JSON.stringify({ terraform: { backend: { local: {} } } }));
  const terraform = (...args: string[]) => promisify(execFile)("terraform", [...args, "-no-color"], { cwd, env });
  await terraform("init", "-input=false");
  return terraform;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-domain-"));
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region: "eu-west-2" });
  env = { ...aws.environment(), ...(await ensureProviders()), CHECKPOINT_DISABLE: "1" };
  await makeZone(aws, ACCOUNT, "acme.com", "vpc-0123456789abcdef0");
  zone = await makeZone(aws, ACCOUNT, "acme.com");
  for (const [name, type, value] of MAIL) await zone.change("CREATE", name, type, [value]);
  aws.dns.enter({ name: "acme.com", type: "NS", values: zone.nameServers });
}, SECONDS);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "5.1.1: a new zone, delegated from the public one of the domain; the certificate is issued in the same deployment",
  async () => {
    const terraform = await stack("below", { domain: "acme.com", subdomain: "redcap", hostInRoute53: "acme.com" });
    await terraform("apply", "-auto-approve");
    // Exit code 2, and so an exception, if anything is to change.
    await terraform("plan", "-detailed-exitcode");
    expect((await terraform("output", "issued_arn")).stdout).toMatch(/arn:aws:acm:eu-west-2:111111111111:certificate/);
    const records = await zone.records();
    expect(records).toEqual(expect.arrayContaining(MAIL_RECORDS));
    expect(records.filter((record) => record.startsWith("NS redcap.acme.com. "))).toHaveLength(1);
    expect(await aws.dns.resolve("redcap.acme.com", "SOA")).toHaveLength(1);

    await terraform("destroy", "-auto-approve");
    expect((await zone.records()).filter((record) => record.includes("redcap"))).toEqual([]);
  },
  SECONDS,
);

test(
  "5.1.2: REDCap's records beside those of mail, which outlive the stage as well",
  async () => {
    const before = await zone.records();
    const terraform = await stack("beside", { domain: "acme.com", hostInRoute53: "acme.com" });
    await terraform("apply", "-auto-approve");
    await terraform("plan", "-detailed-exitcode");
    const added = (await zone.records()).filter((record) => !before.includes(record));
    expect(added).toEqual([
      `A acme.com. ${LOAD_BALANCER.dnsName}`,
      expect.stringMatching(/^CNAME _\w+\.acme\.com\. .*acm-validations/),
    ]);
    await terraform("destroy", "-auto-approve");
    expect(await zone.records()).toEqual(before);
    expect(before).toEqual(expect.arrayContaining(MAIL_RECORDS));
  },
  SECONDS,
);

test(
  "an address that the zone has already is not overwritten: the deployment fails and says so",
  async () => {
    await zone.change("CREATE", "acme.com", "A", ["192.0.2.1"]);
    const terraform = await stack("taken", { domain: "acme.com", hostInRoute53: "acme.com" });
    await expect(terraform("apply", "-auto-approve")).rejects.toThrow(/already exists/);
    expect(await zone.records()).toContain("A acme.com. 192.0.2.1");
  },
  SECONDS,
);
