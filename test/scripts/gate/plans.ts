// Small plans as `terraform show -json` of Terraform 1.11 prints them, for tests. The shapes were compared with plans of
// the real provider: blocks are lists, what is not known yet is missing from `after` and true in `after_unknown`.
import type { ChangeAction, ResourceChange, TerraformPlan } from "../../../scripts/gate/plan";

type Values = Record<string, unknown>;

interface Options extends Partial<Omit<ResourceChange, "change">> {
  unknown?: Values;
  sensitive?: Values;
  replacePaths?: (string | number)[][];
  importing?: { id: string };
}

function change(
  address: string,
  actions: ChangeAction[],
  before: Values | null,
  after: Values | null,
  options: Options = {},
): ResourceChange {
  const { unknown = {}, sensitive = {}, replacePaths, importing, ...more } = options;
  const [type = "", name = ""] = address.replace(/^data\./, "").split(".");
  return {
    address,
    mode: address.startsWith("data.") ? "data" : "managed",
    type,
    name: name.replace(/\[.*/, ""),
    provider_name: "registry.terraform.io/hashicorp/aws",
    change: {
      actions,
      before,
      after,
      after_unknown: after ? unknown : {},
      before_sensitive: before ? sensitive : false,
      after_sensitive: after ? sensitive : false,
      ...(replacePaths && { replace_paths: replacePaths }),
      ...(importing && { importing }),
    },
    ...more,
  };
}

export const create = (address: string, after: Values, options?: Options) =>
  change(address, ["create"], null, after, options);
export const update = (address: string, before: Values, after: Values, options?: Options) =>
  change(address, ["update"], before, after, options);
export const destroy = (address: string, before: Values = {}, options?: Options) =>
  change(address, ["delete"], before, null, options);
export const replace = (address: string, before: Values, after: Values, options?: Options) =>
  change(address, ["delete", "create"], before, after, options);
export const forget = (address: string, before: Values = {}) => change(address, ["forget"], before, null);
export const keep = (address: string, values: Values = {}, options?: Options) =>
  change(address, ["no-op"], values, values, options);
export const read = (address: string, after: Values, unknown: Values) =>
  change(address, ["read"], null, after, { unknown, action_reason: "read_because_config_unknown" });

export const plan = (changes: ResourceChange[], more: Partial<TerraformPlan> = {}): TerraformPlan => ({
  format_version: "1.2",
  terraform_version: "1.11.4",
  resource_changes: changes,
  ...more,
});

/** The configuration's part that says what an attribute refers to, and which accounts are the provider's own. */
export const configuration = (references: Record<string, Record<string, string[]>>, accounts: string[] = []) => ({
  provider_config: { aws: { expressions: { allowed_account_ids: { constant_value: accounts } } } },
  root_module: {
    resources: Object.entries(references).map(([address, attributes]) => ({
      address,
      expressions: Object.fromEntries(Object.entries(attributes).map(([name, references]) => [name, { references }])),
    })),
  },
});

interface StatementInput {
  Sid?: string;
  Effect?: "Allow" | "Deny";
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  Principal?: unknown;
  Condition?: unknown;
}

export const policy = (...statements: StatementInput[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((one) => ({ Effect: "Allow", ...one })),
  });
