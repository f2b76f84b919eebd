// What is deployed together: the stacks of a stage, of the backup account, of the parent domain's account.
import { ConfigurationError, findStage } from "./load";
import { BACKUP_DESTINATION_STACK, githubNames, type Location, ROUTE53_NS_STACK, stageNames } from "./names";
import type { Deployment } from "./schema/deployment";
import { ENVIRONMENTS } from "./schema/github";
import type { StageConfig } from "./schema/stage";

export interface Target extends Location {
  /** Name of its environment in GitHub: the stage's, or one of ENVIRONMENTS. */
  environment: string;
  /** How a command names it, e.g. `--stage prod`. */
  flag: string;
  /** In the order of their deployment. */
  stacks: string[];
  profile?: string | undefined;
  /** Where it is a stage. */
  stage?: StageConfig;
}

/** What a command was told to work on; one of them. */
export interface TargetFlags {
  stage?: string;
  backupAccount?: boolean;
  route53Ns?: boolean;
}

/** Stacks of a stage, in the order of their deployment. */
export function stacksOf(stage: StageConfig): string[] {
  const { appStack, backupSourceStack } = stageNames(stage);
  return stage.backup.enabled ? [appStack, backupSourceStack] : [appStack];
}

const stageTarget = (stage: StageConfig): Target => ({
  environment: stage.name,
  flag: `--stage ${stage.name}`,
  stacks: stacksOf(stage),
  accountId: stage.accountId,
  region: stage.region,
  profile: stage.profile,
  stage,
});

/** The backup account comes first: stages copy into its vault. */
export function targetsOf({ stages, backupDestination, route53Ns }: Deployment): Target[] {
  const other = (
    account: Location & { profile?: string | undefined },
    name: keyof typeof ENVIRONMENTS,
    stack: string,
  ) => ({
    environment: ENVIRONMENTS[name],
    flag: `--${ENVIRONMENTS[name]}`,
    stacks: [stack],
    accountId: account.accountId,
    region: account.region,
    profile: account.profile,
  });
  return [
    ...(backupDestination ? [other(backupDestination, "backupDestination", BACKUP_DESTINATION_STACK)] : []),
    ...stages.map(stageTarget),
    ...(route53Ns ? [other(route53Ns, "route53Ns", ROUTE53_NS_STACK)] : []),
  ];
}

/** Every stack of the configuration, also those that a person alone deploys. */
export const knownStacks = (config: Deployment): string[] => [
  ...targetsOf(config).flatMap(({ stacks }) => stacks),
  ...(config.github ? [...targetsByAccount(config).keys()].map(githubNames.stack) : []),
];

export function targetsByAccount(config: Deployment): Map<string, [Target, ...Target[]]> {
  const accounts = new Map<string, [Target, ...Target[]]>();
  for (const target of targetsOf(config)) {
    const others = accounts.get(target.accountId);
    if (others) others.push(target);
    else accounts.set(target.accountId, [target]);
  }
  return accounts;
}

/** @throws ConfigurationError where none or several are named, or something that the configuration lacks */
export function findTarget(config: Deployment, { stage, backupAccount, route53Ns }: TargetFlags): Target {
  const stages = config.stages.map(({ name }) => name).join(", ");
  if ([stage, backupAccount, route53Ns].filter(Boolean).length !== 1)
    throw new ConfigurationError(
      `Say what: --stage <name> (${stages}), --backup-account or --route53-ns; one of them.`,
    );
  if (stage) return stageTarget(findStage(config, stage));
  const environment = backupAccount ? ENVIRONMENTS.backupDestination : ENVIRONMENTS.route53Ns;
  const found = targetsOf(config).find((target) => !target.stage && target.environment === environment);
  if (found) return found;
  throw new ConfigurationError(
    `--${environment}: the configuration has no ${backupAccount ? "backupDestination" : "route53Ns"}.`,
  );
}
