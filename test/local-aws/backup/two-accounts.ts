// Fixture of the integration tests: a local AWS with a source and a destination account, each with a key, a vault and a
// role for AWS Backup, set up so that a cross-account copy works. Tests take away one thing each.

import {
  BackupClient,
  CreateBackupVaultCommand,
  DescribeBackupJobCommand,
  DescribeCopyJobCommand,
  DescribeRestoreJobCommand,
  PutBackupVaultAccessPolicyCommand,
  StartBackupJobCommand,
  StartCopyJobCommand,
  StartRestoreJobCommand,
  UpdateRegionSettingsCommand,
} from "@aws-sdk/client-backup";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { RDSClient } from "@aws-sdk/client-rds";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { type LocalAws, startLocalAws } from "..";

export const REGION = "eu-west-2";
export const SOURCE = "111111111111";
export const DESTINATION = "222222222222";

export interface TestAccount {
  id: string;
  backup: BackupClient;
  iam: IAMClient;
  kms: KMSClient;
  rds: RDSClient;
  s3: S3Client;
  /** ARN of the key of the vault, and of the cluster. */
  keyArn: string;
  roleArn: string;
  vaultName: string;
  vaultArn: string;
}

export interface TwoAccounts {
  aws: LocalAws;
  source: TestAccount;
  destination: TestAccount;
  stop(): Promise<void>;
}

export async function startTwoAccounts(jobSeconds = 0.5): Promise<TwoAccounts> {
  const accounts = [
    { id: SOURCE, profile: "source" },
    { id: DESTINATION, profile: "destination" },
  ];
  const aws = await startLocalAws({ accounts, region: REGION, jobSeconds });
  const source = await prepare(aws, SOURCE, DESTINATION);
  const destination = await prepare(aws, DESTINATION, SOURCE);
  const clients = [source, destination].flatMap(({ backup, iam, kms, rds, s3 }) => [backup, iam, kms, rds, s3]);
  return {
    aws,
    source,
    destination,
    stop: async () => {
      for (const client of clients) client.destroy();
      await aws.stop();
    },
  };
}

async function prepare(aws: LocalAws, id: string, other: string): Promise<TestAccount> {
  const config = { endpoint: aws.endpoint, region: REGION, credentials: aws.credentials(id) };
  const clients = {
    backup: new BackupClient(config),
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    rds: new RDSClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
  };
  const vaultName = `redcap-${id}`;
  const account: TestAccount = {
    id,
    ...clients,
    keyArn: await createKey(clients.kms, id, other),
    roleArn: await createRole(clients.iam, "backup", "backup.amazonaws.com"),
    vaultName,
    vaultArn: `arn:aws:backup:${REGION}:${id}:backup-vault:${vaultName}`,
  };
  const ResourceTypeOptInPreference = { Aurora: true, S3: true };
  await account.backup.send(new UpdateRegionSettingsCommand({ ResourceTypeOptInPreference }));
  await createVault(account, vaultName, account.keyArn);
  await allowCopies(account, vaultName, other);
  return account;
}

/** A key that its own account rules, and that the other account may use. @returns its ARN */
export async function createKey(kms: KMSClient, owner: string, other?: string): Promise<string> {
  const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
  const use = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"];
  const Statement = [
    { Effect: "Allow", Principal: root(owner), Action: "kms:*", Resource: "*" },
    ...(other ? [{ Effect: "Allow", Principal: root(other), Action: use, Resource: "*" }] : []),
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }));
  return KeyMetadata?.Arn ?? "";
}

/** @returns the role's ARN */
export async function createRole(iam: IAMClient, RoleName: string, trusted: string): Promise<string> {
  const Statement = [{ Effect: "Allow", Principal: { Service: trusted }, Action: "sts:AssumeRole" }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, Path: "/redcap/", AssumeRolePolicyDocument }));
  return Role?.Arn ?? "";
}

export async function createVault({ backup }: TestAccount, BackupVaultName: string, key?: string): Promise<string> {
  const input = { BackupVaultName, ...(key && { EncryptionKeyArn: key }) };
  return (await backup.send(new CreateBackupVaultCommand(input))).BackupVaultArn ?? "";
}

export async function allowCopies({ backup }: TestAccount, vault: string, other: string, more: object[] = []) {
  const Principal = { AWS: `arn:aws:iam::${other}:root` };
  const allow = { Effect: "Allow", Principal, Action: "backup:CopyIntoBackupVault", Resource: "*" };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [allow, ...more] });
  await backup.send(new PutBackupVaultAccessPolicyCommand({ BackupVaultName: vault, Policy }));
}

/** A versioned bucket, as AWS Backup needs it. @returns its ARN */
export async function createBucket({ s3 }: TestAccount, Bucket: string, Status: "Enabled" | "Suspended" = "Enabled") {
  const CreateBucketConfiguration = { LocationConstraint: REGION } as const;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  return `arn:aws:s3:::${Bucket}`;
}

/** Backs a resource up into the account's vault and waits for the end. */
export async function backUp(account: TestAccount, ResourceArn: string, vault = account.vaultName, days = 35) {
  const { BackupJobId } = await account.backup.send(
    new StartBackupJobCommand({
      BackupVaultName: vault,
      ResourceArn,
      IamRoleArn: account.roleArn,
      Lifecycle: { DeleteAfterDays: days },
    }),
  );
  return until(async () => {
    const job = await account.backup.send(new DescribeBackupJobCommand({ BackupJobId }));
    return job.CompletionDate ? job : undefined;
  });
}

/** Copies a recovery point into a vault and waits for the end. */
export async function copy(
  from: TestAccount,
  RecoveryPointArn: string,
  DestinationBackupVaultArn: string,
  days?: number,
) {
  const { CopyJobId } = await from.backup.send(
    new StartCopyJobCommand({
      SourceBackupVaultName: from.vaultName,
      RecoveryPointArn,
      DestinationBackupVaultArn,
      IamRoleArn: from.roleArn,
      ...(days && { Lifecycle: { DeleteAfterDays: days } }),
    }),
  );
  return until(async () => {
    const { CopyJob: job } = await from.backup.send(new DescribeCopyJobCommand({ CopyJobId }));
    return job?.CompletionDate ? job : undefined;
  });
}

/** Restores a recovery point and waits for the end. */
export async function restore(account: TestAccount, RecoveryPointArn: string, Metadata: Record<string, string>) {
  const { RestoreJobId } = await account.backup.send(
    new StartRestoreJobCommand({ RecoveryPointArn, Metadata, IamRoleArn: account.roleArn }),
  );
  return until(async () => {
    const job = await account.backup.send(new DescribeRestoreJobCommand({ RestoreJobId }));
    return job.CompletionDate ? job : undefined;
  });
}

/** Asks until there is an answer. @throws Error after a minute */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error("Waited for a minute in vain.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
