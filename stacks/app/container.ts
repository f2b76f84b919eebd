// REDCap's containers of one image: `prepare` installs, `redcap` serves, `upgrade` and `cron` have tasks of their own. What
// each is told and may write.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import {
  type AppRunnerConfig,
  type FargateConfig,
  hostName,
  type MaintenanceServerConfig,
  type ServiceConfig,
  type StageConfig,
  settingsSqlOf,
  stageImage,
} from "../../config";
import type { Database } from "./database";
import type { DatabaseUsers } from "./database-users";
import type { Files } from "./files";
import type { FilesKey } from "./files-key";
import type { Mail } from "./mail";
import type { Network } from "./network";

/** Seconds between the request to stop and the kill; Fargate's longest. */
const STOP_TIMEOUT = 120;
/** Seconds of these in which Apache may finish requests; the rest is for its own end and its last log lines. */
const SHUTDOWN = STOP_TIMEOUT - 10;
/**
 * Seconds after which `redcap` stops waiting for an installed database and ends with the reason in its log. REDCap's
 * tables take minutes on a small cluster, and a second task waits for the first one's installation.
 */
export const START_TIMEOUT = 900;

/** Seconds; App Runner's limit for a request, reading and answering (App Runner developer guide, runtime information). */
const APP_RUNNER_REQUEST_TIMEOUT = 120;
/** The same on App Runner, where REDCap is installed before: it waits only for a database that is paused or fails over. */
export const APP_RUNNER_START_TIMEOUT = 150;

/**
 * All that the image writes, by volume; the root is read-only. The image's VOLUME names the same paths: that is how ECS
 * gives the empty volumes the image's owner, since its own default is root (ECS developer guide, bind mounts).
 */
const WRITABLE = { tmp: "/tmp", run: "/run/redcap", temp: "/var/www/redcap/temp" };

/** Log streams of `prepare` begin so; the task's id follows. */
export const PREPARE_STREAM = "redcap/prepare";

/** Within a task each has its own: the web server never finds what `prepare` leaves, such as the DDL user's password. */
const VOLUME_PREFIXES = { redcap: "", prepare: "prepare-", upgrade: "", cron: "" };
type ContainerName = keyof typeof VOLUME_PREFIXES;

export interface ContainerProps {
  stage: StageConfig;
  config: ServiceConfig;
  network: Network;
  database: Database;
  databaseUsers: DatabaseUsers;
  files: Files;
  filesKey: FilesKey;
  mail: Mail | undefined;
  logs: CloudwatchLogGroup;
}

/** One container, in ECS's own words. */
interface Definition {
  essential: boolean;
  command: string[];
  mountPoints: { sourceVolume: string }[];
  [parameter: string]: unknown;
}

/** What a task definition says of its containers. */
interface Containers {
  /** JSON. */
  containerDefinitions: string;
  /** Empty ones, gone with the task. */
  volume: { name: string }[];
}

/**
 * The service's.
 *
 * `redcap` has no `dependsOn`: Fargate waits 120 s at most for a dependency (`startTimeout`) and would cut a first
 * installation. `redcap` itself waits until the database is installed, at once where it is.
 */
export function serviceContainers(props: ContainerProps & { config: FargateConfig }): Containers {
  const { config, network } = props;
  return containers([
    // It ends once the database is installed; a failed one leaves `redcap` waiting, and so the task unhealthy.
    { ...ddlContainer(props, "prepare"), essential: false },
    {
      ...common(props, "redcap"),
      essential: true,
      command: ["serve"],
      portMappings: [{ containerPort: config.port, hostPort: config.port, protocol: "tcp" }],
      environment: variables({
        PORT: String(config.port),
        ...applicationVariables(props),
        REQUEST_TIMEOUT_SECONDS: String(config.idleTimeoutSeconds),
        ...settingsVariable(props.stage),
        START_TIMEOUT_SECONDS: String(START_TIMEOUT),
        SHUTDOWN_SECONDS: String(SHUTDOWN),
        // Not the VPC's: whoever else is in there could choose the address that REDCap believes it has.
        TRUSTED_PROXIES: network.loadBalancerCidrs,
        ...maintenanceAddresses(props.stage),
      }),
    },
  ]);
}

/**
 * What an App Runner service's one container is told.
 *
 * TRUSTED_PROXIES stays the image's: private addresses. App Runner does not say which its proxies have, but nobody else
 * reaches an instance, and it writes the client's address into X-Forwarded-For (App Runner developer guide, incoming
 * traffic). Behind a proxy of a public address the header would not be believed at all.
 */
export const appRunnerVariables = (
  props: ContainerProps & {
    config: AppRunnerConfig;
    /** Secret of who may start cron over HTTP; without it, nobody may. */
    cronSecretArn?: string | undefined;
  },
): Record<string, string> => ({
  PORT: String(props.config.port),
  ...applicationVariables(props),
  REQUEST_TIMEOUT_SECONDS: String(APP_RUNNER_REQUEST_TIMEOUT),
  ...settingsVariable(props.stage),
  START_TIMEOUT_SECONDS: String(APP_RUNNER_START_TIMEOUT),
  ...maintenanceAddresses(props.stage),
  HTTPS_ONLY: "1",
  ...(props.cronSecretArn ? { CRON_SECRET_ARN: props.cronSecretArn } : {}),
});

/** Of the task that installs REDCap where the service's own containers cannot. */
export const prepareContainers = (props: ContainerProps): Containers =>
  containers([{ ...ddlContainer(props, "prepare"), essential: true }]);

