// An encrypted SNS topic that AWS's own services publish to, and that sends emails.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { Construct } from "constructs";
import { type Publisher, servicesPublish } from "./publishers";

export interface EmailTopicProps {
  name: string;
  /** The key's policy must let the publishers encrypt: `publishersEncrypt`. */
  key: KmsKey;
  publishers: Publisher[];
  email: string | undefined;
  /** Filter of the mailbox, JSON; other subscribers get everything. */
  filterPolicy?: string | undefined;
}

export class EmailTopic extends Construct {
  readonly topic: SnsTopic;
  /** What to depend on before a service publishes. */
  readonly policy: SnsTopicPolicy;

  constructor(scope: Construct, id: string, props: EmailTopicProps) {
    super(scope, id);
    this.topic = new SnsTopic(this, "topic", { name: props.name, kmsMasterKeyId: props.key.arn });
    const document = new DataAwsIamPolicyDocument(this, "topic-policy", {
      statement: [...servicesPublish(this.topic.arn, props.publishers), onlyOverTls(this.topic.arn)],
    });
    this.policy = new SnsTopicPolicy(this, "policy", { arn: this.topic.arn, policy: document.json });
    if (props.email) {
      new SnsTopicSubscription(this, "email", {
        topicArn: this.topic.arn,
        protocol: "email",
        endpoint: props.email,
        filterPolicy: props.filterPolicy,
      });
    }
  }
}

/** Messages name resources and accounts. */
const onlyOverTls = (topicArn: string): DataAwsIamPolicyDocumentStatement => ({
  sid: "OnlyOverTls",
  effect: "Deny",
  principals: [{ type: "*", identifiers: ["*"] }],
  actions: ["sns:Publish"],
  resources: [topicArn],
  condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
});
