// AWS accounts on this machine: moto behind an overlay that adds what moto lacks. A model for tests, on loopback only.
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appRunner } from "./apprunner";
import { createRdsService } from "./aurora";
import { databaseFolder } from "./aurora/mariadb";
import { createBackupService } from "./backup";
import { codeBuild } from "./codebuild";
import { faults } from "./faults";
import { certificateAliases, importCertificates } from "./gaps/acm";
import { certificateIssuing } from "./gaps/acm-issuing";
import { applicationAutoScaling } from "./gaps/application-auto-scaling";
import { bucketPolicies } from "./gaps/bucket-policies";
import { budgets } from "./gaps/budgets";
import { Dns } from "./gaps/dns";
import { deploymentFailures, ecs } from "./gaps/ecs";
import { ecsTasks } from "./gaps/ecs-tasks";
import { eventConnections } from "./gaps/event-connections";
import { serviceSpecificCredentials } from "./gaps/iam";
import { instances } from "./gaps/instances";
import { kms } from "./gaps/kms";
import { logGroups } from "./gaps/logs";
import { objectLock } from "./gaps/object-lock";
import { organizations } from "./gaps/organizations";
import { route53 } from "./gaps/route53";
import { s3 } from "./gaps/s3";
import { secretRotation } from "./gaps/secret-rotation";
import { securityGroupRules } from "./gaps/security-groups";
import { serviceQuotas } from "./gaps/service-quotas";
import { ses } from "./gaps/ses";
import { sesEvents } from "./gaps/ses-events";
import { systemsManager } from "./gaps/systems-manager";
import { wafv2 } from "./gaps/wafv2";
import { makeCertificates } from "./host/certificates";
import { environment, writeProfiles } from "./host/environment";
import { Identities } from "./host/identity";
import { startMoto } from "./host/moto";
import { MotoClient } from "./host/moto-client";
import { lambda } from "./lambda";
import { listen, type Overlay } from "./server";
import { type SentMail, sesSmtp } from "./smtp";
import { stepFunctions } from "./step-functions";
import { requireTools } from "./tools";

export interface LocalAwsAccount {
  id: string;
  /** Name of the profile whose credentials reach the account. */
  profile: string;
}

