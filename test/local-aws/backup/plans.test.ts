// Backup plans, frameworks, report plans and restore testing plans over the wire, as the SDK sees them.

import {
  CreateBackupPlanCommand,
  type CreateBackupPlanCommandInput,
  CreateFrameworkCommand,
  CreateReportPlanCommand,
  CreateRestoreTestingPlanCommand,
  DeleteBackupPlanCommand,
  DeleteFrameworkCommand,
  DescribeFrameworkCommand,
  DescribeReportPlanCommand,
  GetBackupPlanCommand,
  GetBackupSelectionCommand,
  GetRestoreTestingPlanCommand,
  ListBackupPlansCommand,
  ListBackupPlanVersionsCommand,
  ListTagsCommand,
  UpdateBackupPlanCommand,
  UpdateRestoreTestingPlanCommand,
} from "@aws-sdk/client-backup";
import { type ServedBackup, serveBackup } from "./serve";

let served: ServedBackup;
beforeEach(async () => {
  served = await serveBackup();
});
afterEach(() => served.stop());

type Lifecycle = { DeleteAfterDays?: number; MoveToColdStorageAfterDays?: number };
const DESTINATION = "arn:aws:backup:eu-west-2:222222222222:backup-vault:destination";

function planWith(lifecycle: Lifecycle, copyLifecycle: Lifecycle = { DeleteAfterDays: 90 }) {
  return {
    BackupPlanName: "redcap",
    Rules: [
      {
        RuleName: "daily",
        TargetBackupVaultName: "redcap",
        ScheduleExpression: "cron(0 2 * * ? *)",
        Lifecycle: lifecycle,
        CopyActions: [{ DestinationBackupVaultArn: DESTINATION, Lifecycle: copyLifecycle }],
      },
    ],
  } satisfies CreateBackupPlanCommandInput["BackupPlan"];
}

const create = (BackupPlan: CreateBackupPlanCommandInput["BackupPlan"]) =>
  served.backup.send(new CreateBackupPlanCommand({ BackupPlan, BackupPlanTags: { Stage: "prod" } }));

describe("plan", () => {
  test("is given back with ids and defaults", async () => {
    const { BackupPlanId, BackupPlanArn, VersionId } = await create(planWith({ DeleteAfterDays: 35 }));
    const plan = await served.backup.send(new GetBackupPlanCommand({ BackupPlanId }));
    expect(plan).toMatchObject({ BackupPlanArn, VersionId, CreationDate: expect.any(Date) });
    expect(plan.BackupPlan?.Rules?.[0]).toMatchObject({
      RuleId: expect.any(String),
      Lifecycle: { DeleteAfterDays: 35 },
      CopyActions: [{ DestinationBackupVaultArn: DESTINATION, Lifecycle: { DeleteAfterDays: 90 } }],
      ScheduleExpressionTimezone: "Etc/UTC",
    });
    expect((await served.backup.send(new ListTagsCommand({ ResourceArn: BackupPlanArn }))).Tags).toEqual({
      Stage: "prod",
    });
  });

  test("an update is a new version; older ones stay readable", async () => {
    const { BackupPlanId, VersionId: first } = await create(planWith({ DeleteAfterDays: 35 }));
    const BackupPlan = planWith({ DeleteAfterDays: 40 });
    const { VersionId: second } = await served.backup.send(new UpdateBackupPlanCommand({ BackupPlanId, BackupPlan }));
    expect(second).not.toBe(first);
    const days = async (VersionId?: string) =>
      (await served.backup.send(new GetBackupPlanCommand({ BackupPlanId, VersionId }))).BackupPlan?.Rules?.[0]
        ?.Lifecycle?.DeleteAfterDays;
    expect([await days(), await days(first)]).toEqual([40, 35]);
    const versions = await served.backup.send(new ListBackupPlanVersionsCommand({ BackupPlanId }));
    expect(versions.BackupPlanVersionsList?.map((one) => one.VersionId)).toEqual([first, second]);
  });

  test("is gone once deleted", async () => {
    const { BackupPlanId } = await create(planWith({}));
    await served.backup.send(new DeleteBackupPlanCommand({ BackupPlanId }));
    const read = served.backup.send(new GetBackupPlanCommand({ BackupPlanId }));
    await expect(read).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect((await served.backup.send(new ListBackupPlansCommand({}))).BackupPlansList).toEqual([]);
  });

  test.each([
    ["rule", { MoveToColdStorageAfterDays: 30, DeleteAfterDays: 119 }, {}],
    ["copy", {}, { MoveToColdStorageAfterDays: 1, DeleteAfterDays: 90 }],
  ])("cold storage lasts 90 days at least: %s", async (_where, lifecycle, copyLifecycle) => {
    await expect(create(planWith(lifecycle, copyLifecycle))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message:
        "Error in some rules due to : Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from " +
        "MoveToColdStorageAfterDays",
    });
  });

  test("exactly 90 days are taken", async () => {
    const lifecycle = { MoveToColdStorageAfterDays: 30, DeleteAfterDays: 120 };
    await expect(create(planWith(lifecycle, lifecycle))).resolves.toBeDefined();
  });

  test("a selection of a missing plan is told in the words the provider looks for", async () => {
    const read = served.backup.send(new GetBackupSelectionCommand({ BackupPlanId: "none", SelectionId: "none" }));
    await expect(read).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringContaining("Cannot find Backup plan"),
    });
  });
});

