// Every name and ARN that more than one stack, script or account must agree on before anything is deployed.
import type { BackupDestinationConfig } from "./schema/backup";
import type { StageConfig } from "./schema/stage";

/** Tag that the backup selection of a stage reads; its value is the stage's prefix. */
export const BACKUP_TAG = "redcap:backup";

/** Tag of a maintenance server's instance; its value is the stage's prefix. */
export const MAINTENANCE_TAG = "redcap:maintenance";
/** When that instance is removed, ISO 8601 in UTC. */
export const EXPIRES_TAG = "redcap:expires";
/** Name of the execution that started it. */
export const EXECUTION_TAG = "redcap:execution";

/** AWS partition of a region: aws, aws-cn or aws-us-gov. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** What the names of a region's endpoints end with. */
export const dnsSuffix = ({ region }: { region: string }): string =>
  partitionOf(region) === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";

export interface Location {
  accountId: string;
  region: string;
}

/** `arn("rds", location, "cluster:redcap-prod")` */
export function arn(service: string, { accountId, region }: Location, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
}

/**
 * An ARN with IAM's wildcards as an expression that Terraform and JavaScript read alike. Without brackets around them, `.` and
 * `+` would mean more than themselves; names in IAM hold nothing else special.
 */
export const arnRegex = (pattern: string): string =>
  `^${pattern.replace(/[.+]/g, "[$&]").replace(/\*/g, ".*").replace(/\?/g, ".")}$`;

/** Identifier of the n-th instance of a cluster; 1 is created first and so becomes the writer. */
export const instanceIdentifier = (clusterIdentifier: string, number: number): string =>
  `${clusterIdentifier}-${number}`;

