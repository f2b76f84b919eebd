// AWS services that send messages to the stage's topics: who they are, and what ties each to this account.
import type {
  DataAwsIamPolicyDocumentStatementCondition as Condition,
  DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { arn, type Location, partitionOf } from "../config";
import { fromAccount } from "./role";

export interface Publisher {
  /** Service principal. */
  service: string;
  /** What its requests carry; none where the service sends nothing of the kind. */
  conditions?: Condition[];
}

const fromArn = (sourceArn: string): Condition => ({
  test: "ArnLike",
  variable: "aws:SourceArn",
  values: [sourceArn],
});

/** AWS Backup developer guide, notification options: its example names no condition. */
export const BACKUP: Publisher = { service: "backup.amazonaws.com" };

/**
 * Rules of EventBridge: with a condition in the policy of the topic or of its key nothing would ever arrive (EventBridge
 * user guide, troubleshooting; SNS developer guide, encrypted topics).
 */
export const EVENTS: Publisher = { service: "events.amazonaws.com" };

/** Alarms (CloudWatch user guide, notifying users on alarm changes). */
export const alarms = (location: Location): Publisher => ({
  service: "cloudwatch.amazonaws.com",
  conditions: [fromAccount(location.accountId), fromArn(arn("cloudwatch", location, "alarm:*"))],
});

/** AWS Cost Management user guide, creating an Amazon SNS topic for budget notifications. Budgets have no region. */
export const budgets = ({ accountId, region }: Location): Publisher => ({
  service: "budgets.amazonaws.com",
  conditions: [fromAccount(accountId), fromArn(`arn:${partitionOf(region)}:budgets::${accountId}:*`)],
});

/** Bounces and complaints of identities and configuration sets (SES developer guide, Amazon SNS notifications). */
export const mail = (location: Location): Publisher => ({
  service: "ses.amazonaws.com",
  conditions: [fromAccount(location.accountId), fromArn(arn("ses", location, "*"))],
});

/** For a key's policy: SNS encrypts with the publisher's rights. There, `*` means the key itself. */
export const publishersEncrypt = (publishers: Publisher[]): Statement[] =>
  perPublisher("Encrypts", publishers, ["kms:Decrypt", "kms:GenerateDataKey*"], "*");

/** For a topic's policy. */
export const servicesPublish = (topicArn: string, publishers: Publisher[]): Statement[] =>
  perPublisher("Publishes", publishers, ["sns:Publish"], topicArn);

const perPublisher = (verb: string, publishers: Publisher[], actions: string[], resource: string): Statement[] =>
  publishers.map(({ service, conditions }) => ({
    sid: `${(service.split(".")[0] ?? "").replace(/^./, (letter) => letter.toUpperCase())}${verb}`,
    principals: [{ type: "Service", identifiers: [service] }],
    actions,
    resources: [resource],
    condition: conditions,
  }));
