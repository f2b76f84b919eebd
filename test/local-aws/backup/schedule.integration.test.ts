// Schedules with their copies, notifications, the organization's settings, and policies of vaults.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  BackupClient,
  CreateBackupPlanCommand,
  CreateBackupSelectionCommand,
  DeleteBackupPlanCommand,
  DeleteRecoveryPointCommand,
  DescribeGlobalSettingsCommand,
  DescribeRecoveryPointCommand,
  GetBackupSelectionCommand,
  GetBackupVaultAccessPolicyCommand,
  ListBackupJobsCommand,
  ListCopyJobsCommand,
  PutBackupVaultAccessPolicyCommand,
  PutBackupVaultNotificationsCommand,
  UpdateGlobalSettingsCommand,
} from "@aws-sdk/client-backup";
import { PutBucketTaggingCommand } from "@aws-sdk/client-s3";
import { CreateTopicCommand, SetTopicAttributesCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { askAdmin } from "./serve";
import {
  backUp,
  createBucket,
  REGION,
  startTwoAccounts,
  type TestAccount,
  type TwoAccounts,
  until,
} from "./two-accounts";

jest.setTimeout(120_000);
const BUCKET_ARN = "arn:aws:s3:::redcap-files";

let accounts: TwoAccounts;
let source: TestAccount;
let destination: TestAccount;

beforeAll(async () => {
  accounts = await startTwoAccounts(0.3);
  ({ source, destination } = accounts);
  await createBucket(source, "redcap-files");
  const Tagging = { TagSet: [{ Key: "Backup", Value: "daily" }] };
  await source.s3.send(new PutBucketTaggingCommand({ Bucket: "redcap-files", Tagging }));
});
afterAll(() => accounts?.stop());

test("a schedule backs up what is selected and copies it, and the vault's topic hears of failures", async () => {
  const heard: string[] = [];
  const listener = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    heard.push(Buffer.concat(chunks).toString());
    response.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const sns = new SNSClient({
    endpoint: accounts.aws.endpoint,
    region: REGION,
    credentials: accounts.aws.credentials(source.id),
  });
  try {
    const { TopicArn: SNSTopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "backup" }));
    const Endpoint = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    await sns.send(new SubscribeCommand({ TopicArn: SNSTopicArn, Protocol: "http", Endpoint }));
    const BackupVaultEvents = ["BACKUP_JOB_FAILED" as const];
    const vault = { BackupVaultName: source.vaultName };
    await source.backup.send(new PutBackupVaultNotificationsCommand({ ...vault, SNSTopicArn, BackupVaultEvents }));

    const { BackupPlanId } = await source.backup.send(
      new CreateBackupPlanCommand({
        BackupPlan: {
          BackupPlanName: "redcap",
          Rules: [
            {
              RuleName: "daily",
              TargetBackupVaultName: source.vaultName,
              Lifecycle: { DeleteAfterDays: 35 },
              CopyActions: [{ DestinationBackupVaultArn: destination.vaultArn, Lifecycle: { DeleteAfterDays: 90 } }],
            },
          ],
        },
      }),
    );
    const ListOfTags = [{ ConditionType: "STRINGEQUALS" as const, ConditionKey: "Backup", ConditionValue: "daily" }];
    const BackupSelection = { SelectionName: "tagged", IamRoleArn: source.roleArn, ListOfTags };
    const { SelectionId } = await source.backup.send(
      new CreateBackupSelectionCommand({ BackupPlanId, BackupSelection }),
    );
    const selection = await source.backup.send(new GetBackupSelectionCommand({ BackupPlanId, SelectionId }));
    expect(selection.BackupSelection).toMatchObject(BackupSelection);
    const remove = source.backup.send(new DeleteBackupPlanCommand({ BackupPlanId }));
    await expect(remove).rejects.toMatchObject({
      message: expect.stringContaining("Related backup plan selections must be deleted prior to backup"),
    });

    const run = async () => {
      const body = { account: source.id, planName: "redcap", rule: "daily" };
      const { backupJobIds } = (await askAdmin(accounts.aws.endpoint, "run-schedule", body)) as {
        backupJobIds: string[];
      };
      expect(backupJobIds).toHaveLength(1);
      return until(async () => {
        const { BackupJobs = [] } = await source.backup.send(new ListBackupJobsCommand({}));
        return BackupJobs.find((job) => job.BackupJobId === backupJobIds[0] && job.CompletionDate);
      });
    };
    const job = await run();
    expect(job).toMatchObject({ State: "COMPLETED", CreatedBy: { BackupPlanId, BackupRuleName: "daily" } });
    const copied = await until(async () => {
      const { CopyJobs = [] } = await source.backup.send(new ListCopyJobsCommand({ ByState: "COMPLETED" }));
      return CopyJobs.find((one) => one.CreatedByBackupJobId === job.BackupJobId);
    });
    const inDestination = {
      BackupVaultName: destination.vaultName,
      RecoveryPointArn: copied.DestinationRecoveryPointArn,
    };
    expect(await destination.backup.send(new DescribeRecoveryPointCommand(inDestination))).toMatchObject({
      Lifecycle: { DeleteAfterDays: 90 },
      ResourceArn: BUCKET_ARN,
      CreatedBy: { BackupPlanName: "redcap" },
    });

    // The topic's own policy must let AWS Backup publish; until it does, nothing arrives.
    const fail = () => askAdmin(accounts.aws.endpoint, "fail-next", { kind: "backup", message: "no room" });
    await fail();
    expect(await run()).toMatchObject({ State: "FAILED", StatusMessage: "no room" });
    const Principal = { Service: "backup.amazonaws.com" };
    const Statement = [{ Effect: "Allow", Principal, Action: "SNS:Publish", Resource: SNSTopicArn }];
    const AttributeValue = JSON.stringify({ Version: "2012-10-17", Statement });
    await sns.send(new SetTopicAttributesCommand({ TopicArn: SNSTopicArn, AttributeName: "Policy", AttributeValue }));
    await run();
    await fail();
    const failed = await run();
    const messages = await until(async () => {
      const found = heard.filter((text) => text.includes("AWS Backup"));
      return found.length > 0 ? found : undefined;
    });
    expect(messages).toEqual([expect.stringContaining(failed.BackupJobId ?? "")]);
    expect(messages[0]).toContain("no room");
  } finally {
    sns.destroy();
    listener.closeAllConnections();
    listener.close();
  }
});

