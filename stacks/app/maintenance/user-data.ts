// What a new maintenance server does first: user-data.sh, with the stack's values before it.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface UserData {
  image: string;
  region: string;
  /** Name of the CloudWatch log group. */
  logGroup: string;
  /** Minutes after which the instance ends itself, whatever else fails. */
  lifetimeMinutes: number;
  /** What the container is told. No secrets: whoever may describe the instance reads them. */
  server: Record<string, string>;
  /** What the container that upgrades is told, where the server may do that. */
  upgrade?: Record<string, string> | undefined;
}

/** A script of the folder, for a Terraform string: there `${` and `%{` would begin an expression (Terraform, strings and templates). */
export const scriptLines = (file: string): string =>
  readFileSync(join(__dirname, file), "utf8").replaceAll(/[$%](?=\{)/g, "$&$&");

/** One line of Docker's env-file knows no quotes: all after `=` is the value. */
const environmentFile = (path: string, variables: Record<string, string>) => [
  `cat >${path} <<'ENVIRONMENT'`,
  ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
  "ENVIRONMENT",
];

export function userData({ image, region, logGroup, lifetimeMinutes, server, upgrade }: UserData): string {
  return [
    "#!/bin/bash",
    ...Object.entries({
      IMAGE: image,
      REGION: region,
      LOG_GROUP: logGroup,
      LIFETIME_MINUTES: String(lifetimeMinutes),
    }).map(([name, value]) => `${name}='${value}'`),
    "install -d -m 0700 /etc/redcap",
    ...environmentFile("/etc/redcap/server.env", server),
    ...(upgrade ? environmentFile("/etc/redcap/upgrade.env", upgrade) : []),
    scriptLines("user-data.sh"),
  ].join("\n");
}
