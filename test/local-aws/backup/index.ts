// AWS Backup for the local AWS: vaults, plans, jobs, recovery points, cross-account copies and restores. Databases and
// objects are real ones, reached through the overlay's own endpoint; everything else lives in memory.

import { AwsError, type AwsRequest, type AwsResponse, type Service } from "../service";
import { ADMIN_PATH, answerAdmin } from "./admin";
import { auditHandlers } from "./audit";
import { AuroraDriver } from "./aurora";
import { backupJobHandlers } from "./backup-jobs";
import { type Credentials, createClients } from "./clients";
import { copyJobHandlers } from "./copy-jobs";
import { removeExpired } from "./expiry";
import { Jobs } from "./jobs";
import { notificationHandlers } from "./notifications";
import { Permissions } from "./permissions";
import { planHandlers } from "./plans";
import { answer, answerError, type Caller, type Handlers, type ParsedRequest, parseRequest } from "./protocol";
import { recoveryPointHandlers } from "./recovery-points";
import { restoreJobHandlers } from "./restore-jobs";
import { restoreTestingHandlers } from "./restore-testing";
import { S3Driver } from "./s3";
import { selectionHandlers } from "./selections";
import { settingsHandlers } from "./settings";
import { BackupState } from "./state";
import { tagHandlers } from "./tags";
import { enforceVaultPolicy, vaultAccessHandlers } from "./vault-access";
import { vaultLockHandlers } from "./vault-lock";
import { vaultHandlers } from "./vaults";

export interface BackupContext {
  /** URL of the overlay itself: AWS Backup's own calls to RDS, S3, KMS, SNS, IAM and Organizations go there. */
  endpoint: string;
  region: string;
  /** Accounts of the organization: copies go to no other. */
  organizationAccountIds: string[];
  /** Credentials of an account of the organization; the service acts in each with that account's own. */
  credentialsOf: (account: string) => Credentials;
  /** The organization's setting to begin with. Default true. */
  isCrossAccountBackupEnabled?: boolean;
  /** Seconds a job takes at least. */
  jobSeconds: number;
}

export interface BackupService {
  /** Answers requests with the signing name `backup`, and no others. */
  service: Service;
  /** Answers the tests' own requests below /local-aws/backup/. */
  admin: (method: string, path: string, body: Buffer) => Promise<AwsResponse | undefined>;
  /** Stops every job that is under way. */
  stop: () => Promise<void>;
}

export function createBackupService(context: BackupContext): BackupService {
  const { region } = context;
  const state = new BackupState(region);
  state.globalSettings.isCrossAccountBackupEnabled = context.isCrossAccountBackupEnabled ?? true;
  const clientsOf = createClients(context.endpoint, region, context.credentialsOf);
  const permissions = new Permissions(clientsOf, region, context.organizationAccountIds);
  const drivers = [new AuroraDriver(clientsOf, permissions), new S3Driver(clientsOf, permissions, region)];
  const jobs = new Jobs(state, clientsOf, permissions, drivers, context.jobSeconds);
  const handlers: Handlers = {
    ...vaultHandlers(state, permissions),
    ...vaultLockHandlers(state),
    ...vaultAccessHandlers(state),
    ...notificationHandlers(state),
    ...settingsHandlers(state, permissions),
    ...planHandlers(state),
    ...selectionHandlers(state, permissions),
    ...backupJobHandlers(jobs),
    ...copyJobHandlers(jobs),
    ...restoreJobHandlers(jobs),
    ...recoveryPointHandlers(jobs),
    ...auditHandlers(state),
    ...restoreTestingHandlers(state, permissions),
    ...tagHandlers(state),
  };

  const perform = async (parsed: ParsedRequest, request: AwsRequest): Promise<AwsResponse> => {
    // The input was read by the operation's own schema, so that its type is the one that the handler expects.
    const handler = handlers[parsed.operation] as ((input: object, caller: Caller) => unknown) | undefined;
    if (!handler) throw new AwsError("UnknownOperationException", `${parsed.operation} is not modelled.`, 501);
    const caller: Caller = { account: request.account, accessKeyId: request.accessKeyId };
    await enforceVaultPolicy(state, permissions, parsed, caller);
    await removeExpired(jobs);
    return answer(await handler(parsed.input, caller));
  };

  return {
    service: async (request) => {
      if (request.service !== "backup") return undefined;
      return answeringErrors(() => {
        const parsed = parseRequest(request);
        if (!parsed) throw new AwsError("UnknownOperationException", `${request.method} ${request.path}`, 404);
        return perform(parsed, request);
      });
    },
    admin: async (_method, path, body) =>
      path.startsWith(ADMIN_PATH)
        ? answeringErrors(() => answerAdmin(jobs, path.slice(ADMIN_PATH.length), body))
        : undefined,
    stop: () => jobs.stop(),
  };
}

async function answeringErrors(work: () => Promise<AwsResponse>): Promise<AwsResponse> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsError) return answerError(error);
    throw error;
  }
}