test("only the management account changes the organization's settings", async () => {
  const settings = { GlobalSettings: { isCrossAccountBackupEnabled: "false" } };
  const update = source.backup.send(new UpdateGlobalSettingsCommand(settings));
  await expect(update).rejects.toMatchObject({ name: "AccessDeniedException" });
  const read = async () => (await source.backup.send(new DescribeGlobalSettingsCommand({}))).GlobalSettings;
  expect(await read()).toEqual({ isCrossAccountBackupEnabled: "true" });
  const credentials = accounts.aws.credentials("999999999999");
  const management = new BackupClient({ endpoint: accounts.aws.endpoint, region: REGION, credentials });
  await management.send(new UpdateGlobalSettingsCommand(settings));
  expect(await read()).toEqual({ isCrossAccountBackupEnabled: "false" });
  await management.send(new UpdateGlobalSettingsCommand({ GlobalSettings: { isCrossAccountBackupEnabled: "true" } }));
  management.destroy();
});

test("a vault's policy denies its own account, too, and is given back as it was sent", async () => {
  const { RecoveryPointArn = "" } = await backUp(destination, await createBucket(destination, "redcap-destination"));
  const vault = { BackupVaultName: destination.vaultName };
  const put = (Condition?: object) => {
    const deny = {
      Effect: "Deny",
      Principal: "*",
      Action: "backup:DeleteRecoveryPoint",
      Resource: "*",
      ...(Condition && { Condition }),
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [deny] });
    return destination.backup.send(new PutBackupVaultAccessPolicyCommand({ ...vault, Policy })).then(() => Policy);
  };
  const remove = () => destination.backup.send(new DeleteRecoveryPointCommand({ ...vault, RecoveryPointArn }));
  const sent = await put();
  expect((await destination.backup.send(new GetBackupVaultAccessPolicyCommand(vault))).Policy).toBe(sent);
  await expect(remove()).rejects.toMatchObject({ name: "AccessDeniedException" });
  await put({ ArnNotLike: { "aws:PrincipalArn": `arn:aws:iam::${destination.id}:user/local-administrator` } });
  await expect(remove()).resolves.toBeDefined();
});
