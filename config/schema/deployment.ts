// The whole of stages.ts: the stages, the backup account, and what belongs to accounts rather than to stages.
import { z } from "zod";
import { arnRegex, githubNames, roleArn } from "../names";
import { type BackupRule, backupDestination } from "./backup";
import { accountId, positive } from "./common";
import { domainProblems, hostName } from "./domain";
import { ENVIRONMENTS, github } from "./github";
import { imageProblems } from "./image";
import { mailOf, mailProblems } from "./mail";
import { route53Ns } from "./route53-ns";
import { stage } from "./stage";
import { edgeProblems } from "./waf";

const ownership = z.enum(["create", "existing"], 'Use "create" or "existing".').default("create");

/** Settings that exist once per account and region; `npm run bootstrap` owns them, so that two stages never fight over them. */
const account = z.strictObject({
  backupRegionSettings: ownership.describe("AWS Backup's opt-in for Aurora and S3."),
  guardDuty: z
    .enum(["create", "existing", "off"], 'Use "create", "existing" or "off".')
    .default("create")
    .describe(
      "GuardDuty's detector with protection for S3, RDS and Lambda. An organization's is existing. It costs by what it looks at; off leaves attacks unseen.",
    ),
  cloudTrail: ownership.describe(
    "The trail that records who called which API, and who touched which of REDCap's files. An organization's that records all of it is existing.",
  ),
  trailRetentionDays: positive
    .default(2_192)
    .describe("Days that the trail's files are kept; six years as for `generalLogRetention`."),
  awsConfig: ownership.describe("AWS Config's recorder, which AWS Backup's frameworks read."),
});

const shape = z.strictObject({
  stages: z
    .array(stage)
    .min(1, "Write at least one stage.")
    .describe("The stages; each becomes app-<name> and backup-source-<name>."),
  backupDestination: backupDestination.optional(),
  route53Ns: route53Ns.optional(),
  github: github.optional(),
  accounts: z
    .record(accountId, account)
    .default({})
    .describe("Per account id: which of the account's own settings bootstrap creates, and which exist already."),
});

const RESERVED_ENVIRONMENTS: string[] = Object.values(ENVIRONMENTS);

/** The copies that rules ask for, each with its place in the configuration. */
function copiesOf(rules: BackupRule[], path: (string | number)[]) {
  return rules.flatMap(({ copy }, index) => (copy ? [{ copy, copyPath: [...path, index, "copy"] }] : []));
}

const DEFAULT_RECOVERY_KIT_DAYS = 90;

/** Days that a stage's copies of database and files are kept: those can do nothing without the recovery kit. */
const longestCopy = ({ backup }: z.infer<typeof stage>): number =>
  backup.enabled ? Math.max(0, ...copiesOf(backup.rules, []).map(({ copy }) => copy.deleteAfterDays)) : 0;

