// What the stage tells its operators: one topic for alarms, deployments, budget and events, sent to their mailbox.
import type { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import type { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { EmailTopic } from "../email-topic";
import { alarms, budgets, EVENTS } from "../publishers";
import type { EncryptionKeys } from "./encryption-keys";

export interface NotificationsProps {
  stage: StageConfig;
  keys: EncryptionKeys;
}

export class Notifications extends Construct {
  readonly topic: SnsTopic;
  /** What to depend on before a service publishes. */
  readonly policy: SnsTopicPolicy;

  constructor(scope: Construct, id: string, { stage, keys }: NotificationsProps) {
    super(scope, id);
    const { topic, policy } = new EmailTopic(this, "operations", {
      name: stageNames(stage).operationsTopic,
      key: keys.notifications,
      publishers: [alarms(stage), budgets(stage), EVENTS],
      email: stage.email,
    });
    this.topic = topic;
    this.policy = policy;
  }
}
