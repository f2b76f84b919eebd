// How a person reaches the server: a tunnel of Session Manager, and what to know before using it.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { effectiveProfile, type MaintenanceServerConfig, type StageConfig } from "../../config";

const PLUGIN_PAGE =
  "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";

/** For a shell. */
export function forwardCommand({ region, profile }: StageConfig, port: number, instanceId: string): string {
  const used = effectiveProfile(profile);
  const parameters = JSON.stringify({ portNumber: [String(port)], localPortNumber: [String(port)] });
  return [
    `aws ssm start-session --target ${instanceId} --document-name AWS-StartPortForwardingSession`,
    `--parameters '${parameters}' --region ${region}`,
    ...(used ? [`--profile '${used.replaceAll("'", "'\\''")}'`] : []),
  ].join(" ");
}

function hasPlugin(path = process.env.PATH ?? ""): boolean {
  const names = process.platform === "win32" ? ["session-manager-plugin.exe"] : ["session-manager-plugin"];
  return path.split(delimiter).some((folder) =>
    names.some((name) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

/** @returns lines */
export function directions(stage: StageConfig, config: MaintenanceServerConfig, instanceId: string): string[] {
  const { port, certificateSecretArn } = config;
  const browser = certificateSecretArn
    ? "the name in its certificate must lead to 127.0.0.1"
    : "the browser warns: the server made its certificate itself";
  return [
    "",
    "1. In a terminal that stays open:",
    `   ${forwardCommand(stage, port, instanceId)}`,
    ...(hasPlugin() ? [] : [`   This needs the Session Manager plugin, which was not found here: ${PLUGIN_PAGE}`]),
    `2. In a second one, since a tunnel closes when nothing passes through it for 20 minutes:`,
    `   while curl -ks -o /dev/null https://localhost:${port}/health/live; do sleep 60; done`,
    `3. Open https://localhost:${port} (${browser}).`,
    "Before you change REDCap's base URL for it: docs/maintenance.md.",
  ];
}
