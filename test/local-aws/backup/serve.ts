// For unit tests: the service alone behind HTTP, reached by the AWS SDK, with no other service beside it.

import type { Server } from "node:http";
import { BackupClient } from "@aws-sdk/client-backup";
import type { Identities } from "../host/identity";
import { listen, type Overlay } from "../server";
import { type BackupService, createBackupService } from ".";

export const ACCOUNT = "111111111111";
export const REGION = "eu-west-2";
const CREDENTIALS = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "example" };

export interface ServedBackup {
  backup: BackupClient;
  /** Sends an admin request; @throws Error with the answer if it is refused. */
  admin(command: string, body: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Serves AWS Backup on a free port; calls to services other than it fail. */
export async function serveBackup(): Promise<ServedBackup> {
  const identities: Pick<Identities, "accountOf"> = { accountOf: async () => ACCOUNT };
  const overlay: Overlay = {
    identities: identities as Identities,
    services: [],
    admins: [],
    moto: async () => ({ status: 501, headers: {}, body: "" }),
    anonymousAccount: ACCOUNT,
    log: () => undefined,
  };
  const { server, port } = await listen(overlay);
  const endpoint = `http://127.0.0.1:${port}`;
  const service = createBackupService({
    endpoint,
    region: REGION,
    organizationAccountIds: [ACCOUNT],
    credentialsOf: () => CREDENTIALS,
    jobSeconds: 0,
  });
  overlay.services.push(service.service);
  overlay.admins.push(service.admin);
  const backup = new BackupClient({ endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 });
  return {
    backup,
    admin: (command, body) => askAdmin(endpoint, command, body),
    stop: () => stop(server, service, backup),
  };
}

/** Sends an unsigned request to the service's admin interface; @throws Error with the answer if it is refused. */
export async function askAdmin(endpoint: string, command: string, body: object): Promise<unknown> {
  const answer = await fetch(`${endpoint}/local-aws/backup/${command}`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return JSON.parse(text);
}

async function stop(server: Server, service: BackupService, backup: BackupClient): Promise<void> {
  backup.destroy();
  await service.stop();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
