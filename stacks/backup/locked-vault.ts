// A backup vault with a key of its own and a lock. Recovery points of a vault on AWS's own key cannot leave the account.
import { BackupVault } from "@cdktf/provider-aws/lib/backup-vault";
import { BackupVaultLockConfiguration } from "@cdktf/provider-aws/lib/backup-vault-lock-configuration";
import { BackupVaultPolicy } from "@cdktf/provider-aws/lib/backup-vault-policy";
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import type { LockConfig } from "../../config";
import { Key } from "../key";
import { keep } from "../stateful";
import { deployerIsAdministrator, onlyAdministrators } from "./administrators";
import { VAULT_POLICY_ACTIONS } from "./vault-policy";

export interface LockedVaultProps {
  name: string;
  lock: LockConfig;
  keyPolicy: DataAwsIamPolicyDocumentStatement[];
  /** Access policy of the vault; none if empty. */
  accessPolicy: DataAwsIamPolicyDocumentStatement[];
  /** Who alone changes both policies and the lock; everybody with the right if left out. */
  administratorArns?: string[] | undefined;
  /** Whether Terraform refuses to destroy vault and key. Without it, a destroyed vault takes its recovery points along. */
  preventDestroy: boolean;
}

export class LockedVault extends Construct {
  readonly vault: BackupVault;
  readonly key: KmsKey;

  constructor(scope: Construct, id: string, props: LockedVaultProps) {
    super(scope, id);
    const { name, lock, preventDestroy, administratorArns } = props;
    const guard = (actions: string[]) => (administratorArns ? [onlyAdministrators(administratorArns, actions)] : []);

    this.key = new Key(this, "key", {
      logicalId: "vault",
      alias: `${name}-vault`,
      description: `Recovery points in the backup vault ${name}`,
      policy: [...props.keyPolicy, ...guard(["kms:PutKeyPolicy"])],
      preventDestroy,
    }).key;

    this.vault = keep(
      new BackupVault(this, "vault", { name, kmsKeyArn: this.key.arn, forceDestroy: !preventDestroy }),
      "vault",
      preventDestroy,
    );
    // No prevent_destroy: every change of a lock replaces it, and a lock that an attacker removed must come back by the
    // next apply. What a lock protects, AWS protects.
    new BackupVaultLockConfiguration(this, "lock", {
      backupVaultName: this.vault.name,
      // With days of grace the lock is in compliance mode, without them in governance mode: AWS has no other switch.
      changeableForDays: lock.mode === "compliance" ? lock.changeableForDays : undefined,
      minRetentionDays: lock.minRetentionDays,
      maxRetentionDays: lock.maxRetentionDays,
    }).overrideLogicalId("lock");

    const statement = [...props.accessPolicy, ...guard(VAULT_POLICY_ACTIONS)];
    if (statement.length > 0) {
      new BackupVaultPolicy(this, "policy", {
        backupVaultName: this.vault.name,
        policy: new DataAwsIamPolicyDocument(this, "access-policy", { statement }).json,
        lifecycle: administratorArns && { precondition: [deployerIsAdministrator(this, administratorArns)] },
      });
    }
  }
}
