// REDCap's two containers of one image: `prepare` installs, `redcap` serves. What each is told and may write.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { FargateConfig, StageConfig } from "../../config";
import type { Database } from "./database";
import type { DatabaseUsers } from "./database-users";
import type { Files } from "./files";
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

/**
 * All that the image writes, by volume; the root is read-only. The image's VOLUME names the same paths: that is how ECS
 * gives the empty volumes the image's owner, since its own default is root (ECS developer guide, bind mounts).
 */
const WRITABLE = { tmp: "/tmp", run: "/run/redcap", temp: "/var/www/redcap/temp" };

/** Each container has its own: the web server never finds what `prepare` leaves, such as the DDL user's password. */
const VOLUME_PREFIXES = { redcap: "", prepare: "prepare-" };

export interface ContainerProps {
  stage: StageConfig;
  config: FargateConfig;
  network: Network;
  database: Database;
  databaseUsers: DatabaseUsers;
  files: Files;
  logs: CloudwatchLogGroup;
}

/** The empty volumes of a task, gone with it. */
export const taskVolumes = (): { name: string }[] =>
  Object.values(VOLUME_PREFIXES).flatMap((prefix) =>
    Object.keys(WRITABLE).map((name) => ({ name: `${prefix}${name}` })),
  );

/**
 * The JSON of a task definition's containers.
 *
 * `redcap` has no `dependsOn`: Fargate waits 120 s at most for a dependency (`startTimeout`) and would cut a first
 * installation. `redcap` itself waits until the database is installed, at once where it is.
 */
export function containerDefinitions(props: ContainerProps): string {
  const { stage, config, network, database, databaseUsers, files } = props;
  const { applicationSecret, ddlSecret, saltSecret } = databaseUsers;
  return JSON.stringify([
    {
      ...common(props, "prepare"),
      // It ends once the database is installed; a failed one leaves `redcap` waiting, and so the task unhealthy.
      essential: false,
      command: ["prepare"],
      environment: variables({ AWS_REGION: stage.region }),
      // By ECS, with the execution role: the task role is the web server's, and must not read the DDL user's password.
      secrets: Object.entries({ DDL_SECRET: ddlSecret.arn, SALT_SECRET: saltSecret.arn }).map(([name, valueFrom]) => ({
        name,
        valueFrom,
      })),
    },
    {
      ...common(props, "redcap"),
      essential: true,
      command: ["serve"],
      portMappings: [{ containerPort: config.port, hostPort: config.port, protocol: "tcp" }],
      // ARNs, not values: it reads the secrets again while it serves, so that rotated ones arrive without a new task.
      environment: variables({
        PORT: String(config.port),
        AWS_REGION: stage.region,
        DATABASE_SECRET_ARN: applicationSecret.arn,
        SALT_SECRET_ARN: saltSecret.arn,
        FILES_BUCKET: files.bucket.bucket,
        ...(database.readerHost ? { READER_HOST: database.readerHost } : {}),
        REQUEST_TIMEOUT_SECONDS: String(config.idleTimeoutSeconds),
        START_TIMEOUT_SECONDS: String(START_TIMEOUT),
        SHUTDOWN_SECONDS: String(SHUTDOWN),
        TRUSTED_PROXIES: network.cidrs,
      }),
    },
  ]);
}

/** What both containers have alike. */
function common({ stage, config, logs }: ContainerProps, name: keyof typeof VOLUME_PREFIXES) {
  return {
    name,
    image: config.image,
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
        "awslogs-stream-prefix": "redcap",
      },
    },
    // Passes the stop signal on, and buries what PHP's children leave behind.
    linuxParameters: { initProcessEnabled: true },
    stopTimeout: STOP_TIMEOUT,
  };
}

const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));
