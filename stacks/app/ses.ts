// REDCap's mail through Amazon SES: the identity it sends from, what SES does with every message, who is told of bounces, and
// the SMTP credentials of a user who may send from one address.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Sesv2ConfigurationSet as ConfigurationSet } from "@cdktf/provider-aws/lib/sesv2-configuration-set";
import { Sesv2ConfigurationSetEventDestination as EventDestination } from "@cdktf/provider-aws/lib/sesv2-configuration-set-event-destination";
import { Sesv2EmailIdentity as EmailIdentity } from "@cdktf/provider-aws/lib/sesv2-email-identity";
import { Sesv2EmailIdentityMailFromAttributes as MailFromAttributes } from "@cdktf/provider-aws/lib/sesv2-email-identity-mail-from-attributes";
import type { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { arn, type SesConfig, type StageConfig, stageNames } from "../../config";
import { EmailTopic } from "../email-topic";
import { mail as sesPublishes } from "../publishers";
import { AccessKey } from "./access-key";
import type { DnsRecord, Domain } from "./domain";
import type { EncryptionKeys } from "./encryption-keys";
import type { Mail } from "./mail";
import type { Network } from "./network";
import { addSesRecords } from "./ses-records";

/** Of SES's SMTP endpoint, with STARTTLS. EC2 throttles 25. */
const SMTP_PORT = 587;

export interface SesMailProps {
  stage: StageConfig;
  config: SesConfig;
  keys: EncryptionKeys;
  network: Network;
  /** Gets the identity's records. */
  domain: Domain | undefined;
}

export class SesMail extends Construct implements Mail {
  readonly secretArn: string;
  readonly secretKeyArn: string;
  readonly fromAddress: string;
  readonly configurationSet: string;
  readonly keyFunction: LambdaFunction;
  readonly port = SMTP_PORT;
  readonly relay: SecurityGroup | string;
  readonly needs: ITerraformDependable[];
  readonly topic: SnsTopic;
  readonly suggestedRecords: DnsRecord[];

  constructor(scope: Construct, id: string, { stage, config, keys, network, domain }: SesMailProps) {
    super(scope, id);
    const names = stageNames(stage);
    this.fromAddress = config.fromAddress;
    const set = this.createConfigurationSet(names.mailConfigurationSet);
    this.configurationSet = set.configurationSetName;
    this.topic = this.publishEvents(stage, keys, set);
    this.suggestedRecords = config.created ? this.createIdentity(stage, config, set, domain) : [];
    const key = new AccessKey(this, "key", {
      stage,
      keys,
      purpose: "mail",
      names: { user: names.mailUser, secret: names.mailSecret, function: names.mailKeyFunction },
      secretId: "mail",
      secretDescription: "SMTP credentials",
      functionDescription: "Makes and rotates REDCap's SMTP credentials for SES",
      rights: { name: "send-mail", document: (user) => this.sendMail(user, stage, set) },
      variables: { SMTP_ENDPOINT: `email-smtp.${stage.region}.amazonaws.com:${SMTP_PORT}` },
    });
    this.secretArn = key.secret.arn;
    this.keyFunction = key.function;
    this.secretKeyArn = keys.database.arn;
    this.relay = network.smtpEndpoint ?? "0.0.0.0/0";
    this.needs = [key.firstKey];
  }

  /** Of every message: the container names it in a header, and it is the default of the stage's own identity. */
  private createConfigurationSet(configurationSetName: string): ConfigurationSet {
    return new ConfigurationSet(this, "configuration-set", {
      configurationSetName,
      // A receiving server without TLS does not get REDCap's mail: it bounces.
      deliveryOptions: { tlsPolicy: "REQUIRE" },
      reputationOptions: { reputationMetricsEnabled: true },
      sendingOptions: { sendingEnabled: true },
      // Whoever bounced or complained is not written to again: SES stops accounts that go on.
      suppressionOptions: { suppressedReasons: ["BOUNCE", "COMPLAINT"] },
    });
  }

  private publishEvents(stage: StageConfig, keys: EncryptionKeys, set: ConfigurationSet): SnsTopic {
    const { topic, policy } = new EmailTopic(this, "events", {
      name: stageNames(stage).mailTopic,
      key: keys.notifications,
      publishers: [sesPublishes(stage)],
      email: stage.bounceNotificationEmail ?? stage.email,
    });
    new EventDestination(this, "event-destination", {
      configurationSetName: set.configurationSetName,
      eventDestinationName: "notify",
      eventDestination: {
        enabled: true,
        matchingEventTypes: ["BOUNCE", "COMPLAINT", "REJECT"],
        snsDestination: { topicArn: topic.arn },
      },
      // SES publishes a trial message at once, and refuses a topic that does not take it.
      dependsOn: [policy],
    });
    return topic;
  }

  private createIdentity(stage: StageConfig, config: SesConfig, set: ConfigurationSet, domain: Domain | undefined) {
    const { mailFromDomain } = config;
    const identity = new EmailIdentity(this, "identity", {
      emailIdentity: config.identity,
      configurationSetName: set.configurationSetName,
      // Easy DKIM is for domains.
      ...(domain ? { dkimSigningAttributes: { nextSigningKeyLength: "RSA_2048_BIT" } } : {}),
    });
    if (!domain || !mailFromDomain) return [];
    new MailFromAttributes(this, "mail-from", {
      emailIdentity: identity.emailIdentity,
      mailFromDomain,
      // Mail goes on as amazonses.com while the MX record is not found: DKIM alone still passes DMARC.
      behaviorOnMxFailure: "USE_DEFAULT_VALUE",
    });
    return addSesRecords(domain, { region: stage.region, identity, mailFromDomain });
  }

  /**
   * SMTP is SendRawEmail. Every identity, because SES asks in the sandbox for the right at the recipient's, too; the address
   * says which one it is sent from. The configuration set is asked for beside the identity.
   */
  private sendMail(scope: Construct, stage: StageConfig, set: ConfigurationSet): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(scope, "send-mail", {
      statement: [
        {
          actions: ["ses:SendRawEmail"],
          resources: [arn("ses", stage, "identity/*"), set.arn],
          condition: [{ test: "StringEquals", variable: "ses:FromAddress", values: [this.fromAddress] }],
        },
      ],
    });
  }
}
