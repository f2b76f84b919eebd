// Real Terraform in the folder of one synthesized stack: plan, gate, apply exactly that plan, read and edit the state.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import { UserError } from "../command";
import { parsePlan, type TerraformPlan } from "../gate/plan";
import { ensureProviders } from "../providers/index";
import { execute, type Output, runDetached } from "./process";

/** Terraform's state, the parts that runbooks read. */
export interface TerraformState {
  version: number;
  serial: number;
  resources: {
    mode: string;
    type: string;
    name: string;
    module?: string;
    instances: { attributes: Record<string, unknown> }[];
  }[];
  outputs: Record<string, { value: unknown }>;
}

/** An import of something that exists into an address of the configuration. */
export interface Import {
  to: string;
  id: string;
}

/** A killed command leaves Terraform to finish by itself: who comes after it waits. */
const LOCK_TIMEOUT = "-lock-timeout=15m";
const PLAN_FILE = "reviewed.tfplan";
const IMPORTS_FILE = "imports.tf.json";

/** Terraform applies a plan to the very state that it was made of, and to no other. */
export class StalePlan extends UserError {}

export class StackTerraform {
  private constructor(
    readonly stack: string,
    readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * Synthesizes all stacks with the configuration as it is now, and initializes one of them.
   * @param stack its name, e.g. app-prod
   * @param workFolder where the synthesized stacks go
   */
  static async open(stack: string, workFolder: string): Promise<StackTerraform> {
    await synthesize(workFolder);
    return StackTerraform.initialize(stack, workFolder);
  }

  /** @param workFolder where the stacks are synthesized already */
  static async initialize(stack: string, workFolder: string): Promise<StackTerraform> {
    const env = { ...process.env, ...(await ensureProviders()), TF_IN_AUTOMATION: "1", TF_INPUT: "0" };
    const terraform = new StackTerraform(stack, join(workFolder, "stacks", stack), env);
    rmSync(join(terraform.folder, IMPORTS_FILE), { force: true });
    await terraform.succeed("init", "-input=false", "-no-color", "-reconfigure");
    return terraform;
  }

  /**
   * Plans, with imports if any, into a file that `apply` carries out.
   * @param flags of `terraform plan`, such as -destroy
   *
   * A plan that prevent_destroy stopped is returned like any other, for the gate to read.
   */
  async plan(imports: Import[] = [], flags: string[] = []): Promise<TerraformPlan> {
    const importsFile = join(this.folder, IMPORTS_FILE);
    rmSync(importsFile, { force: true });
    rmSync(join(this.folder, PLAN_FILE), { force: true });
    if (imports.length > 0) writeFileSync(importsFile, JSON.stringify({ import: imports }));
    const planned = await this.terraform([
      "plan",
      "-input=false",
      "-no-color",
      LOCK_TIMEOUT,
      `-out=${PLAN_FILE}`,
      ...flags,
    ]);
    if (planned.code !== 0 && !existsSync(join(this.folder, PLAN_FILE))) {
      throw new UserError(`terraform plan failed in ${this.folder}:\n${planned.stderr}`);
    }
    const plan = await this.readPlan();
    if (planned.code !== 0 && !plan.errored)
      throw new UserError(`terraform plan failed in ${this.folder}:\n${planned.stderr}`);
    return planned.code === 0 ? plan : { ...plan, error: planned.stderr.trim() };
  }

  /** Where `plan` leaves its plan, and `apply` finds it. */
  get planFile(): string {
    return join(this.folder, PLAN_FILE);
  }

  /** The plan that `apply` would carry out. */
  async readPlan(): Promise<TerraformPlan> {
    return parsePlan((await this.succeed("show", "-json", "-no-color", PLAN_FILE)).stdout);
  }

  /**
   * Applies exactly the plan that `plan` made last; `onLine` hears what Terraform says of its progress.
   * @throws StalePlan if the state has changed since then; UserError if Terraform fails
   */
  async apply(onLine?: (line: string) => void): Promise<void> {
    const applied = await this.terraform(["apply", "-input=false", "-no-color", LOCK_TIMEOUT, PLAN_FILE], onLine);
    if (applied.code !== 0 && applied.stderr.includes("Saved plan is stale"))
      throw new StalePlan(`The state of ${this.stack} has changed since this was planned; nothing of it was applied.`);
    if (applied.code !== 0) throw new UserError(`terraform apply failed in ${this.folder}:\n${applied.stderr}`);
    this.discardPlans();
  }

  /** The state, or undefined where there is none. */
  async pullState(): Promise<TerraformState | undefined> {
    const { stdout } = await this.succeed("state", "pull");
    return stdout.trim() ? (JSON.parse(stdout) as TerraformState) : undefined;
  }

  /** Outputs of the last apply, without the sensitive ones. */
  async outputs(): Promise<Record<string, unknown>> {
    const outputs = JSON.parse((await this.succeed("output", "-json")).stdout) as Record<
      string,
      { value: unknown; sensitive: boolean }
    >;
    const open = Object.entries(outputs).filter(([, { sensitive }]) => !sensitive);
    return Object.fromEntries(open.map(([name, { value }]) => [name, value]));
  }

  /** Takes addresses out of the state; what they stand for stays as it is. */
  async forget(addresses: string[]): Promise<void> {
    if (addresses.length > 0) await this.succeed("state", "rm", LOCK_TIMEOUT, ...addresses);
  }

  /**
   * The same plan against a copy of the state, so that what it would do is known before the real state changes.
   * @param forget addresses taken out of the copy first
   */
  async rehearsePlan(forget: string[], imports: Import[]): Promise<TerraformPlan> {
    const folder = `${this.folder}.rehearsal`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      cpSync(this.folder, folder, {
        recursive: true,
        filter: (source) => !source.includes(`${this.folder}/.terraform/`) && !source.endsWith(PLAN_FILE),
      });
      writeFileSync(
        join(folder, "backend_override.tf.json"),
        JSON.stringify({ terraform: { backend: { local: {} } } }),
      );
      writeFileSync(join(folder, "terraform.tfstate"), (await this.succeed("state", "pull")).stdout, { mode: 0o600 });
      const copy = new StackTerraform(this.stack, folder, this.env);
      await copy.succeed("init", "-input=false", "-no-color", "-reconfigure");
      await copy.forget(forget);
      return await copy.plan(imports);
    } finally {
      // The copy of the state holds everything that the state holds.
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Plan files hold secrets: they go as soon as they were applied or judged. */
  discardPlans(): void {
    for (const file of [PLAN_FILE, IMPORTS_FILE]) rmSync(join(this.folder, file), { force: true });
    rmSync(`${this.folder}.rehearsal`, { recursive: true, force: true });
  }

  private terraform(args: string[], onLine?: (line: string) => void): Promise<Output> {
    return runDetached("terraform", args, { cwd: this.folder, env: this.env, ...(onLine && { onLine }) });
  }

  private async succeed(...args: string[]): Promise<Output> {
    const output = await this.terraform(args);
    if (output.code !== 0) throw new UserError(`terraform ${args[0]} failed in ${this.folder}:\n${output.stderr}`);
    return output;
  }
}

/** Writes every stack's configuration below a folder. @throws UserError with what the configuration lacks */
export async function synthesize(workFolder: string): Promise<void> {
  mkdirSync(workFolder, { recursive: true, mode: 0o700 });
  const { code, stderr } = await execute(process.execPath, ["--require", "tsx/cjs", "main.ts"], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, CDKTF_OUTDIR: workFolder },
  });
  if (code !== 0) throw new UserError(`The stacks cannot be synthesized:\n${stderr}`);
}

