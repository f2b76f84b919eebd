// The stage's customer-managed keys. What is encrypted with AWS's own keys can never be copied to another account.
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { Key } from "../key";
import { accountsCopy, logsEncrypt, ownerManages } from "../key-policy";
import { alarms, budgets, EVENTS, mail, publishersEncrypt } from "../publishers";

export interface EncryptionKeysProps {
  stage: StageConfig;
  /** Account that receives copies of recovery points, if there is one. */
  backupAccountId?: string | undefined;
}

export class EncryptionKeys extends Construct {
  /** Cluster, its snapshots, the database's secrets. */
  readonly database: KmsKey;
  /** Files bucket. */
  readonly files: KmsKey;
  /** CloudWatch log groups. */
  readonly logs: KmsKey;
  /** Messages on the stage's topics. */
  readonly notifications: KmsKey;

  constructor(scope: Construct, id: string, { stage, backupAccountId }: EncryptionKeysProps) {
    super(scope, id);
    const { prefix } = stageNames(stage);
    const owner = ownerManages(stage.accountId, stage.region);
    const key = (name: string, purpose: string, policy: DataAwsIamPolicyDocumentStatement[]) =>
      new Key(this, name, {
        logicalId: name,
        alias: `${prefix}-${name}`,
        description: `${prefix}: ${purpose}`,
        policy,
        preventDestroy: stage.protect.enabled,
      }).key;
    // A cluster's recovery points have the cluster's key, so that the backup account reads with it. Those of S3 have the
    // vault's, and the files' key stays in the account (AWS Backup developer guide, encryption for backups).
    const copying = backupAccountId ? accountsCopy([backupAccountId], stage.region) : [];
    this.database = key("database", "Aurora cluster, snapshots and database secrets", [owner, ...copying]);
    this.files = key("files", "files bucket", [owner]);
    this.logs = key("logs", "CloudWatch log groups", [owner, logsEncrypt(stage)]);
    const publishers = [alarms(stage), budgets(stage), EVENTS, mail(stage)];
    this.notifications = key("notifications", "messages on the stage's topics", [
      owner,
      ...publishersEncrypt(publishers),
    ]);
  }
}
