// The stage's customer-managed keys. What is encrypted with AWS's own keys can never be copied to another account.
import type { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { keep } from "../stateful";
import { backedUpKeyPolicy, logsKeyPolicy } from "./key-policies";

/** Days in which a key that was scheduled for deletion can be taken back; 30 is the most AWS allows. */
const DELETION_WINDOW_DAYS = 30;

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

  constructor(scope: Construct, id: string, { stage, backupAccountId }: EncryptionKeysProps) {
    super(scope, id);
    const { prefix } = stageNames(stage);
    const key = (name: string, purpose: string, policy: DataAwsIamPolicyDocument) => {
      const kmsKey = keep(
        new KmsKey(this, name, {
          description: `${prefix}: ${purpose}`,
          enableKeyRotation: true,
          deletionWindowInDays: DELETION_WINDOW_DAYS,
          policy: policy.json,
        }),
        name,
        stage.protect.enabled,
      );
      new KmsAlias(this, `${name}-alias`, { name: `alias/${prefix}-${name}`, targetKeyId: kmsKey.keyId });
      return kmsKey;
    };
    this.database = key(
      "database",
      "Aurora cluster, snapshots and database secrets",
      backedUpKeyPolicy(this, "database-policy", stage, backupAccountId),
    );
    this.files = key("files", "files bucket", backedUpKeyPolicy(this, "files-policy", stage, backupAccountId));
    this.logs = key("logs", "CloudWatch log groups", logsKeyPolicy(this, "logs-policy", stage));
  }
}
