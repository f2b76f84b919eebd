// Tells people what happens in a vault: its events on an encrypted SNS topic, by email where an address is given.
import { BackupVaultNotifications } from "@cdktf/provider-aws/lib/backup-vault-notifications";
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { Construct } from "constructs";
import type { Location } from "../../config";
import { Key } from "../key";
import { ownerManages } from "../key-policy";

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
      policy: [ownerManages(accountId, region), backupEncryptsMessages()],
      preventDestroy: props.preventDestroy,
    });

    const topic = new SnsTopic(this, "topic", { name: props.name, kmsMasterKeyId: key.arn });
    const topicPolicy = new DataAwsIamPolicyDocument(this, "topic-policy", {
      statement: [backupPublishes(topic.arn), onlyOverTls(topic.arn)],
    });
    const policy = new SnsTopicPolicy(this, "policy", { arn: topic.arn, policy: topicPolicy.json });

    new BackupVaultNotifications(this, "events", {
      backupVaultName: props.vaultName,
      backupVaultEvents: props.events,
      snsTopicArn: topic.arn,
      // AWS Backup refuses a topic that it may not publish to.
      dependsOn: [policy],
    });

    if (props.email) {
      new SnsTopicSubscription(this, "email", {
        topicArn: topic.arn,
        protocol: "email",
        endpoint: props.email,
        filterPolicy: props.failuresOnly ? JSON.stringify(NOT_SUCCEEDED) : undefined,
      });
    }
  }
}

/**
 * AWS Backup no longer sends an event for failed backup and restore jobs alone: COMPLETED comes for every end, and its
 * message attribute `State` tells which. Events without the attribute, such as those of single S3 objects, are failures.
 */
const NOT_SUCCEEDED = { State: [{ "anything-but": ["COMPLETED"] }, { exists: false }] };

const backup = [{ type: "Service", identifiers: ["backup.amazonaws.com"] }];

/** SNS encrypts with the publisher's rights. In a key policy, `*` means the key itself. */
function backupEncryptsMessages(): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "BackupEncryptsMessages",
    principals: backup,
    actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
    resources: ["*"],
  };
}

function backupPublishes(topicArn: string): DataAwsIamPolicyDocumentStatement {
  return { sid: "BackupPublishes", principals: backup, actions: ["sns:Publish"], resources: [topicArn] };
}

/** Messages name resources and accounts. */
function onlyOverTls(topicArn: string): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "OnlyOverTls",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions: ["sns:Publish"],
    resources: [topicArn],
    condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
  };
}