/** Of the task that runs REDCap's cron, once. */
export const cronContainers = (props: ContainerProps): Containers =>
  containers([
    {
      ...common(props, "cron"),
      essential: true,
      command: ["cron"],
      environment: variables(applicationVariables(props)),
    },
  ]);

/** Of the task that brings the database to the image's version, once. */
export const upgradeContainers = (props: ContainerProps): Containers =>
  containers([{ ...ddlContainer(props, "upgrade"), essential: true }]);

/**
 * What the image is told on the maintenance server: as the service, but it speaks HTTPS itself and a request may take as
 * long as the server runs.
 * @param hours that it runs at most
 */
export const maintenanceVariables = (
  props: ContainerProps,
  { port, certificateSecretArn }: MaintenanceServerConfig,
  hours: number,
): Record<string, string> => ({
  PORT: String(port),
  TLS: "on",
  ...(certificateSecretArn ? { TLS_SECRET_ARN: certificateSecretArn } : {}),
  ...applicationVariables(props),
  REQUEST_TIMEOUT_SECONDS: String(hours * 3_600),
  START_TIMEOUT_SECONDS: String(START_TIMEOUT),
  SHUTDOWN_SECONDS: String(SHUTDOWN),
  // There is none: requests come out of Systems Manager's tunnel, on the server itself.
  TRUSTED_PROXIES: "127.0.0.1/32",
});

/** What the image is told there to upgrade the database. The secrets by ARN: no ECS brings their values. */
export const maintenanceUpgradeVariables = ({ stage, databaseUsers }: ContainerProps): Record<string, string> => ({
  AWS_REGION: stage.region,
  DDL_SECRET_ARN: databaseUsers.ddlSecret.arn,
  SALT_SECRET_ARN: databaseUsers.saltSecret.arn,
});

const containers = (definitions: Definition[]): Containers => ({
  containerDefinitions: JSON.stringify(definitions),
  volume: definitions.flatMap(({ mountPoints }) => mountPoints.map(({ sourceVolume }) => ({ name: sourceVolume }))),
});

/** With or without AWS WAF, the image closes installation and upgrade to everybody else. */
const maintenanceAddresses = ({ maintenanceAddresses: blocks }: StageConfig): Record<string, string> =>
  blocks.length > 0 ? { MAINTENANCE_ADDRESSES: blocks.join(" ") } : {};

/**
 * What REDCap itself is told, over HTTP and in cron.
 *
 * ARNs, not values: it reads the secrets again while it serves, so that rotated ones arrive without a new task.
 */
const applicationVariables = ({ stage, database, databaseUsers, files, filesKey, mail }: ContainerProps) => ({
  AWS_REGION: stage.region,
  PHP_TIMEZONE: stage.phpTimezone,
  DATABASE_SECRET_ARN: databaseUsers.applicationSecret.arn,
  SALT_SECRET_ARN: databaseUsers.saltSecret.arn,
  FILES_BUCKET: files.bucket.bucket,
  FILES_SECRET_ARN: filesKey.secret.arn,
  ...(database.readerHost ? { READER_HOST: database.readerHost } : {}),
  ...(mail ? { MAIL_SECRET_ARN: mail.secretArn, MAIL_FROM: mail.fromAddress } : {}),
  ...(mail?.configurationSet ? { MAIL_CONFIGURATION_SET: mail.configurationSet } : {}),
  ...(hostName(stage) ? { BASE_URL: `https://${hostName(stage)}/` } : {}),
});

/** Statements for redcap_config. Terraform would take what looks like an expression of its own for one. */
function settingsVariable(stage: StageConfig): Record<string, string> {
  const sql = settingsSqlOf(stage);
  return sql ? { SETTINGS_SQL: sql.replaceAll(/([$%])\{/g, "$1$1{") } : {};
}

/** A container that changes tables. Its command has its name. */
const ddlContainer = (props: ContainerProps, name: ContainerName) => ({
  ...common(props, name),
  command: [name],
  environment: variables({ AWS_REGION: props.stage.region, PHP_TIMEZONE: props.stage.phpTimezone }),
  // By ECS, with the execution role: a task role is the web server's too, which must not read the DDL user's password.
  secrets: [
    { name: "DDL_SECRET", valueFrom: props.databaseUsers.ddlSecret.arn },
    { name: "SALT_SECRET", valueFrom: props.databaseUsers.saltSecret.arn },
  ],
});

/** What all containers have alike. */
function common({ stage, logs }: ContainerProps, name: ContainerName) {
  return {
    name,
    image: stageImage(stage),
    readonlyRootFilesystem: true,
    mountPoints: Object.entries(WRITABLE).map(([volume, containerPath]) => ({
      sourceVolume: `${VOLUME_PREFIXES[name]}${volume}`,
      containerPath,
      readOnly: false,
    })),
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": logs.name,
        "awslogs-region": stage.region,
        "awslogs-stream-prefix": name === "prepare" ? "redcap" : name,
        // An account may default to either mode. The other one stops whoever writes a line while CloudWatch does not take
        // it, and so Apache; here lines are lost once the buffer, in the task's memory, is full.
        mode: "non-blocking",
        "max-buffer-size": "25m",
      },
    },
    // Passes the stop signal on, and buries what PHP's children leave behind.
    linuxParameters: { initProcessEnabled: true },
    stopTimeout: STOP_TIMEOUT,
  };
}

const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));