const checked = shape.superRefine((value, context) => {
  const issue = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
  const accountIds = [...value.stages, value.backupDestination, value.route53Ns].map((entry) => entry?.accountId);
  const { backupDestination: destination, github } = value;
  if (destination?.administratorArns && github) {
    const { accountId, region, administratorArns } = destination;
    const role = githubNames.deployRole(ENVIRONMENTS.backupDestination);
    const deployer = roleArn({ accountId, region, iam: github.iam }, role);
    if (!administratorArns.some((pattern) => new RegExp(arnRegex(pattern)).test(deployer)))
      issue(
        ["backupDestination", "administratorArns"],
        `GitHub deploys the backup account as ${deployer}, and would lock itself out: add it.`,
      );
  }
  value.github?.existingProviders.forEach((id, index) => {
    if (!accountIds.includes(id))
      issue(
        ["github", "existingProviders", index],
        "No stage, backup account or parent domain is in this account: remove it.",
      );
  });
  value.stages.forEach((entry, index) => {
    const at = ["stages", index];
    if (value.stages.findIndex((other) => other.name === entry.name) !== index) {
      issue([...at, "name"], `The name "${entry.name}" is taken by another stage: choose another.`);
    }
    const cluster = (stage: typeof entry) => [stage.accountId, stage.region, stage.db.clusterIdentifier].join(" ");
    if (value.github && RESERVED_ENVIRONMENTS.includes(entry.name)) {
      issue([...at, "name"], `GitHub's environment "${entry.name}" is of something else: choose another name.`);
    }
    if (entry.db.clusterIdentifier && value.stages.findIndex((other) => cluster(other) === cluster(entry)) !== index) {
      issue(
        [...at, "db", "clusterIdentifier"],
        "Another stage of this account and region has the same cluster identifier.",
      );
    }
    if (value.backupDestination?.accountId === entry.accountId) {
      issue(
        ["backupDestination", "accountId"],
        `The backup account must not be the account of stage "${entry.name}": who takes that over would hold both.`,
      );
    }
    for (const [field, message] of domainProblems(entry)) issue([...at, field], message);
    const address = (stage: typeof entry) => [stage.accountId, hostName(stage)].join(" ");
    if (entry.domain && value.stages.findIndex((other) => address(other) === address(entry)) !== index) {
      issue([...at, "domain"], `Another stage of this account is at ${hostName(entry)}: give each a name of its own.`);
    }
    for (const [field, message] of mailProblems(entry)) issue([...at, "mail", field], message);
    const identity = (stage: typeof entry) => {
      const mail = mailOf(stage);
      return mail?.type === "ses" && mail.created
        ? [stage.accountId, stage.region, mail.identity].join(" ")
        : undefined;
    };
    const owner = value.stages.find((other) => identity(other) && identity(other) === identity(entry));
    if (owner && owner !== entry) {
      const [, , name] = identity(entry)?.split(" ") ?? [];
      issue(
        [...at, "mail"],
        `Stage "${owner.name}" makes the SES identity ${name} in this account and region: write mail: { type: "ses", existingIdentity: "${name}" }, or let the stages send from different addresses.`,
      );
    }
    for (const [path, message] of imageProblems(entry)) issue([...at, ...path], message);
    if (entry.service.type === "fargate" && !entry.service.certificateArn && !entry.domain) {
      issue(
        [...at, "service", "certificateArn"],
        'HTTPS needs a name: add domain (the stack gets the certificate) or service.certificateArn. Without a domain of your own, service.type "app-runner" has a name and a certificate of AWS, in accounts that used App Runner before 2026-04-30.',
      );
    }
    for (const { path, message } of edgeProblems(entry)) issue([...at, ...path], message);
    if (entry.service.type === "fargate" && entry.service.certificateArn) {
      const [, , , region, account] = entry.service.certificateArn.split(":");
      if ((region && region !== entry.region) || account !== entry.accountId) {
        issue(
          [...at, "service", "certificateArn"],
          `A load balancer takes certificates of its own account and region only: ${entry.accountId}, ${entry.region}.`,
        );
      }
    }
    if (
      entry.network.type === "existing" &&
      entry.service.type === "fargate" &&
      !entry.service.internal &&
      entry.network.publicSubnetIds.length < 2
    ) {
      issue(
        [...at, "network", "publicSubnetIds"],
        "An internet-facing load balancer needs two public subnets: add them, or set service.internal to true.",
      );
    }
    const [, , , secretRegion, secretAccount] = entry.maintenanceServer?.certificateSecretArn?.split(":") ?? [];
    if (secretAccount && (secretRegion !== entry.region || secretAccount !== entry.accountId)) {
      issue(
        [...at, "maintenanceServer", "certificateSecretArn"],
        `A server reads secrets of its own account and region only: ${entry.accountId}, ${entry.region}.`,
      );
    }
    if (!entry.backup.enabled) return;
    const destination = value.backupDestination;
    const days = longestCopy(entry);
    if (destination?.recoveryKitDays !== undefined && destination.recoveryKitDays < days) {
      issue(
        ["backupDestination", "recoveryKitDays"],
        `Stage "${entry.name}" has copies that are kept for ${days} days, and without its salt and zip they are of no use: write ${days} or more, or leave it out.`,
      );
    }
    const copied = [
      ...copiesOf(entry.backup.rules, [...at, "backup", "rules"]),
      ...copiesOf(entry.backup.otherResources?.rules ?? [], [...at, "backup", "otherResources", "rules"]),
    ];
    for (const { copy, copyPath } of copied) {
      if (!destination) {
        issue(copyPath, "A copy needs a vault to go to: add backupDestination, or leave copy out.");
      } else if (
        copy.deleteAfterDays < destination.lock.minRetentionDays ||
        copy.deleteAfterDays > destination.lock.maxRetentionDays
      ) {
        issue(
          [...copyPath, "deleteAfterDays"],
          `${copy.deleteAfterDays} days are outside the destination lock's ${destination.lock.minRetentionDays} to ${destination.lock.maxRetentionDays}: such copies fail.`,
        );
      }
    }
    if (destination && copied.length > 0) {
      // Aurora has no single copy that crosses both account and region (AWS Backup, feature availability by resource).
      if (destination.region !== entry.region) {
        issue(
          ["backupDestination", "region"],
          `Aurora cannot be copied to another account and another region in one step: use ${entry.region}, the region of stage "${entry.name}".`,
        );
      }
    }
  });
});

export const deployment = checked.transform(({ backupDestination, ...rest }) => {
  if (!backupDestination) return { ...rest, backupDestination: undefined };
  const longest = Math.max(...rest.stages.map(longestCopy));
  const recoveryKitDays = backupDestination.recoveryKitDays ?? (longest || DEFAULT_RECOVERY_KIT_DAYS);
  return { ...rest, backupDestination: { ...backupDestination, recoveryKitDays } };
});

export type AccountConfig = z.infer<typeof account>;
export type Deployment = z.infer<typeof deployment>;
/** What a user writes in stages.ts: defaults may be left out. */
export type DeploymentInput = z.input<typeof deployment>;

/** The settings of an account; what `accounts` does not mention is created. */
export function accountSettings(config: Deployment, id: string): AccountConfig {
  return config.accounts[id] ?? account.parse({});
}
