// Tells people what happens in a vault: its events on an encrypted SNS topic, by email where an address is given.
import { BackupVaultNotifications } from "@cdktf/provider-aws/lib/backup-vault-notifications";
import { Construct } from "constructs";
import type { Location } from "../../config";
import { EmailTopic } from "../email-topic";
import { Key } from "../key";
import { ownerManages } from "../key-policy";
import { BACKUP, publishersEncrypt } from "../publishers";

export interface NotificationsProps {
  /** Name of the topic. */
  name: string;
  location: Location;
  vaultName: string;
  /** Events of the vault (AWS Backup, PutBackupVaultNotifications). */
  events: string[];
  email: string | undefined;
  /** Whether the mailbox gets only what did not succeed; other subscribers of the topic get everything. */
  failuresOnly: boolean;
  preventDestroy: boolean;
}

export class Notifications extends Construct {
  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    const { accountId, region } = props.location;

    // Its own key: the vault's key should not have to let a service in that only sends messages.
    const { key } = new Key(this, "key", {
      logicalId: "notifications",
      alias: props.name,
      description: `Messages on the topic ${props.name}`,
      policy: [ownerManages(accountId, region), ...publishersEncrypt([BACKUP])],
      preventDestroy: props.preventDestroy,
    });
    const { topic, policy } = new EmailTopic(this, "topic", {
      name: props.name,
      key,
      publishers: [BACKUP],
      email: props.email,
      filterPolicy: props.failuresOnly ? JSON.stringify(NOT_SUCCEEDED) : undefined,
    });
    new BackupVaultNotifications(this, "events", {
      backupVaultName: props.vaultName,
      backupVaultEvents: props.events,
      snsTopicArn: topic.arn,
      // AWS Backup refuses a topic that it may not publish to.
      dependsOn: [policy],
    });
  }
}

/**
 * AWS Backup no longer sends an event for failed backup and restore jobs alone: COMPLETED comes for every end, and its
 * message attribute `State` tells which. Events without the attribute, such as those of single S3 objects, are failures.
 */
const NOT_SUCCEEDED = { State: [{ "anything-but": ["COMPLETED"] }, { exists: false }] };
