// Notifications of vaults: messages to an SNS topic when jobs change state.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html

import type { BackupVaultEvent } from "@aws-sdk/client-backup";
import { GetTopicAttributesCommand, PublishCommand } from "@aws-sdk/client-sns";
import { evaluatePolicy } from "../policy";
import type { ClientsOf } from "./clients";
import { notFound } from "./errors";
import type { JobKind, JobRun, JobState } from "./job-run";
import { BACKUP_PRINCIPAL, type Permissions } from "./permissions";
import type { Handlers } from "./protocol";
import type { BackupState, Vault } from "./state";

/** Events of each state. A failed backup is BACKUP_JOB_COMPLETED and BACKUP_JOB_FAILED: the vault chooses what to hear. */
const EVENTS: Record<JobKind, Partial<Record<JobState, BackupVaultEvent[]>>> = {
  backup: {
    RUNNING: ["BACKUP_JOB_STARTED"],
    COMPLETED: ["BACKUP_JOB_COMPLETED", "BACKUP_JOB_SUCCESSFUL"],
    FAILED: ["BACKUP_JOB_COMPLETED", "BACKUP_JOB_FAILED"],
    ABORTED: ["BACKUP_JOB_COMPLETED"],
  },
  copy: {
    RUNNING: ["COPY_JOB_STARTED"],
    COMPLETED: ["COPY_JOB_SUCCESSFUL"],
    PARTIAL: ["COPY_JOB_FAILED"],
    FAILED: ["COPY_JOB_FAILED"],
  },
  restore: {
    RUNNING: ["RESTORE_JOB_STARTED"],
    COMPLETED: ["RESTORE_JOB_COMPLETED", "RESTORE_JOB_SUCCESSFUL"],
    FAILED: ["RESTORE_JOB_COMPLETED", "RESTORE_JOB_FAILED"],
  },
};

export function notificationHandlers(state: BackupState): Handlers {
  return {
    PutBackupVaultNotifications: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      vault.notifications = { topicArn: input.SNSTopicArn ?? "", events: input.BackupVaultEvents ?? [] };
      return {};
    },
    GetBackupVaultNotifications: (input, { account }) => {
      const vault = state.vault(account, input.BackupVaultName);
      if (!vault.notifications) throw notFound(`Backup vault ${vault.name} has no notifications.`);
      return {
        BackupVaultName: vault.name,
        BackupVaultArn: vault.arn,
        SNSTopicArn: vault.notifications.topicArn,
        BackupVaultEvents: vault.notifications.events,
      };
    },
    DeleteBackupVaultNotifications: (input, { account }) => {
      state.vault(account, input.BackupVaultName).notifications = undefined;
      return {};
    },
  };
}

/** What a message tells about the job. */
export interface JobNotice {
  kind: JobKind;
  id: string;
  run: JobRun;
  resourceArn: string;
  recoveryPointArn?: string;
}

/**
 * Publishes a job's new state, if the vault asks for it. As on AWS, nothing is said when the topic's policy does not let
 * AWS Backup publish, or the key of an encrypted topic does not let it encrypt: the message just never comes.
 */
export async function notify(
  vault: Vault,
  notice: JobNotice,
  state: JobState,
  clientsOf: ClientsOf,
  permissions: Permissions,
): Promise<void> {
  const wanted = vault.notifications;
  if (!wanted || !(EVENTS[notice.kind][state] ?? []).some((event) => wanted.events.includes(event))) return;
  if (!(await mayPublish(vault.account, wanted.topicArn, clientsOf, permissions))) return;
  const text = (value: string) => ({ DataType: "String", StringValue: value });
  const kind = notice.kind[0]?.toUpperCase() + notice.kind.slice(1);
  await clientsOf(vault.account).sns.send(
    new PublishCommand({
      TopicArn: wanted.topicArn,
      Subject: "Notification from AWS Backup",
      Message:
        `An AWS Backup ${notice.kind} job is ${state}. ${notice.run.statusMessage ?? ""} ` +
        `Recovery point ARN: ${notice.recoveryPointArn ?? "none"}. Resource ARN: ${notice.resourceArn}. ` +
        `${kind}Job ID: ${notice.id}`,
      MessageAttributes: {
        EventType: text(`${notice.kind.toUpperCase()}_JOB`),
        State: text(state),
        AccountId: text(vault.account),
        Id: text(notice.id),
        StartTime: text(notice.run.creationDate.toISOString()),
      },
    }),
  );
}

async function mayPublish(
  account: string,
  topicArn: string,
  clientsOf: ClientsOf,
  permissions: Permissions,
): Promise<boolean> {
  const topic = await clientsOf(account).sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
  const context = { "aws:SourceAccount": account, "aws:PrincipalIsAWSService": "true" };
  const request = { principal: BACKUP_PRINCIPAL, action: "sns:Publish", resource: topicArn, context };
  if (evaluatePolicy(topic.Attributes?.Policy ?? '{"Statement":[]}', request) !== "allow") return false;
  const keyId = topic.Attributes?.KmsMasterKeyId;
  if (!keyId) return true;
  const key = await permissions.findKey(account, keyId);
  const actions = ["kms:GenerateDataKey", "kms:Decrypt"];
  return key?.Arn !== undefined && (await permissions.keyAllows(key.Arn, BACKUP_PRINCIPAL, actions, context));
}