/** Names of one stage. */
export function stageNames(stage: StageConfig) {
  const prefix = `redcap-${stage.name}`;
  const clusterIdentifier = stage.db.clusterIdentifier ?? prefix;
  return {
    prefix,
    clusterIdentifier,
    clusterArn: arn("rds", stage, `cluster:${clusterIdentifier}`),
    /** What a restore of this time (yyyymmddhhmmss, UTC) brings back, beside the live cluster. */
    restoredCluster: (stamp: string) => `${prefix}-restored-${stamp}`,
    /** What the live cluster is called after a restore of this time took its place. */
    replacedCluster: (stamp: string) => `${prefix}-replaced-${stamp}`,
    clusterParameterGroup: prefix,
    dbSubnetGroup: prefix,
    databaseSecurityGroup: `${prefix}-database`,
    /** Key of the cluster and its snapshots: a restore must use it, since another key would replace the cluster. */
    databaseKeyAlias: `alias/${prefix}-database`,
    databaseMonitoringRole: `${prefix}-database-monitoring`,
    databaseName: "redcap",
    /** Function that creates, resets and checks database users, from inside the VPC. */
    databaseUsersFunction: `${prefix}-database-users`,
    applicationSecret: `${prefix}/database/application`,
    ddlSecret: `${prefix}/database/ddl`,
    saltSecret: `${prefix}/salt`,
    /** IAM user with whose access key REDCap reaches the files bucket: it knows no roles. */
    filesUser: `${prefix}-files`,
    filesKeySecret: `${prefix}/files-key`,
    /** Function that makes and rotates that key. */
    filesKeyFunction: `${prefix}-files-key`,
    /** IAM user with whose SMTP credentials REDCap sends mail through SES, and what belongs to it. */
    mailUser: `${prefix}-mail`,
    mailSecret: `${prefix}/mail`,
    mailKeyFunction: `${prefix}-mail-key`,
    /** SES configuration set of what REDCap sends. */
    mailConfigurationSet: prefix,
    /** Topic of its bounces and complaints. */
    mailTopic: `${prefix}-mail`,
    filesBucket: `${prefix}-files-${stage.accountId}-${stage.region}`,
    logsBucket: `${prefix}-logs-${stage.accountId}-${stage.region}`,
    /** What images are built from: see buildKeys. */
    buildBucket: `${prefix}-build-${stage.accountId}-${stage.region}`,
    /** ECR repository of the images that the stage builds; `live` is the tag of the one that runs. */
    imageRepository: prefix,
    imageRepositoryArn: arn("ecr", stage, `repository/${prefix}`),
    /** CodeBuild project that builds an image and rolls it out. */
    imageProject: `${prefix}-image`,
    /** Function that starts the first build. */
    firstImageFunction: `${prefix}-first-image`,
    ecsCluster: prefix,
    ecsService: prefix,
    /** Family of the task that upgrades REDCap's database, run by hand. */
    upgradeTask: `${prefix}-upgrade`,
    /** Family of the task that installs REDCap before an App Runner service, and function that runs it. */
    prepareTask: `${prefix}-prepare`,
    prepareFunction: `${prefix}-prepare`,
    appRunnerService: prefix,
    /** What REDCap itself may do on App Runner, and what App Runner may, to fetch the image. */
    appRunnerInstanceRole: `${prefix}-app-runner`,
    appRunnerAccessRole: `${prefix}-app-runner-access`,
    /** Family of the task that runs REDCap's cron, and role that starts it. */
    cronTask: `${prefix}-cron`,
    cronRole: `${prefix}-cron`,
    scheduleGroup: prefix,
    /** In the group. */
    cronSchedule: "cron",
    /** Where HTTP starts cron: who may, what makes and rotates that, the rule with connection and API destination, its role. */
    cronSecret: `${prefix}/cron`,
    cronFunction: `${prefix}-cron-password`,
    cronRule: `${prefix}-cron`,
    cronRuleRole: `${prefix}-cron-call`,
    /** Topic for the stage's operators: alarms, deployments, budget. */
    operationsTopic: `${prefix}-operations`,
    /** Web ACL, and its log group: AWS WAF logs into groups of this beginning only. */
    webAcl: prefix,
    webAclLogs: `aws-waf-logs-${prefix}`,
    /** Launch template, state machine and schedule group of the maintenance server, and Name of its instances. */
    maintenance: `${prefix}-maintenance`,
    maintenanceStateMachineArn: arn("states", stage, `stateMachine:${prefix}-maintenance`),
    /** Role of the instances, and their profile. */
    maintenanceServer: `${prefix}-maintenance-server`,
    /** Document that waits until REDCap answers on an instance. */
    maintenanceReady: `${prefix}-maintenance-ready`,
    /** Role and schedule that remove instances whose time is over. */
    maintenanceSweep: `${prefix}-maintenance-sweep`,
    /** Function that keeps what AWS Backup cannot hold, its schedule, and the parameter with what it kept. */
    recoveryKit: `${prefix}-recovery-kit`,
    recoveryKitParameter: `/${prefix}/recovery-kit`,
    /** What ends of the stage's tasks, as ECS tells it, with the reason. The beginning of the name is EventBridge's. */
    taskEventsLogGroup: `/aws/events/${prefix}-tasks`,
    /** Namespace of the metrics that are counted in logs. */
    metricNamespace: prefix,
    dashboard: prefix,
    budget: prefix,
    sourceVault: prefix,
    backupRole: `${prefix}-backup`,
    appStack: `app-${stage.name}`,
    backupSourceStack: `backup-source-${stage.name}`,
  };
}

/** Keys in a stage's build bucket, whose earlier versions are what earlier images were built from. */
export const buildKeys = { context: "context.zip", redcap: "redcap.zip" } as const;

/** Tag of the image that a stage runs; every other tag of the repository stays with its image. */
export const LIVE_TAG = "live";

/** `<account>.dkr.ecr.<region>.amazonaws.com/<repository>` of the images that a stage builds. */
export const imageRepositoryUri = (stage: StageConfig): string =>
  `${stage.accountId}.dkr.ecr.${stage.region}.${dnsSuffix(stage)}/${stageNames(stage).imageRepository}`;

