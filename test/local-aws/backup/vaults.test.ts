// Vaults, locks, policies, notifications and tags over the wire, as the SDK sees them.

import {
  CreateBackupVaultCommand,
  DeleteBackupVaultCommand,
  DeleteBackupVaultLockConfigurationCommand,
  DescribeBackupVaultCommand,
  DescribeRegionSettingsCommand,
  GetBackupVaultAccessPolicyCommand,
  GetBackupVaultNotificationsCommand,
  ListBackupVaultsCommand,
  ListTagsCommand,
  PutBackupVaultAccessPolicyCommand,
  PutBackupVaultLockConfigurationCommand,
  type PutBackupVaultLockConfigurationCommandInput,
  PutBackupVaultNotificationsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateRegionSettingsCommand,
} from "@aws-sdk/client-backup";
import { ACCOUNT, REGION, type ServedBackup, serveBackup } from "./serve";

const DAY_MS = 86_400_000;
const NAME = { BackupVaultName: "redcap" };
const ARN = `arn:aws:backup:${REGION}:${ACCOUNT}:backup-vault:redcap`;
let served: ServedBackup;

beforeEach(async () => {
  served = await serveBackup();
  await served.backup.send(new CreateBackupVaultCommand({ ...NAME, BackupVaultTags: { Owner: "redcap" } }));
});
afterEach(() => served.stop());

const describeVault = () => served.backup.send(new DescribeBackupVaultCommand(NAME));
const lock = (days: Omit<PutBackupVaultLockConfigurationCommandInput, "BackupVaultName">) =>
  served.backup.send(new PutBackupVaultLockConfigurationCommand({ ...NAME, ...days }));
const unlock = () => served.backup.send(new DeleteBackupVaultLockConfigurationCommand(NAME));