const OWN_FOLDER = "redcap-deploy-";
/** Longer than any apply: Terraform outlives a command that was killed, and works on in its folder. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/** What killed commands left: plans, with their secrets. Folders of other users cannot be removed, and are left to them. */
export function removeLeftFolders(parent = tmpdir(), now = Date.now()): void {
  for (const name of readdirSync(parent).filter((one) => one.startsWith(OWN_FOLDER))) {
    const folder = join(parent, name);
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats?.uid === process.getuid?.() && stats && now - stats.mtimeMs > LEFT_BEHIND_MS)
      rmSync(folder, { recursive: true, force: true });
  }
}

/** Works in a folder of its own, which goes afterwards: what is synthesized may name what others need not know. */
export async function withSynthesized<T>(work: (folder: string) => Promise<T>): Promise<T> {
  removeLeftFolders();
  const folder = mkdtempSync(join(tmpdir(), OWN_FOLDER));
  try {
    await synthesize(folder);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the state has something at this address, and its id. */
export function idInState(state: TerraformState | undefined, address: string): string | undefined {
  const [type, name] = address.split(".");
  const found = state?.resources.find(
    (entry) => entry.mode === "managed" && entry.type === type && entry.name === name,
  );
  return found?.instances[0]?.attributes.id as string | undefined;
}
