// A Terraform plan as `terraform show -json` prints it: the parts that are judged.

export type ChangeAction = "no-op" | "create" | "read" | "update" | "delete" | "forget";

export interface ResourceChange {
  address: string;
  mode: "managed" | "data";
  type: string;
  name: string;
  /** Key of an object that a failed replacement left behind at this address. */
  deposed?: string;
  change: {
    actions: ChangeAction[];
    before: unknown;
    after: unknown;
    /** Attributes whose value is known only after the apply. */
    after_unknown?: unknown;
    /** Paths of the attributes that force a replacement. */
    replace_paths?: (string | number)[][];
    importing?: { id: string };
  };
  action_reason?: string;
}

export interface TerraformPlan {
  format_version: string;
  resource_changes?: ResourceChange[];
  output_changes?: Record<string, { actions: ChangeAction[] }>;
  /** True where the plan was stopped, e.g. by prevent_destroy; what it would have done is listed all the same. */
  errored?: boolean;
  /** Terraform's own words then. */
  error?: string;
}

/** @throws Error if the text is no plan */
export function parsePlan(text: string): TerraformPlan {
  const plan = JSON.parse(text) as Partial<TerraformPlan>;
  if (typeof plan.format_version !== "string")
    throw new Error('This is not the JSON of a Terraform plan: "format_version" is missing.');
  return plan as TerraformPlan;
}

export const isDelete = ({ change }: ResourceChange): boolean => change.actions.includes("delete");
export const isReplacement = (entry: ResourceChange): boolean =>
  isDelete(entry) && entry.change.actions.includes("create");

/** Changes that an apply would carry out: resources (imports, too) and outputs. */
export function countChanges(plan: TerraformPlan): number {
  const acts = (actions: ChangeAction[]) => actions.some((action) => action !== "no-op" && action !== "read");
  const resources = (plan.resource_changes ?? []).filter(
    ({ mode, change }) => mode === "managed" && (acts(change.actions) || change.importing),
  );
  const outputs = Object.values(plan.output_changes ?? {}).filter(({ actions }) => acts(actions));
  return resources.length + outputs.length;
}

/** Addresses of the resources that an apply would change. */
export function changedAddresses(plan: TerraformPlan): string[] {
  return (plan.resource_changes ?? [])
    .filter(
      ({ mode, change }) =>
        mode === "managed" && !change.actions.every((action) => action === "no-op" || action === "read"),
    )
    .map(({ address, change }) => `${address} (${change.actions.join("/")})`);
}

/** What an apply would do, each resource in one of four lists. */
export interface PlanSummary {
  create: string[];
  update: string[];
  replace: string[];
  destroy: string[];
}

export function summarize({ resource_changes = [] }: TerraformPlan): PlanSummary {
  const managed = resource_changes.filter(({ mode }) => mode === "managed");
  const addresses = (belongs: (entry: ResourceChange) => boolean) =>
    managed.filter(belongs).map(({ address }) => address);
  return {
    create: addresses((entry) => entry.change.actions.includes("create") && !isDelete(entry)),
    update: addresses((entry) => entry.change.actions.includes("update")),
    replace: addresses(isReplacement),
    destroy: addresses((entry) => isDelete(entry) && !isReplacement(entry)),
  };
}