/** Whether the stage builds its images, rather than running one that was built elsewhere. */
export const buildsImage = (stage: StageConfig): boolean => stage.service.image === undefined;

/** The image of every task of a stage. ECS resolves `live` to a digest once per deployment, App Runner likewise. */
export const stageImage = (stage: StageConfig): string =>
  stage.service.image ?? `${imageRepositoryUri(stage)}:${LIVE_TAG}`;

/** Whether that image is in a registry of the stage's account that the stage does not fill: lost with the account. */
export const isImageInOwnAccount = ({ accountId, service }: StageConfig): boolean =>
  /^(\d{12})\.dkr[.-]ecr\./.exec(service.image ?? "")?.[1] === accountId;

export const BACKUP_DESTINATION_STACK = "backup-destination";
export const ROUTE53_NS_STACK = "route53-ns";

export const vaultArn = (location: Location, vaultName: string): string =>
  arn("backup", location, `backup-vault:${vaultName}`);
export const destinationVaultArn = (destination: BackupDestinationConfig): string =>
  vaultArn(destination, destination.vaultName);

/** ARN of a role, with the configured path: of a stage, the backup account, or GitHub's workflows. */
export const roleArn = (owner: Location & { iam: { rolePath: string } }, name: string): string =>
  `arn:${partitionOf(owner.region)}:iam::${owner.accountId}:role${owner.iam.rolePath}${name}`;

/** Role in the backup account with which AWS Backup copies a recovery point back to its stage. */
export const COPY_BACK_ROLE = "redcap-copy-back";
export const copyBackRoleArn = (destination: BackupDestinationConfig): string => roleArn(destination, COPY_BACK_ROLE);

/** Bucket in the backup account that keeps what AWS Backup cannot hold; known before deployment, as the vault is. */
export const recoveryKitBucket = ({ accountId, region }: Location): string =>
  `redcap-recovery-kit-${accountId}-${region}`;

/** What the names of a stage's objects in it begin with. */
export const recoveryKitPrefix = ({ name }: Pick<StageConfig, "name">): string => `${name}/`;

/** Whether a stage keeps a recovery kit. */
export const keepsRecoveryKit = (
  stage: StageConfig,
  destination: BackupDestinationConfig | undefined,
): destination is BackupDestinationConfig => stage.backup.enabled && destination !== undefined;

/** Roles of GitHub's workflows in an account, and the stack that makes them. */
export const githubNames = {
  stack: (accountId: string) => `github-${accountId}`,
  /** Of pull requests, whose code nobody has read yet. */
  planRole: "redcap-github-plan",
  /** Of the branch that is deployed: keeps the plans that wait for approval. */
  readyRole: "redcap-github-ready",
  deployRole: (environment: string) => `redcap-github-deploy-${environment}`,
};

/** Terraform's remote state of an account and region, made by `npm run bootstrap`. */
export function stateNames({ accountId, region }: Location) {
  return {
    bucket: `redcap-tfstate-${accountId}-${region}`,
    lockTable: "redcap-tfstate-lock",
    keyAlias: "alias/redcap-tfstate",
    stateKey: (stack: string) => `${stack}.tfstate`,
    /** Reviewed plans, which wait for their deployment, by the code that they were made of. */
    plansPrefix: "plans/",
    planKey: (id: string, stack: string) => `plans/${id}/${stack}.tfplan`,
  };
}

/** What bootstrap creates once per account and region, for AWS Config and CloudTrail. */
export function accountNames({ accountId, region }: Location) {
  return {
    configBucket: `redcap-aws-config-${accountId}-${region}`,
    configKeyAlias: "alias/redcap-aws-config",
    configRecorder: "redcap",
    trail: "redcap",
    trailBucket: `redcap-trail-${accountId}-${region}`,
    trailKeyAlias: "alias/redcap-trail",
  };
}
