// AWS Budgets, of which moto has the half that makes budgets: those who are told, tags and changes are added here.
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Budgets.html
import { AwsError, json, jsonBody, type Service } from "../service";

interface Notification {
  NotificationType: string;
  Threshold: number;
  [setting: string]: unknown;
}
interface Budget {
  settings: { BudgetName: string; [setting: string]: unknown };
  tags: { Key: string; Value: string }[];
  notifications: { notification: Notification; subscribers: unknown[] }[];
}
interface Input {
  AccountId: string;
  BudgetName: string;
  Budget: Budget["settings"];
  NewBudget: Budget["settings"];
  Notification: Notification;
  Subscribers: unknown[];
  ResourceARN: string;
  ResourceTags: Budget["tags"];
  ResourceTagKeys: string[];
}

/** What AWS adds where nothing is said (API reference, CostTypes and TimePeriod). */
const DEFAULTS = {
  CostTypes: {
    ...{ IncludeCredit: true, IncludeDiscount: true, IncludeOtherSubscription: true, IncludeRecurring: true },
    ...{ IncludeRefund: true, IncludeSubscription: true, IncludeSupport: true, IncludeTax: true, IncludeUpfront: true },
    ...{ UseAmortized: false, UseBlended: false },
  },
  CalculatedSpend: { ActualSpend: { Amount: "0.0", Unit: "USD" } },
};
/** Amounts come back with a decimal point. */
const withPoint = (amount: unknown) => (/^\d+$/.test(String(amount)) ? `${amount}.0` : amount);

const isSame = (one: Notification, other: Notification) =>
  one.NotificationType === other.NotificationType && one.Threshold === other.Threshold;

export function budgets(): Service {
  const all = new Map<string, Budget>();

  return async (request) => {
    if (request.service !== "budgets") return undefined;
    const input = jsonBody<Input>(request);
    const byArn = /^arn:[\w-]+:budgets::(\d{12}):budget\/(.+)$/.exec(input.ResourceARN ?? "");
    const name = input.BudgetName ?? input.Budget?.BudgetName ?? input.NewBudget?.BudgetName ?? byArn?.[2];
    const key = `${input.AccountId ?? byArn?.[1]} ${name}`;
    if (request.action === "CreateBudget") {
      if (all.has(key)) throw new AwsError("DuplicateRecordException", `The budget ${name} exists already.`);
      all.set(key, { settings: input.Budget, tags: input.ResourceTags ?? [], notifications: [] });
      return json({});
    }
    const budget = all.get(key);
    if (!budget) throw new AwsError("NotFoundException", `Unable to get budget: ${name} - the budget doesn't exist.`);
    const told = budget.notifications.find(
      ({ notification }) => input.Notification && isSame(notification, input.Notification),
    );
    switch (request.action) {
      case "DescribeBudget": {
        const limit = budget.settings.BudgetLimit as { Amount: unknown; Unit: string } | undefined;
        const BudgetLimit = limit && { ...limit, Amount: withPoint(limit.Amount) };
        return json({ Budget: { ...DEFAULTS, ...budget.settings, BudgetLimit } });
      }
      case "UpdateBudget":
        budget.settings = input.NewBudget;
        return json({});
      case "DeleteBudget":
        all.delete(key);
        return json({});
      case "CreateNotification":
        if (told) throw new AwsError("DuplicateRecordException", "The notification exists already.");
        budget.notifications.push({ notification: input.Notification, subscribers: input.Subscribers });
        return json({});
      case "DeleteNotification":
        budget.notifications = budget.notifications.filter((entry) => entry !== told);
        return json({});
      case "DescribeNotificationsForBudget":
        return json({ Notifications: budget.notifications.map(({ notification }) => notification) });
      case "DescribeSubscribersForNotification":
        return json({ Subscribers: told?.subscribers ?? [] });
      case "ListTagsForResource":
        return json({ ResourceTags: budget.tags });
      case "TagResource": {
        const others = budget.tags.filter(({ Key }) => !input.ResourceTags.some((tag) => tag.Key === Key));
        budget.tags = [...others, ...input.ResourceTags];
        return json({});
      }
      case "UntagResource":
        budget.tags = budget.tags.filter(({ Key }) => !input.ResourceTagKeys.includes(Key));
        return json({});
      default:
        return undefined;
    }
  };
}
