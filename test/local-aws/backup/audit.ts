// AWS Backup Audit Manager: frameworks and report plans, stored only.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-audit-manager.html

import type { FrameworkControl, ReportDeliveryChannel, ReportPlan, ReportSetting } from "@aws-sdk/client-backup";
import { Documents } from "./documents";
import { page } from "./paging";
import type { Handlers } from "./protocol";
import type { BackupState, NamedDocument } from "./state";

interface FrameworkContent {
  FrameworkDescription?: string | undefined;
  FrameworkControls?: FrameworkControl[] | undefined;
}

interface ReportPlanContent {
  ReportPlanDescription?: string | undefined;
  ReportDeliveryChannel?: ReportDeliveryChannel | undefined;
  ReportSetting?: ReportSetting | undefined;
}

export function auditHandlers(state: BackupState): Handlers {
  const frameworks = new Documents<FrameworkContent>(state, "framework");
  const reportPlans = new Documents<ReportPlanContent>(state, "report-plan");
  const framework = ({ name, arn, creationTime, content }: NamedDocument<FrameworkContent>) => ({
    FrameworkName: name,
    FrameworkArn: arn,
    CreationTime: creationTime,
    DeploymentStatus: "COMPLETED",
    FrameworkStatus: "ACTIVE",
    ...content,
  });
  const reportPlan = ({ name, arn, creationTime, content }: NamedDocument<ReportPlanContent>): ReportPlan => ({
    ReportPlanName: name,
    ReportPlanArn: arn,
    CreationTime: creationTime,
    DeploymentStatus: "COMPLETED",
    ...content,
  });

  return {
    CreateFramework: ({ FrameworkName = "", FrameworkTags, FrameworkDescription, FrameworkControls }, { account }) => {
      const content = { FrameworkDescription, FrameworkControls };
      const { name, arn } = frameworks.create(account, FrameworkName, content, FrameworkTags);
      return { FrameworkName: name, FrameworkArn: arn };
    },
    DescribeFramework: (input, { account }) => framework(frameworks.get(account, input.FrameworkName)),
    UpdateFramework: ({ FrameworkName, FrameworkDescription, FrameworkControls }, { account }) => {
      const content = { FrameworkDescription, FrameworkControls };
      const { name, arn, creationTime } = frameworks.update(account, FrameworkName, content);
      return { FrameworkName: name, FrameworkArn: arn, CreationTime: creationTime };
    },
    DeleteFramework: (input, { account }) => {
      frameworks.delete(account, input.FrameworkName);
      return {};
    },
    ListFrameworks: (input, { account }) => {
      const { items, nextToken } = page(frameworks.list(account), input);
      const list = items.map((document) => {
        const { FrameworkControls: controls = [], ...rest } = framework(document);
        return { ...rest, NumberOfControls: controls.length };
      });
      return { Frameworks: list, NextToken: nextToken };
    },

    CreateReportPlan: (input, { account }) => {
      const {
        ReportPlanName = "",
        ReportPlanTags,
        ReportPlanDescription,
        ReportDeliveryChannel,
        ReportSetting,
      } = input;
      const content = { ReportPlanDescription, ReportDeliveryChannel, ReportSetting };
      const { name, arn, creationTime } = reportPlans.create(account, ReportPlanName, content, ReportPlanTags);
      return { ReportPlanName: name, ReportPlanArn: arn, CreationTime: creationTime };
    },
    DescribeReportPlan: (input, { account }) => ({
      ReportPlan: reportPlan(reportPlans.get(account, input.ReportPlanName)),
    }),
    UpdateReportPlan: (input, { account }) => {
      const { ReportPlanName, ReportPlanDescription, ReportDeliveryChannel, ReportSetting } = input;
      const content = { ReportPlanDescription, ReportDeliveryChannel, ReportSetting };
      const { name, arn, creationTime } = reportPlans.update(account, ReportPlanName, content);
      return { ReportPlanName: name, ReportPlanArn: arn, CreationTime: creationTime };
    },
    DeleteReportPlan: (input, { account }) => {
      reportPlans.delete(account, input.ReportPlanName);
      return {};
    },
    ListReportPlans: (input, { account }) => {
      const { items, nextToken } = page(reportPlans.list(account), input);
      return { ReportPlans: items.map(reportPlan), NextToken: nextToken };
    },
  };
}
