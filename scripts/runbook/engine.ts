// Runs a list of named steps so that a killed process, started again with the same command, finishes the job.
import { UserError } from "../command";
import type { Journal } from "./journal";
import { Progress } from "./progress";

export interface Step<Context extends RunContext> {
  /** Stable: the journal knows the step by it. */
  name: string;
  /** What it does, in a few words, with the real names. */
  title(context: Context): string;
  /** Only looks: such a step also runs in a dry run, and runs anew each time. */
  readOnly?: boolean;
  /** Why it is not needed this time. */
  skip?(context: Context): string | undefined;
  /** Looks at the world, not at the journal, whether the work is done already. */
  isDone?(context: Context): Promise<boolean>;
  /** Does it; safe to repeat after an interruption. A returned note goes into the report. */
  run(context: Context): Promise<string | undefined>;
  /** Takes it back. */
  undo?(context: Context): Promise<string | undefined>;
}

/** What the engine gives to every step. */
export class RunContext {
  readonly progress = new Progress();
  private awsMilliseconds = 0;

  /** Waits for AWS: the time is counted apart from the runbook's own. */
  async awsWait<T>(wait: () => Promise<T>): Promise<T> {
    const start = Date.now();
    try {
      return await wait();
    } finally {
      this.awsMilliseconds += Date.now() - start;
    }
  }

  takeAwsSeconds(): number {
    const seconds = this.awsMilliseconds / 1000;
    this.awsMilliseconds = 0;
    return seconds;
  }
}

export interface RunOptions<Context extends RunContext> {
  steps: Step<Context>[];
  context: Context;
  journal: Journal<object>;
  /** Print what would be done; run only the steps that look. */
  dryRun?: boolean;
  /** Called once, before the first step that changes something: the place to ask, and to keep others out. */
  beforeChanges?: () => Promise<void>;
}

/** Runs the steps that are not done. @throws whatever a step throws; the journal then holds what was done until there */
export async function runSteps<Context extends RunContext>(options: RunOptions<Context>): Promise<void> {
  const { steps, context, journal, dryRun } = options;
  let changing = false;
  for (const [index, step] of steps.entries()) {
    const label = `[${String(index + 1).padStart(2)}/${steps.length}] `;
    if (!step.readOnly && journal.isDone(step.name)) {
      console.error(`✓ ${label}${step.title(context)}: done earlier`);
      continue;
    }
    const reason = step.skip?.(context);
    if (reason) {
      console.error(`- ${label}${step.title(context)}: not needed, ${reason}`);
      continue;
    }
    if (dryRun && !step.readOnly) {
      console.error(`○ ${label}would ${step.title(context)}`);
      continue;
    }
    if (!step.readOnly && !changing) {
      await options.beforeChanges?.();
      journal.commit();
      changing = true;
    }
    await runStep(step, label, context, journal);
  }
}

async function runStep<Context extends RunContext>(
  step: Step<Context>,
  label: string,
  context: Context,
  journal: Journal<object>,
): Promise<void> {
  const start = Date.now();
  const time = () => ({ seconds: (Date.now() - start) / 1000, awsSeconds: context.takeAwsSeconds() });
  journal.begin(step.name);
  context.progress.begin(`${label}${step.title(context)}`);
  try {
    const note = (await step.isDone?.(context)) ? "found done" : await step.run(context);
    journal.add(step.name, time(), { note });
    context.progress.end("✓", note);
  } catch (error) {
    journal.add(step.name, time());
    context.progress.end("✗");
    if (error instanceof UserError) throw new UserError(`Step ${step.name}: ${error.message}`);
    throw error;
  }
}

/** The step that takes another one back, for a rollback's own list. */
export function reverse<Context extends RunContext>(
  step: Step<Context>,
  title: (context: Context) => string,
): Step<Context> {
  const { name, skip, undo } = step;
  if (!undo) throw new Error(`Step ${name} cannot be taken back.`);
  return { name: `undo-${name}`, title, ...(skip && { skip }), run: (context) => undo(context) };
}
