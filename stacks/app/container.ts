// REDCap's container: its environment, where its secrets come from, how it logs and stops.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { FargateConfig, StageConfig } from "../../config";
import type { DatabaseUsers } from "./database-users";
import type { Files } from "./files";

/** Seconds between the request to stop and the kill; Fargate's longest. */
const STOP_TIMEOUT = 120;

export interface ContainerProps {
  stage: StageConfig;
  config: FargateConfig;
  files: Files;
  databaseUsers: DatabaseUsers;
  logs: CloudwatchLogGroup;
}

/** Environment variables that ECS fills from keys of the application secret. */
const SECRET_KEYS = {
  DB_HOST: "host",
  DB_PORT: "port",
  DB_NAME: "dbname",
  DB_USERNAME: "username",
  DB_PASSWORD: "password",
};

/** The JSON of a task definition's containers. */
export function containerDefinitions({ stage, config, files, databaseUsers, logs }: ContainerProps): string {
  return JSON.stringify([
    {
      name: "redcap",
      image: config.image,
      essential: true,
      portMappings: [{ containerPort: config.port, hostPort: config.port, protocol: "tcp" }],
      environment: [
        { name: "AWS_REGION", value: stage.region },
        { name: "FILES_BUCKET", value: files.bucket.bucket },
      ],
      secrets: Object.entries(SECRET_KEYS).map(([name, key]) => ({
        name,
        valueFrom: `${databaseUsers.applicationSecret.arn}:${key}::`,
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
      // No read-only root: REDCap writes to its temp folder, and its configuration is written at start.
      readonlyRootFilesystem: false,
      stopTimeout: STOP_TIMEOUT,
    },
  ]);
}