describe("vault", () => {
  test("is described as the provider reads it", async () => {
    const vault = await describeVault();
    expect(vault).toMatchObject({
      BackupVaultName: "redcap",
      BackupVaultArn: ARN,
      VaultType: "BACKUP_VAULT",
      EncryptionKeyArn: expect.stringMatching(`^arn:aws:kms:${REGION}:${ACCOUNT}:key/[0-9a-f-]{36}$`),
      CreationDate: expect.any(Date),
      NumberOfRecoveryPoints: 0,
      Locked: false,
    });
    expect(Math.abs((vault.CreationDate?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(vault.MinRetentionDays).toBeUndefined();
  });

  test("a second one of the name is refused and the first one's ARN told", async () => {
    const again = served.backup.send(new CreateBackupVaultCommand(NAME));
    await expect(again).rejects.toMatchObject({ name: "AlreadyExistsException", Arn: ARN });
  });

  test("one that is not there is answered as on AWS: access denied", async () => {
    await served.backup.send(new DeleteBackupVaultCommand(NAME));
    await expect(describeVault()).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: "Insufficient privileges to perform this action.",
    });
  });

  test("names are checked, required members too", async () => {
    const bad = served.backup.send(new CreateBackupVaultCommand({ BackupVaultName: "no blanks" }));
    await expect(bad).rejects.toMatchObject({ name: "InvalidParameterValueException" });
    const incomplete = served.backup.send(new PutBackupVaultNotificationsCommand({ ...NAME } as never));
    await expect(incomplete).rejects.toMatchObject({ name: "MissingParameterValueException" });
  });

  test("lists come in pages", async () => {
    for (const BackupVaultName of ["second", "third"]) {
      await served.backup.send(new CreateBackupVaultCommand({ BackupVaultName }));
    }
    const first = await served.backup.send(new ListBackupVaultsCommand({ MaxResults: 2 }));
    expect(first.BackupVaultList).toHaveLength(2);
    const rest = await served.backup.send(new ListBackupVaultsCommand({ NextToken: first.NextToken }));
    expect(rest.BackupVaultList?.map((vault) => vault.BackupVaultName)).toEqual(["third"]);
    expect(rest.NextToken).toBeUndefined();
  });

  test("tags", async () => {
    await served.backup.send(new TagResourceCommand({ ResourceArn: ARN, Tags: { Stage: "prod", Owner: "team" } }));
    await served.backup.send(new UntagResourceCommand({ ResourceArn: ARN, TagKeyList: ["Stage"] }));
    expect((await served.backup.send(new ListTagsCommand({ ResourceArn: ARN }))).Tags).toEqual({ Owner: "team" });
    const missing = served.backup.send(new ListTagsCommand({ ResourceArn: `${ARN}-other` }));
    await expect(missing).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("lock", () => {
  test("governance: no lock date, can be changed and removed", async () => {
    await lock({ MinRetentionDays: 7, MaxRetentionDays: 90 });
    const locked = await describeVault();
    expect(locked).toMatchObject({ Locked: true, MinRetentionDays: 7, MaxRetentionDays: 90 });
    expect(locked.LockDate).toBeUndefined();
    await served.admin("clock", { days: 40_000 });
    await lock({ MinRetentionDays: 14 });
    expect(await describeVault()).toMatchObject({ MinRetentionDays: 14 });
    await unlock();
    expect(await describeVault()).toMatchObject({ Locked: false });
  });

  test("compliance: changeable during the days of grace, then never again", async () => {
    await lock({ ChangeableForDays: 3, MinRetentionDays: 7 });
    const { LockDate } = await describeVault();
    expect(((LockDate?.getTime() ?? 0) - Date.now()) / DAY_MS).toBeCloseTo(3, 2);
    await served.admin("clock", { days: 2.9 });
    await lock({ ChangeableForDays: 3, MinRetentionDays: 14 });
    await served.admin("clock", { days: 3.1 });
    await expect(unlock()).rejects.toMatchObject({ name: "InvalidRequestException" });
    await expect(lock({ MinRetentionDays: 1 })).rejects.toMatchObject({ name: "InvalidRequestException" });
    expect(await describeVault()).toMatchObject({ Locked: true, MinRetentionDays: 14 });
  });

  test.each([
    { ChangeableForDays: 2 },
    { MinRetentionDays: 0 },
    { MaxRetentionDays: 36_501 },
    { MinRetentionDays: 91, MaxRetentionDays: 90 },
  ])("%j is refused", async (days) => {
    await expect(lock(days)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
    expect(await describeVault()).toMatchObject({ Locked: false });
  });
});

describe("policy, notifications, settings", () => {
  test("a policy that the model cannot judge is refused when it is put", async () => {
    const Policy = JSON.stringify({ Statement: [{ Effect: "Allow", NotPrincipal: "*", Action: "*", Resource: "*" }] });
    const put = served.backup.send(new PutBackupVaultAccessPolicyCommand({ ...NAME, Policy }));
    await expect(put).rejects.toMatchObject({ name: "InvalidParameterValueException" });
    const read = served.backup.send(new GetBackupVaultAccessPolicyCommand(NAME));
    await expect(read).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("notifications", async () => {
    const SNSTopicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:topic`;
    const read = () => served.backup.send(new GetBackupVaultNotificationsCommand(NAME));
    await expect(read()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    const BackupVaultEvents = ["BACKUP_JOB_FAILED" as const, "COPY_JOB_FAILED" as const];
    await served.backup.send(new PutBackupVaultNotificationsCommand({ ...NAME, SNSTopicArn, BackupVaultEvents }));
    expect(await read()).toMatchObject({ SNSTopicArn, BackupVaultEvents, BackupVaultArn: ARN });
  });

  test("region settings start without Aurora and S3, and changes are merged", async () => {
    const read = async () =>
      (await served.backup.send(new DescribeRegionSettingsCommand({}))).ResourceTypeOptInPreference ?? {};
    expect(await read()).toMatchObject({ Aurora: false, S3: false, EBS: true });
    const change = (type: string) =>
      served.backup.send(new UpdateRegionSettingsCommand({ ResourceTypeOptInPreference: { [type]: true } }));
    await change("Aurora");
    expect(await read()).toMatchObject({ Aurora: true, S3: false, EBS: true });
    await expect(change("Nonsense")).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });
});