describe("documents", () => {
  test("framework", async () => {
    const FrameworkControls = [{ ControlName: "BACKUP_RECOVERY_POINT_ENCRYPTED" }];
    const FrameworkName = "redcap";
    await served.backup.send(new CreateFrameworkCommand({ FrameworkName, FrameworkControls }));
    const read = () => served.backup.send(new DescribeFrameworkCommand({ FrameworkName }));
    expect(await read()).toMatchObject({
      FrameworkControls,
      DeploymentStatus: "COMPLETED",
      CreationTime: expect.any(Date),
    });
    await served.backup.send(new DeleteFrameworkCommand({ FrameworkName }));
    await expect(read()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("report plan", async () => {
    const ReportSetting = { ReportTemplate: "BACKUP_JOB_REPORT" };
    const ReportDeliveryChannel = { S3BucketName: "reports" };
    const input = { ReportPlanName: "redcap", ReportSetting, ReportDeliveryChannel };
    await served.backup.send(new CreateReportPlanCommand(input));
    const { ReportPlan } = await served.backup.send(new DescribeReportPlanCommand({ ReportPlanName: "redcap" }));
    expect(ReportPlan).toMatchObject({ ReportSetting, ReportDeliveryChannel, DeploymentStatus: "COMPLETED" });
  });

  test("restore testing plan: defaults, and an update that keeps what it does not name", async () => {
    const RestoreTestingPlanName = "weekly";
    const RecoveryPointSelection = {
      Algorithm: "LATEST_WITHIN_WINDOW" as const,
      IncludeVaults: ["*"],
      RecoveryPointTypes: ["SNAPSHOT" as const],
    };
    const ScheduleExpression = "cron(0 5 ? * SUN *)";
    const RestoreTestingPlan = { RestoreTestingPlanName, ScheduleExpression, RecoveryPointSelection };
    await served.backup.send(new CreateRestoreTestingPlanCommand({ RestoreTestingPlan }));
    await served.backup.send(
      new UpdateRestoreTestingPlanCommand({ RestoreTestingPlanName, RestoreTestingPlan: { StartWindowHours: 5 } }),
    );
    const read = await served.backup.send(new GetRestoreTestingPlanCommand({ RestoreTestingPlanName }));
    expect(read.RestoreTestingPlan).toMatchObject({
      ScheduleExpression,
      ScheduleExpressionTimezone: "Etc/UTC",
      StartWindowHours: 5,
      RecoveryPointSelection: { ...RecoveryPointSelection, ExcludeVaults: [], SelectionWindowDays: 30 },
    });
  });
});
