// What a plan changes of the monthly bill: in dollars where a thing costs the same whether used or not, else in numbers.
import type { ResourceChange, TerraformPlan } from "../gate/plan";
import { isDelete, isReplacement } from "../gate/plan";

/** Where and when the prices were looked up: AWS's price pages, on demand. Other regions cost up to 30 % more. */
export const PRICES_OF = "us-east-1, November 2026";
const HOURS = 730;

type Values = Record<string, unknown>;
interface Paid {
  /** Attributes that the price depends on. */
  size?: string[];
  /** Dollars a month that it costs without any use; undefined while its size is not known. Left out: no figure at hand. */
  standing?: (values: Values) => number | undefined;
}

const monthly = (dollars: number): Paid => ({ standing: () => dollars });
const hourly = (dollars: number): Paid => monthly(dollars * HOURS);
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const PAID: Record<string, Paid> = {
  aws_apprunner_service: { size: ["instance_configuration"] },
  aws_appautoscaling_target: { size: ["min_capacity", "max_capacity"] },
  aws_cloudwatch_dashboard: monthly(3),
  aws_cloudwatch_metric_alarm: monthly(0.1),
  aws_ecs_task_definition: { size: ["cpu", "memory"] },
  aws_eip: hourly(0.005),
  aws_instance: { size: ["instance_type"] },
  aws_kms_key: monthly(1),
  aws_lb: hourly(0.0225),
  aws_nat_gateway: hourly(0.045),
  aws_rds_cluster: { size: ["serverlessv2_scaling_configuration", "backup_retention_period"] },
  aws_rds_cluster_instance: { size: ["instance_class"] },
  aws_route53_zone: monthly(0.5),
  aws_secretsmanager_secret: monthly(0.4),
  aws_vpc_endpoint: {
    // Gateway endpoints are free; of the others each zone is paid.
    standing: ({ vpc_endpoint_type: type, subnet_ids: zones }) => {
      if (type !== "Interface") return 0;
      return zones === undefined ? undefined : 0.01 * HOURS * count(zones);
    },
  },
  aws_wafv2_web_acl: { standing: ({ rule }) => 5 + count(rule) },
};

export interface CostChanges {
  /** Dollars a month that come or, below zero, go, of what costs without any use. */
  standingUsd: number;
  /** Numbers by type, of what comes and what goes, with a figure or without. */
  more: Record<string, number>;
  less: Record<string, number>;
  /** Addresses without a figure whose size changes. */
  resized: string[];
  /** Addresses whose size, and so whose price, is known after the apply. */
  notKnownYet: string[];
}

export function costChanges({ resource_changes = [] }: TerraformPlan): CostChanges {
  const changes: CostChanges = { standingUsd: 0, more: {}, less: {}, resized: [], notKnownYet: [] };
  const add = (side: Record<string, number>, type: string) => {
    side[type] = (side[type] ?? 0) + 1;
  };
  for (const entry of resource_changes) {
    const paid = PAID[entry.type];
    if (entry.mode !== "managed" || !paid) continue;
    const { actions, before, after } = entry.change;
    const stays = isReplacement(entry) || actions.includes("update");
    if (!stays && !actions.includes("create") && !isDelete(entry)) continue;
    if (paid.standing) {
      const dollars = (values: unknown) => (values ? paid.standing?.(values as Values) : 0);
      const [now, then] = [dollars(after), dollars(before)];
      if (now === undefined || then === undefined) changes.notKnownYet.push(entry.address);
      else changes.standingUsd += now - then;
    } else if (stays && isResized(entry, paid)) changes.resized.push(entry.address);
    if (!stays) add(actions.includes("create") ? changes.more : changes.less, entry.type);
  }
  changes.standingUsd = Math.round(changes.standingUsd * 100) / 100;
  return changes;
}

/** Whether its price is at hand: that of what is paid by use, or by the kind of an instance, is not. */
export const hasFigure = (type: string): boolean => PAID[type]?.standing !== undefined;

function isResized({ change }: ResourceChange, { size = [] }: Paid): boolean {
  const value = (side: unknown, name: string) => JSON.stringify((side as Values | null)?.[name] ?? null);
  return size.some((name) => value(change.before, name) !== value(change.after, name));
}
