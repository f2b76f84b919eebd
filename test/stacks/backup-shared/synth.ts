// Synthesizes the backup stacks of the sample configuration, changed as a test wants, into plain objects.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { BACKUP_DESTINATION_STACK, type Deployment, stageNames, validate } from "../../../config";
import type { DeploymentInput } from "../../../config/schema/deployment";
import { BackupDestinationStack } from "../../../stacks/backup-destination";
import { BackupSourceStack } from "../../../stacks/backup-source";
import sample from "../../../stages.sample";

export type Body = Record<string, unknown>;

export interface Statement {
  sid: string;
  effect?: string;
  principals?: { type: string; identifiers: string[] }[];
  actions: string[];
  resources?: string[];
  condition?: { test: string; variable: string; values: string[] }[];
}

interface StackJson {
  resource: Record<string, Record<string, Body>>;
  data: Record<string, Record<string, Body>>;
  output?: Record<string, Body>;
  terraform: Body;
}

export class SynthesizedStack {
  constructor(readonly json: StackJson) {}

  /** Every resource of a type. */
  all(type: string): Body[] {
    return Object.values(this.json.resource[type] ?? {});
  }

  /** The one resource of a type. */
  only(type: string): Body {
    const found = this.all(type);
    if (found.length !== 1) throw new Error(`${found.length} of ${type}, expected one`);
    return found[0] as Body;
  }

  /** How many resources of each type there are. */
  counts(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.json.resource).map(([type, entries]) => [type, Object.keys(entries).length]),
    );
  }

  /** The statements behind a policy argument such as `${data.aws_iam_policy_document.x.json}`. */
  statements(reference: unknown): Statement[] {
    const id = /^\$\{data\.aws_iam_policy_document\.([\w-]+)\.json\}$/.exec(String(reference))?.[1];
    const document = this.json.data.aws_iam_policy_document?.[id ?? ""];
    if (!document) throw new Error(`${reference} is no policy document of this stack`);
    return document.statement as Statement[];
  }

  /** Every statement of every policy of the stack. */
  allStatements(): Statement[] {
    return Object.values(this.json.data.aws_iam_policy_document ?? {}).flatMap(
      (document) => document.statement as Statement[],
    );
  }
}

/** The sample, changed. @throws ConfigurationError */
export function configuration(change: (input: DeploymentInput) => void = () => undefined): Deployment {
  const input = structuredClone(sample);
  change(input);
  return validate(input);
}

/** Input of the sample's prod stage and its backup, for changing. */
export function prodOf(input: DeploymentInput) {
  const stage = input.stages.find(({ name }) => name === "prod");
  if (!stage?.backup.enabled || !input.backupDestination) throw new Error("the sample has changed");
  return { stage, backup: stage.backup, destination: input.backupDestination };
}

export function synthSource(change?: (input: DeploymentInput) => void): SynthesizedStack {
  const config = configuration(change);
  const stage = config.stages.find(({ name }) => name === "prod");
  if (!stage?.backup.enabled) throw new Error("prod has no backup");
  const { backup } = stage;
  const id = stageNames(stage).backupSourceStack;
  return synth(id, (app) => {
    new BackupSourceStack(app, id, { stage, backup, backupDestination: config.backupDestination });
  });
}

export function synthDestination(change?: (input: DeploymentInput) => void): SynthesizedStack {
  const { backupDestination, stages } = configuration(change);
  if (!backupDestination) throw new Error("no destination");
  return synth(BACKUP_DESTINATION_STACK, (app) => {
    new BackupDestinationStack(app, BACKUP_DESTINATION_STACK, { backupDestination, stages });
  });
}

function synth(id: string, add: (app: App) => void): SynthesizedStack {
  const outdir = mkdtempSync(join(tmpdir(), "redcap-synth-"));
  try {
    const app = new App({ outdir });
    add(app);
    app.synth();
    return new SynthesizedStack(JSON.parse(readFileSync(join(outdir, "stacks", id, "cdk.tf.json"), "utf8")));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
