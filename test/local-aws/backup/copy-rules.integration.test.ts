// What makes a cross-account copy fail, one rule at a time, with the status message that AWS gives.

import {
  DescribeRecoveryPointCommand,
  ListRecoveryPointsByBackupVaultCommand,
  PutBackupVaultAccessPolicyCommand,
  PutBackupVaultLockConfigurationCommand,
  StartRestoreJobCommand,
} from "@aws-sdk/client-backup";
import { DisableKeyCommand, EnableKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateDBClusterCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
} from "@aws-sdk/client-rds";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { askAdmin } from "./serve";
import {
  allowCopies,
  backUp,
  copy,
  createBucket,
  createKey,
  createVault,
  startTwoAccounts,
  type TestAccount,
  type TwoAccounts,
  until,
} from "./two-accounts";

jest.setTimeout(120_000);
const ACCESS_DENIED = "Access Denied trying to call AWS Backup service";

let accounts: TwoAccounts;
let source: TestAccount;
let destination: TestAccount;
let bucketPoint: string;

beforeAll(async () => {
  accounts = await startTwoAccounts(0.2);
  ({ source, destination } = accounts);
  const Bucket = "redcap-files";
  const arn = await createBucket(source, Bucket);
  await source.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "a" }));
  bucketPoint = (await backUp(source, arn)).RecoveryPointArn ?? "";
});
afterAll(() => accounts?.stop());

/** A new vault of the destination that lets the source copy in. */
async function openVault(name: string, key?: string, statements: object[] = []) {
  const arn = await createVault(destination, name, key);
  await allowCopies(destination, name, source.id, statements);
  return arn;
}

async function auroraPoint(name: string, KmsKeyId?: string) {
  const engine = { Engine: "aurora-mysql", MasterUsername: "admin", MasterUserPassword: "not-a-secret-here" };
  const encryption = { StorageEncrypted: true, ...(KmsKeyId && { KmsKeyId }) };
  const identifier = { DBClusterIdentifier: name };
  await source.rds.send(new CreateDBClusterCommand({ ...identifier, ...engine, ...encryption }));
  const cluster = await until(async () => {
    const [found] = (await source.rds.send(new DescribeDBClustersCommand(identifier))).DBClusters ?? [];
    return found?.Status === "available" ? found : undefined;
  });
  return (await backUp(source, cluster.DBClusterArn ?? "")).RecoveryPointArn ?? "";
}

test("the fixture's copy works, so that each failure below has one cause", async () => {
  expect(await copy(source, bucketPoint, destination.vaultArn)).toMatchObject({ State: "COMPLETED" });
});

describe("the destination vault's policy", () => {
  test("none", async () => {
    const vault = await createVault(destination, "no-policy", destination.keyArn);
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "FAILED", StatusMessage: ACCESS_DENIED });
  });

  test("allows another account only", async () => {
    const vault = await createVault(destination, "other-account", destination.keyArn);
    await allowCopies(destination, "other-account", "333333333333");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "FAILED", StatusMessage: ACCESS_DENIED });
  });

  test("an explicit Deny wins", async () => {
    const deny = { Effect: "Deny", Principal: "*", Action: "backup:*", Resource: "*" };
    const vault = await openVault("denied", destination.keyArn, [deny]);
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "FAILED", StatusMessage: ACCESS_DENIED });
  });

  test("by organization", async () => {
    const BackupVaultName = "organization";
    const vault = await createVault(destination, BackupVaultName, destination.keyArn);
    const put = (id: string) => {
      const Condition = { StringEquals: { "aws:PrincipalOrgID": id } };
      const Statement = [
        { Effect: "Allow", Principal: "*", Action: "backup:CopyIntoBackupVault", Resource: "*", Condition },
      ];
      const Policy = JSON.stringify({ Statement });
      return destination.backup.send(new PutBackupVaultAccessPolicyCommand({ BackupVaultName, Policy }));
    };
    await put("o-another");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "FAILED" });
    await put("o-localaws01");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "COMPLETED" });
  });

  test("a vault that is not there looks the same", async () => {
    const vault = destination.vaultArn.replace(destination.vaultName, "none");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "FAILED", StatusMessage: ACCESS_DENIED });
  });
});

describe("organization", () => {
  test("an account outside", async () => {
    const vault = destination.vaultArn.replace(destination.id, "333333333333");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({
      State: "FAILED",
      StatusMessage: "Copy job failed. Both source and destination account must be a member of the same organization.",
    });
  });

  test("cross-account backup turned off", async () => {
    const set = (isCrossAccountBackupEnabled: boolean) =>
      askAdmin(accounts.aws.endpoint, "global-settings", { isCrossAccountBackupEnabled });
    await set(false);
    try {
      expect(await copy(source, bucketPoint, destination.vaultArn)).toMatchObject({
        State: "FAILED",
        StatusMessage: "Copy job failed. Cross-account copy feature is not enabled for the current organization.",
      });
    } finally {
      await set(true);
    }
  });
});

