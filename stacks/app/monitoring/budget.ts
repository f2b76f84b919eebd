// The stage's monthly budget: told of when most of it is spent, and when the month is going to cost more.
import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Construct } from "constructs";
import { type BudgetConfig, type StageConfig, stageNames } from "../../../config";
import type { Notifications } from "../notifications";

export interface BudgetProps {
  stage: StageConfig;
  config: BudgetConfig;
  notifications: Notifications;
}

export class Budget extends Construct {
  constructor(scope: Construct, id: string, { stage, config, notifications }: BudgetProps) {
    super(scope, id);
    const tell = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      notificationType,
      comparisonOperator: "GREATER_THAN",
      threshold,
      thresholdType: "PERCENTAGE",
      subscriberSnsTopicArns: [notifications.topic.arn],
    });
    new BudgetsBudget(this, "budget", {
      name: stageNames(stage).budget,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(config.monthlyUsd),
      limitUnit: "USD",
      // User-defined tags have this prefix, and the value after a dollar sign (AWS Cost Management user guide, budget filters).
      costFilter: [{ name: "TagKeyValue", values: [`user:redcap:stage$${stage.name}`] }],
      notification: [tell("ACTUAL", config.actualPercent), tell("FORECASTED", config.forecastPercent)],
      // AWS Budgets tries the topic at once.
      dependsOn: [notifications.policy],
    });
  }
}
