// What of a plan is paid by the month. The project holds no prices, so a review names what comes, goes or is resized.
import type { ResourceChange, TerraformPlan } from "../gate/plan";
import { isDelete, isReplacement } from "../gate/plan";

/** Types that AWS bills by the hour or month while they are there, and the attributes that their price depends on. */
const PAID: Record<string, string[]> = {
  aws_apprunner_service: ["instance_configuration"],
  aws_appautoscaling_target: ["min_capacity", "max_capacity"],
  aws_cloudwatch_dashboard: [],
  aws_cloudwatch_metric_alarm: [],
  aws_ecs_task_definition: ["cpu", "memory"],
  aws_eip: [],
  aws_instance: ["instance_type"],
  aws_kms_key: [],
  aws_lb: [],
  aws_nat_gateway: [],
  aws_rds_cluster: ["serverlessv2_scaling_configuration", "backup_retention_period"],
  aws_rds_cluster_instance: ["instance_class"],
  aws_route53_zone: [],
  aws_secretsmanager_secret: [],
  aws_vpc_endpoint: ["subnet_ids"],
  aws_wafv2_web_acl: ["rule"],
};

export interface CostChanges {
  /** Numbers by type. */
  more: Record<string, number>;
  less: Record<string, number>;
  /** Addresses whose size changes. */
  resized: string[];
}

export function costChanges({ resource_changes = [] }: TerraformPlan): CostChanges {
  const changes: CostChanges = { more: {}, less: {}, resized: [] };
  const count = (side: Record<string, number>, type: string) => {
    side[type] = (side[type] ?? 0) + 1;
  };
  for (const entry of resource_changes) {
    if (entry.mode !== "managed" || !(entry.type in PAID)) continue;
    const { actions } = entry.change;
    if (isReplacement(entry) || actions.includes("update")) {
      if (isResized(entry)) changes.resized.push(entry.address);
    } else if (actions.includes("create")) count(changes.more, entry.type);
    else if (isDelete(entry)) count(changes.less, entry.type);
  }
  return changes;
}

function isResized({ type, change }: ResourceChange): boolean {
  const value = (side: unknown, name: string) =>
    JSON.stringify((side as Record<string, unknown> | null)?.[name] ?? null);
  return (PAID[type] ?? []).some((name) => value(change.before, name) !== value(change.after, name));
}
