// Domains whose DNS somebody else hosts, as a person sets them up: deploy, enter what is put out, deploy again. Real Terraform
// and the real provider, on Fargate. The other scenarios: test/stacks/app/domains.integration.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { DeploymentInput } from "../../config";
import { type LocalAws, startLocalAws } from "../local-aws";
import { type HostedZone, makeZone } from "../local-aws/hosted-zones";
import { sampleStage } from "../stacks/synth";
import { type Run, runCommand, writeStages } from "./command";

const ACCOUNT = "111111111111";
const DNS_ACCOUNT = "333333333333";
const region = "eu-west-2";
const DEPLOYING = 900_000;

type StageInput = DeploymentInput["stages"][number];

let aws: LocalAws;
let folder: string;
let stagesFile: string;
let parent: HostedZone;
/** What stages.ts says; tests change it as its owner would. */
let subdomain: StageInput;
let apex: StageInput;
const route53Ns: DeploymentInput["route53Ns"] = {
  ...{ accountId: DNS_ACCOUNT, region, profile: "dns", domain: "acme.com" },
  apps: [],
};

/** A small stage without a certificate, with cron. */
const stage = (name: string, domain: Partial<StageInput>): StageInput => {
  const dev = sampleStage("dev");
  return { ...dev, name, ...domain, service: { ...dev.service, certificateArn: undefined, cron: {} } as never };
};

function type(script: string, ...args: string[]): Promise<Run> {
  writeStages(stagesFile, { stages: [subdomain, apex], route53Ns });
  return runCommand(script, args, { ...aws.environment(), CI: "true", REDCAP_STAGES_FILE: stagesFile });
}

/** Deploys, sees that nothing is left to change, and reads what was put out. */
async function deploy(name: string): Promise<(output: string) => unknown> {
  const first = await type("deploy.ts", "--stage", name, "--yes");
  expect(first).toEqual({ code: 0, output: expect.any(String) });
  const second = await type("deploy.ts", "--stage", name, "--yes");
  expect(second).toEqual({ code: 0, output: expect.stringContaining(`app-${name}: nothing to change.`) });
  return (output) => {
    const text = new RegExp(`^${output} = (.*)$`, "m").exec(first.output)?.[1];
    return text?.startsWith("[") ? JSON.parse(text) : text;
  };
}

/** Ports that the stage's load balancer listens on, and running services. */
async function serving(name: string) {
  const client = { region, endpoint: aws.endpoint, credentials: aws.credentials(ACCOUNT) };
  const load = new ElasticLoadBalancingV2Client(client);
  const { LoadBalancers } = await load.send(new DescribeLoadBalancersCommand({ Names: [`redcap-${name}`] }));
  const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn;
  const { Listeners = [] } = await load.send(new DescribeListenersCommand({ LoadBalancerArn }));
  const services = new DescribeServicesCommand({ cluster: `redcap-${name}`, services: [`redcap-${name}`] });
  const found = await new ECSClient(client).send(services);
  return {
    ports: Listeners.map(({ Port }) => Port).sort(),
    services: found.services?.filter(({ status }) => status === "ACTIVE").length,
  };
}

const WAITS = { ports: [], services: 0 };
const SERVES = { ports: [443, 80], services: 1 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-domains-"));
  stagesFile = join(folder, "stages.ts");
  subdomain = stage("sub", { domain: "acme.com", subdomain: "redcap", hostInRoute53: true });
  apex = stage("apex", { domain: "acme.site", hostInRoute53: false });
  const accounts = [
    { id: ACCOUNT, profile: "redcap" },
    { id: DNS_ACCOUNT, profile: "dns" },
  ];
  aws = await startLocalAws({ accounts, region });
  parent = await makeZone(aws, DNS_ACCOUNT, "acme.com");
  aws.dns.enter({ name: "acme.com", type: "NS", values: parent.nameServers });
  expect((await type("bootstrap.ts", "--stage", "sub", "--route53-ns", "--yes")).code).toBe(0);
}, DEPLOYING);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("5.2.1 and 5.3.1: a subdomain, its zone new", () => {
  let nameServers: string[];

  test(
    "the first deployment puts out the zone's name servers, ends well, and nothing serves",
    async () => {
      const output = await deploy("sub");
      nameServers = output("name_servers") as string[];
      expect(nameServers).toEqual(Array(4).fill(expect.stringMatching(/^ns-\d+\.awsdns-\d\d\./)));
      expect(output("dns_records")).toBeUndefined();
      expect(await serving("sub")).toEqual(WAITS);
    },
    DEPLOYING,
  );

  test(
    "the stack of the other account delegates to it",
    async () => {
      Object.assign(route53Ns, { apps: [{ name: "redcap", nsRecords: nameServers }] });
      const args = ["deploy", "route53-ns", "--auto-approve", "--output", join(folder, "cdktf.out")];
      const delegation = async () =>
        (await parent.records()).find((record) => record.startsWith("NS redcap.acme.com. "));
      expect(await type("cdktf.ts", ...args)).toEqual({ code: 0, output: expect.any(String) });
      expect((await delegation())?.split(" ").slice(2).sort()).toEqual([...nameServers].sort());
      expect(await type("cdktf.ts", ...args)).toEqual({ code: 0, output: expect.stringContaining("No changes.") });
      // And back: an app that is taken out leaves no record behind.
      Object.assign(route53Ns, { apps: [] });
      expect(await type("cdktf.ts", ...args)).toEqual({ code: 0, output: expect.any(String) });
      expect(await delegation()).toBeUndefined();
      Object.assign(route53Ns, { apps: [{ name: "redcap", nsRecords: nameServers }] });
      expect(await type("cdktf.ts", ...args)).toEqual({ code: 0, output: expect.any(String) });
    },
    DEPLOYING,
  );

  test(
    "the next deployment has the certificate, and REDCap serves",
    async () => {
      subdomain = { ...subdomain, delegated: true };
      const output = await deploy("sub");
      expect(await serving("sub")).toEqual(SERVES);
      expect(output("url")).toBe("https://redcap.acme.com/");
    },
    DEPLOYING,
  );
});

describe("5.2.2 and 5.3.2: a domain without a zone here", () => {
  test(
    "the first deployment puts out the records to enter, ends well, and nothing serves; entered, REDCap serves",
    async () => {
      const output = await deploy("apex");
      const records = output("dns_records") as { name: string; type: string; values: string[] }[];
      // Beside those of mail.
      expect(records).toEqual(
        expect.arrayContaining([
          {
            name: expect.stringMatching(/^_.+\.acme\.site\.$/),
            type: "CNAME",
            values: [expect.stringContaining("acm-validations")],
          },
          { name: "acme.site", type: "CNAME or ALIAS", values: [output("load_balancer_dns_name")] },
        ]),
      );
      expect(output("name_servers")).toBeUndefined();
      expect(await serving("apex")).toEqual(WAITS);

      for (const record of records) aws.dns.enter(record);
      apex = { ...apex, delegated: true };
      await deploy("apex");
      expect(await serving("apex")).toEqual(SERVES);
    },
    2 * DEPLOYING,
  );
});