export interface LocalAwsOptions {
  /** All are members of one organization. */
  accounts: LocalAwsAccount[];
  region: string;
  /** The organization's management account; made up unless given. */
  managementAccountId?: string;
  /** How long an AWS Backup job takes; default 2. */
  jobSeconds?: number;
  /** ACM certificates that exist already, in the accounts and regions that their ARNs name. */
  certificates?: string[];
  /** Quotas other than AWS's defaults, by `service code/quota code`. */
  quotas?: Record<string, number>;
  /** Logs, profiles and data. Default: a new temporary folder, removed at stop. */
  dataFolder?: string;
  /** Told what takes long, such as the first installation of moto. */
  progress?: (line: string) => void;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface LocalAws {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  /** Complete process environment for AWS's SDKs and Terraform; none of the caller's AWS settings is in it. */
  environment(): NodeJS.ProcessEnv;
  credentials(accountId: string): Credentials;
  dataFolder: string;
  /** The world's DNS: what a person enters outside the accounts. */
  dns: Dns;
  /** What SES took, over SMTP on localhost: credentials and rules are its own. */
  mail: { port: number; sent: SentMail[] };
  /** PEM of the authority that the local databases' certificates come from. */
  caFile: string;
  /** Ends every server and removes the data. */
  stop(): Promise<void>;
}

const MANAGEMENT_ACCOUNT = "999999999999";
/** Seconds that a database's change of state takes: long enough for a waiter to see it, short enough for a test. */
const CHANGE_SECONDS = 0.5;
const PREFIX = "redcap-local-aws-";

/** A folder of this run; those of runs that were killed are removed. */
function ownFolder(): string {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    try {
      process.kill(Number(readFileSync(join(tmpdir(), name, "pid"), "utf8")), 0);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ESRCH") rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(folder, "pid"), String(process.pid));
  // The databases' own user must reach what is its own below it.
  chmodSync(folder, 0o711);
  return folder;
}

/** Starts the local AWS. @throws Error that says what is missing on this machine, if anything is */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const progress = options.progress ?? ((line: string) => process.stderr.write(`${line}\n`));
  const tools = await requireTools(progress);
  const temporary = ownFolder();
  const folder = options.dataFolder ?? temporary;
  mkdirSync(folder, { recursive: true });
  const log = (line: string) => appendFileSync(join(folder, "overlay.log"), `${new Date().toISOString()} ${line}\n`);
  const management = options.managementAccountId ?? MANAGEMENT_ACCOUNT;
  const members = options.accounts.map(({ id }) => id);

  const [certificates, moto] = await Promise.all([
    makeCertificates(tools.openssl, folder),
    startMoto({ python3: tools.python3, log: join(folder, "moto.log"), progress }),
  ]);
  const client = new MotoClient(moto.port);
  const identities = new Identities(client);
  for (const account of new Set([...members, management]))
    await identities.createAccount({ account, region: options.region });
  const aliases = await importCertificates(client, certificates, options.certificates ?? []);

  const databases = await databaseFolder(join(temporary, "aurora"));
  const rds = createRdsService(client, { tools, certificates, folder: databases, log }, CHANGE_SECONDS);
  const overlay: Overlay = {
    identities,
    services: [],
    admins: [],
    moto: client.forward,
    anonymousAccount: management,
    log,
  };
  const { server, port } = await listen(overlay);
  const endpoint = `http://127.0.0.1:${port}`;
  writeProfiles(folder, options.accounts, options.region, (account) => identities.credentialsOf(account));

  const smtp = await sesSmtp(client, certificates, options.region);
  const functions = lambda({ moto: client, endpoint, smtpPort: smtp.port, caFile: certificates.caFile, folder });
  const backup = createBackupService({
    endpoint,
    region: options.region,
    organizationAccountIds: [...members, management],
    credentialsOf: (account) => identities.credentialsOf(account),
    jobSeconds: options.jobSeconds ?? 2,
  });
  const deployments = deploymentFailures();
  const dns = new Dns(client, [...members, management]);
  const runner = appRunner({ moto: client, dns, seconds: CHANGE_SECONDS });
  const tasks = ecsTasks(client);
  const machines = stepFunctions(client, identities, endpoint);
  const agents = systemsManager(client);
  const failures = faults(overlay);
  overlay.admins.push(backup.admin, deployments.admin, runner.admin, agents.admin, failures.admin, machines.admin);
  overlay.admins.push(tasks.admin);
  overlay.services.push(
    failures.service,
    certificateIssuing(client, dns),
    certificateAliases(aliases, client),
    backup.service,
    runner.service,
    organizations(management, members),
    rds.service,
    functions,
    secretRotation(client, functions, log),
    budgets(),
    eventConnections(client),
    tasks.service,
    ecs(client, deployments.failures),
    kms(client),
    logGroups(client),
    securityGroupRules(client),
    route53(client),
    s3(client),
    codeBuild({ moto: client, endpoint, caFile: certificates.caFile, folder, python3: tools.python3, log }),
    smtp.service,
    sesEvents(client),
    ses(client.forward),
    applicationAutoScaling(client.forward),
    bucketPolicies(client),
    // After the policies: it answers.
    objectLock(client),
    serviceSpecificCredentials,
    instances(client),
    agents.service,
    machines.service,
    serviceQuotas(options.quotas ?? {}),
    wafv2(client),
  );

  return {
    endpoint,
    environment: () => environment(endpoint, folder, certificates.caFile),
    credentials: (account) => identities.credentialsOf(account),
    dataFolder: folder,
    dns,
    mail: smtp,
    caFile: certificates.caFile,
    stop: async () => {
      await machines.stop();
      await backup.stop();
      await smtp.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rds.state.stop();
      client.close();
      await moto.stop();
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}
