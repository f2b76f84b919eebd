import { documentOf, policyStatements } from "../../invariant";
import { all, byId, one, ref, synthesizeApp } from "../../synth";

const stack = synthesizeApp({ budget: { monthlyUsd: 400, forecastPercent: 120 } });
const budget = one(stack, "aws_budgets_budget");
const topicId = Object.keys(byId(stack, "aws_sns_topic")).find((id) => id.startsWith("notifications_"));

test("a budget counts what carries the stage's tag, by month, in US dollars", () => {
  expect(budget).toMatchObject({
    ...{ name: "redcap-prod", budget_type: "COST", time_unit: "MONTHLY", limit_amount: "400", limit_unit: "USD" },
    // Not `${…}`: Terraform would take that for an expression.
    cost_filter: [{ name: "TagKeyValue", values: ["user:redcap:stage$prod"] }],
  });
  const [provider] = stack.provider.aws as { default_tags: { tags: Record<string, string> }[] }[];
  expect(provider?.default_tags[0]?.tags["redcap:stage"]).toBe("prod");
});

test("tells the operators' topic when most is spent, and when the month will cost more", () => {
  const common = {
    ...{ comparison_operator: "GREATER_THAN", threshold_type: "PERCENTAGE" },
    subscriber_sns_topic_arns: [ref(`aws_sns_topic.${topicId}.arn`)],
  };
  expect(budget.notification).toEqual([
    { ...common, notification_type: "ACTUAL", threshold: 80 },
    { ...common, notification_type: "FORECASTED", threshold: 120 },
  ]);
  // It may publish there before it is made.
  const [policy] = budget.depends_on as string[];
  const document = documentOf(stack, byId(stack, "aws_sns_topic_policy")[String(policy).split(".")[1] ?? ""]?.policy);
  const publishers = policyStatements(document).flatMap(({ principals = [] }) => principals[0]?.identifiers ?? []);
  expect(publishers).toContain("budgets.amazonaws.com");
});

test("is there only where it is asked for", () => {
  expect(all(synthesizeApp(), "aws_budgets_budget")).toEqual([]);
  expect(() => synthesizeApp({ budget: { monthlyUsd: 0 } })).toThrow(/budget\.monthlyUsd/);
});