describe("retention and the destination's lock", () => {
  const BackupVaultName = "locked";
  let vault: string;
  beforeAll(async () => {
    vault = await openVault(BackupVaultName, destination.keyArn);
    const days = { MinRetentionDays: 7, MaxRetentionDays: 90 };
    await destination.backup.send(new PutBackupVaultLockConfigurationCommand({ BackupVaultName, ...days }));
  });

  test.each([6, 91])("%d days", async (days) => {
    expect(await copy(source, bucketPoint, vault, days)).toMatchObject({
      State: "FAILED",
      StatusMessage:
        "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault.",
    });
  });

  test("the source's own retention counts where the copy names none", async () => {
    expect(await copy(source, bucketPoint, vault)).toMatchObject({
      State: "COMPLETED",
      DestinationRecoveryPointLifecycle: { DeleteAfterDays: 35 },
    });
  });
});

describe("keys", () => {
  test("a vault with AWS's own key takes no copy from another account", async () => {
    const vault = await openVault("default-key");
    expect(await copy(source, bucketPoint, vault)).toMatchObject({
      State: "FAILED",
      StatusMessage: expect.stringContaining(
        "destination Backup vault is encrypted with the default Backup service managed key",
      ),
    });
  });

  test("the destination vault's key is disabled", async () => {
    const key = await createKey(destination.kms, destination.id, source.id);
    const KeyId = key.split("/")[1];
    const vault = await openVault("disabled-key", key);
    await destination.kms.send(new DisableKeyCommand({ KeyId }));
    expect(await copy(source, bucketPoint, vault)).toMatchObject({
      State: "FAILED",
      StatusMessage: "Given key ID is not accessible",
    });
    await destination.kms.send(new EnableKeyCommand({ KeyId }));
    expect(await copy(source, bucketPoint, vault)).toMatchObject({ State: "COMPLETED" });
  });

  test("S3: the source vault's key is AWS's own, or is not shared", async () => {
    const StatusMessage = "KMS key is either disabled or pending deletion or access to KMS key is denied";
    const names = { "own-key": await createKey(source.kms, source.id), "aws-key": undefined };
    for (const [vaultName, key] of Object.entries(names)) {
      await createVault(source, vaultName, key);
      const { RecoveryPointArn = "" } = await backUp(source, "arn:aws:s3:::redcap-files", vaultName);
      const copied = await copy({ ...source, vaultName }, RecoveryPointArn, destination.vaultArn);
      expect(copied).toMatchObject({ State: "FAILED", StatusMessage });
    }
  });

  test("Aurora: a cluster on AWS's own key cannot be copied", async () => {
    const point = await auroraPoint("default-key");
    expect(await copy(source, point, destination.vaultArn)).toMatchObject({
      State: "FAILED",
      StatusMessage: "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.",
    });
  });

  test("Aurora: the cluster's key does not let the other account in", async () => {
    const key = await createKey(source.kms, source.id);
    const point = await auroraPoint("private-key", key);
    expect(await copy(source, point, destination.vaultArn)).toMatchObject({
      State: "FAILED",
      StatusMessage: `The source snapshot KMS key [${key}] does not exist, is not enabled or you do not have permissions to access it.`,
    });
  });
});

test("a planned failure, and one in part, end the job", async () => {
  const plan = (state: string) =>
    askAdmin(accounts.aws.endpoint, "fail-next", { kind: "copy", message: "as planned", state });
  for (const State of ["PARTIAL", "FAILED"]) {
    await plan(State);
    expect(await copy(source, bucketPoint, destination.vaultArn)).toMatchObject({ State, StatusMessage: "as planned" });
  }
  expect(await copy(source, bucketPoint, destination.vaultArn)).toMatchObject({ State: "COMPLETED" });
});

describe("expiry", () => {
  const held = async ({ backup, vaultName }: TestAccount) => {
    const { RecoveryPoints = [] } = await backup.send(
      new ListRecoveryPointsByBackupVaultCommand({ BackupVaultName: vaultName }),
    );
    return RecoveryPoints.map(({ RecoveryPointArn }) => RecoveryPointArn);
  };
  const created = async ({ backup, vaultName }: TestAccount, RecoveryPointArn: string) => {
    const input = { BackupVaultName: vaultName, RecoveryPointArn };
    return (await backup.send(new DescribeRecoveryPointCommand(input))).CreationDate;
  };

  test("a copy is as old as its source, and its lifecycle counts from there", async () => {
    const original = await auroraPoint("expiring", await createKey(source.kms, source.id, destination.id));
    const copied = await copy(source, original, destination.vaultArn, 60);
    const away = copied.DestinationRecoveryPointArn ?? "";
    await askAdmin(accounts.aws.endpoint, "clock", { days: 40 });

    // 35 days are over in the source vault, and the snapshot with them.
    expect(await held(source)).not.toContain(original);
    const snapshots = await source.rds.send(new DescribeDBClusterSnapshotsCommand({}));
    expect(snapshots.DBClusterSnapshots?.map((one) => one.DBClusterSnapshotArn)).not.toContain(original);
    const start = new StartRestoreJobCommand({ RecoveryPointArn: original, IamRoleArn: source.roleArn, Metadata: {} });
    await expect(source.backup.send(start)).rejects.toMatchObject({ name: "ResourceNotFoundException" });

    const tooShort = await copy(destination, away, source.vaultArn, 7);
    expect(tooShort.State).toBe("COMPLETED");
    expect(await held(source)).not.toContain(tooShort.DestinationRecoveryPointArn);

    const longEnough = await copy(destination, away, source.vaultArn, 40 + 7);
    const back = longEnough.DestinationRecoveryPointArn ?? "";
    expect(await held(source)).toContain(back);
    expect(await created(source, back)).toEqual(await created(destination, away));
  });
});
