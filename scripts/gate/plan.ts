// A Terraform plan as `terraform show -json` prints it: the parts that are judged.

import { z } from "zod";

const changeAction = z.enum(["no-op", "create", "read", "update", "delete", "forget"]);
export type ChangeAction = z.infer<typeof changeAction>;

const change = z.looseObject({
  actions: z.array(changeAction).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** Attributes whose value is known only after the apply: true in the places of those values. */
  after_unknown: z.unknown().optional(),
  /** True, or true in the places of values that must not be shown. */
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  /** Paths of the attributes that force a replacement. */
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
  importing: z.looseObject({ id: z.string().optional() }).optional(),
});

const resourceChange = z.looseObject({
  address: z.string(),
  /** Its address before, where a `moved` block changed it. */
  previous_address: z.string().optional(),
  mode: z.enum(["managed", "data"]),
  type: z.string(),
  name: z.string(),
  /** Key of an object that a failed replacement left behind at this address. */
  deposed: z.string().optional(),
  change,
  action_reason: z.string().optional(),
});
export type ResourceChange = z.infer<typeof resourceChange>;

/** An expression of the configuration: its constant, or what it refers to; blocks are lists of such. */
const configuredResource = z.looseObject({
  address: z.string(),
  expressions: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Terraform's own description: JSON output format, "Plan representation". Within a major version fields are only added,
 * so what is not read here is let through; an action that is not known here is refused, since nothing could judge it.
 */
const terraformPlan = z.looseObject({
  format_version: z.string().regex(/^1\./, "only major version 1 of the format is known"),
  resource_changes: z.array(resourceChange).optional(),
  /** What was changed outside Terraform since its last apply, as the refresh found it. */
  resource_drift: z.array(resourceChange).optional(),
  output_changes: z.record(z.string(), z.looseObject({ actions: z.array(changeAction) })).optional(),
  configuration: z
    .looseObject({ root_module: z.looseObject({ resources: z.array(configuredResource).optional() }).optional() })
    .optional(),
  /** True where the plan was stopped, e.g. by prevent_destroy; what it would have done is listed all the same. */
  errored: z.boolean().optional(),
  /** Terraform's own words then; not from Terraform's JSON, but added by whoever ran it. */
  error: z.string().optional(),
});
export type TerraformPlan = z.infer<typeof terraformPlan>;

/** Every plan has one of them, and no state: a state would look like a plan that changes nothing. */
const PLAN_PARTS = ["planned_values", "configuration", "resource_changes"];

/** @throws Error if the text is no plan, or one of a kind that cannot be judged; it says which part */
export function parsePlan(text: string): TerraformPlan {
  const json: unknown = JSON.parse(text);
  const parsed = terraformPlan.safeParse(json);
  if (parsed.success) {
    if (PLAN_PARTS.some((part) => part in parsed.data)) return parsed.data;
    throw new Error("this is the JSON of a state, not of a plan: give terraform show -json the plan's file.");
  }
  if (typeof json === "object" && json !== null && "verdict" in json)
    throw new Error("this is a review that was made elsewhere: give it with --review.");
  const [issue] = parsed.error.issues;
  throw new Error(
    `this is not the JSON that terraform show -json prints of a plan: ${issue?.path.join(".")}: ${issue?.message}.`,
  );
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
