// Real Terraform with the real provider, and no AWS: plans are applied to a state file only, by taking what was planned
// for what came to be. What the provider would compute is made up; what it compares, and what forces a replacement, is real.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parsePlan, type ResourceChange, type TerraformPlan } from "../../../scripts/gate/plan";
import { ensureProviders } from "../../../scripts/providers/index";

type Body = Record<string, unknown>;
/** A synthesized stack: what a test changes in it is what a pull request changes. */
export interface Synthesized {
  resource: Record<string, Record<string, Body>>;
  data?: Record<string, Record<string, Body>>;
  provider: { aws: Body[] };
  terraform: Body;
  locals?: Body;
  [key: string]: unknown;
}

const OFFLINE = {
  skip_credentials_validation: true,
  skip_metadata_api_check: "true",
  skip_region_validation: true,
  skip_requesting_account_id: true,
};
/** Rounds until nothing is left to change: names first, then what refers to them. */
const ROUNDS = 3;

export class OfflineStack {
  private constructor(
    readonly folder: string,
    private readonly original: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param synthesized the stack's cdk.tf.json */
  static async create(folder: string, synthesized: string): Promise<OfflineStack> {
    const env = {
      ...process.env,
      ...(await ensureProviders()),
      AWS_ACCESS_KEY_ID: "none",
      AWS_SECRET_ACCESS_KEY: "none",
    };
    mkdirSync(folder, { recursive: true });
    const stack = new OfflineStack(folder, offline(readFileSync(synthesized, "utf8")), env);
    stack.write(() => {});
    stack.terraform("init", "-input=false");
    return stack;
  }

  /** The plan of a change to the synthesized stack; a plan that Terraform stopped is one, too. */
  plan(change: (stack: Synthesized) => void = () => {}): TerraformPlan {
    this.write(change);
    try {
      this.terraform("plan", "-refresh=false", "-input=false", "-out=plan");
    } catch {
      // prevent_destroy: the plan is saved all the same.
    }
    const json = this.terraform("show", "-json", "plan");
    writeFileSync(join(this.folder, "plan.json"), json);
    return parsePlan(json);
  }

  /** Plans and takes for applied until nothing is left. @returns the first plan, and what is left */
  converge(): { first: TerraformPlan; left: string[] } {
    let first: TerraformPlan | undefined;
    for (let round = 0; ; round++) {
      // What is only known in a later round may replace what came to be in an earlier one.
      const plan = this.plan(withoutPreventDestroy);
      if (plan.errored) throw new Error(`Round ${round} in ${this.folder} ended with an error.`);
      first ??= plan;
      const changes = (plan.resource_changes ?? []).filter(({ mode }) => mode === "managed");
      const left = changes.filter(({ change }) => change.actions.join() !== "no-op");
      if (left.length === 0 || round === ROUNDS) return { first, left: left.map(({ address }) => address) };
      this.writeState(changes, plan);
    }
  }

  private write(change: (stack: Synthesized) => void): void {
    const stack = JSON.parse(this.original) as Synthesized;
    change(stack);
    writeFileSync(join(this.folder, "cdk.tf.json"), JSON.stringify(stack));
  }

  private writeState(changes: ResourceChange[], plan: TerraformPlan): void {
    const schemas = new Map(
      (
        plan as unknown as {
          planned_values: { root_module: { resources: { address: string; schema_version: number }[] } };
        }
      ).planned_values.root_module.resources.map(({ address, schema_version }) => [address, schema_version]),
    );
    const resources = changes.map(({ address, type, name, change }) => ({
      mode: "managed",
      type,
      name,
      provider: `provider["registry.terraform.io/hashicorp/${type.split("_")[0]}"]`,
      instances: [
        {
          schema_version: schemas.get(address) ?? 0,
          attributes: filled(change.after, change.after_unknown, address),
          sensitive_attributes: [],
        },
      ],
    }));
    const state = { version: 4, terraform_version: "1.11.4", serial: 1, lineage: "offline", outputs: {}, resources };
    writeFileSync(join(this.folder, "terraform.tfstate"), JSON.stringify(state));
  }

  private terraform(...args: string[]): string {
    const options = {
      cwd: this.folder,
      env: this.env,
      maxBuffer: 1e9,
      stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    };
    return execFileSync("terraform", [...args, ...(args[0] === "show" ? [] : ["-no-color"])], options).toString();
  }
}

function withoutPreventDestroy({ resource }: Synthesized): void {
  for (const body of Object.values(resource).flatMap((bodies) => Object.values(bodies))) {
    if (body.lifecycle) body.lifecycle = { ...body.lifecycle, prevent_destroy: false };
  }
}

function offline(synthesized: string): string {
  // The only data source that asks AWS.
  const zones = synthesized.replace(/data\.aws_availability_zones\.\w+\.names\.(\d)/g, "local.zone$1");
  const stack = JSON.parse(zones) as Synthesized;
  delete stack.data?.aws_availability_zones;
  stack.locals = { ...stack.locals, zone0: "eu-west-2a", zone1: "eu-west-2b", zone2: "eu-west-2c" };
  stack.terraform.backend = { local: {} };
  for (const provider of stack.provider.aws) {
    Object.assign(provider, OFFLINE);
    for (const key of ["allowed_account_ids", "profile", "assume_role"]) delete provider[key];
  }
  return JSON.stringify(stack);
}

/** Made-up values of what the provider would compute. */
function filled(after: unknown, unknown: unknown, address: string): unknown {
  if (typeof after !== "object" || after === null || Array.isArray(after)) return after;
  const values = { ...(after as Body) };
  for (const [name, mark] of Object.entries((unknown ?? {}) as Body)) {
    if (mark === true) values[name] = madeUp(name, address);
  }
  return values;
}

function madeUp(name: string, address: string): unknown {
  const [type, label = ""] = address.split(".");
  if (name === "port") return 3306;
  if (name === "public_ip") return "203.0.113.7";
  if (name === "id" && type === "aws_internet_gateway") return `igw-${label}`;
  if (name === "arn") return `arn:aws:made:eu-west-2:111111111111:${label}`;
  return /^(id|key_id|hex|endpoint|name|invoke_arn|dns_name|zone_id|bucket_regional_domain_name|policy|unique_id)$|_(id|arn|name)$/.test(
    name,
  )
    ? `${label}-${name}`
    : null;
}
