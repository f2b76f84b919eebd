// One execution: runs a definition state by state, with retries, catchers and variables, and writes down what happens.
import { setTimeout as sleep } from "node:timers/promises";
import { AwsError } from "../service";
import type { Definition, Retrier, State } from "./definition";
import { asJson, type Bindings, evaluate } from "./expressions";

export type Status = "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED";

export interface HistoryEvent {
  id: number;
  /** Seconds since the epoch. */
  timestamp: number;
  type: string;
  /** Members such as `stateEnteredEventDetails`. */
  [details: string]: unknown;
}

export interface ExecutionOptions {
  definition: Definition;
  name: string;
  arn: string;
  input: unknown;
  /** Makes a task's call. */
  call(resource: string, input: unknown): Promise<unknown>;
  /** How many times faster waits go by, at this moment. */
  speed(): number;
}

const TICK_MILLISECONDS = 20;

export class Execution {
  status: Status = "RUNNING";
  readonly startDate = Date.now() / 1000;
  stopDate: number | undefined;
  error: string | undefined;
  cause: string | undefined;
  output: string | undefined;
  readonly history: HistoryEvent[] = [];
  private variables: Record<string, unknown> = {};
  private readonly aborted = new AbortController();

  constructor(readonly options: ExecutionOptions) {
    this.record("ExecutionStarted", { executionStartedEventDetails: { input: JSON.stringify(options.input) } });
  }

  /** Ends with the execution; never throws. */
  async run(): Promise<void> {
    let name: string | undefined = this.options.definition.StartAt;
    let input = this.options.input;
    try {
      while (name !== undefined) {
        const state: State = this.options.definition.States[name] as State;
        this.record(`${state.Type}StateEntered`, { stateEnteredEventDetails: { name, input: JSON.stringify(input) } });
        const step: Step = await this.enter(state, input);
        if (this.status !== "RUNNING") return;
        this.record(`${state.Type}StateExited`, { stateExitedEventDetails: { name } });
        ({ next: name, output: input } = step);
      }
      this.output = JSON.stringify(input);
      this.end("SUCCEEDED");
    } catch (error) {
      if (this.status !== "RUNNING") return;
      const { code = "States.Runtime", message } = error as AwsError;
      this.end("FAILED", code, message);
    }
  }

  stop(error?: string, cause?: string): void {
    if (this.status === "RUNNING") this.end("ABORTED", error, cause);
  }

  private end(status: Exclude<Status, "RUNNING">, error?: string, cause?: string): void {
    Object.assign(this, { status, error, cause, stopDate: Date.now() / 1000 });
    this.record(`Execution${status.charAt(0)}${status.slice(1).toLowerCase()}`, {
      ...(error && { [`execution${status.charAt(0)}${status.slice(1).toLowerCase()}EventDetails`]: { error, cause } }),
    });
    this.aborted.abort();
  }

  private record(type: string, details: object): void {
    this.history.push({ id: this.history.length + 1, timestamp: Date.now() / 1000, type, ...details });
  }

  private bindings(states: object): Bindings {
    const { name: Name, arn: Id, input: Input } = this.options;
    const StartTime = new Date(this.startDate * 1000).toISOString();
    return { ...this.variables, states: { ...states, context: { Execution: { Id, Name, Input, StartTime } } } };
  }

  /** All expressions see the variables as they were before (developer guide, passing data with variables). */
  private async assign(assignments: Record<string, unknown> | undefined, bindings: Bindings): Promise<void> {
    const values = (await evaluate(assignments ?? {}, bindings)) as Record<string, unknown>;
    this.variables = { ...this.variables, ...values };
  }

  private async enter(state: State, input: unknown): Promise<Step> {
    const bindings = this.bindings({ input });
    switch (state.Type) {
      case "Choice":
        for (const { Condition, Next, Assign } of state.Choices ?? []) {
          const holds = await evaluate(Condition, bindings);
          if (typeof holds !== "boolean")
            throw new AwsError("States.QueryEvaluationError", `${Condition} is not true or false.`);
          if (!holds) continue;
          await this.assign(Assign, bindings);
          return { next: Next, output: input };
        }
        if (!state.Default) throw new AwsError("States.NoChoiceMatched", "No choice matched.");
        return { next: state.Default, output: input };
      case "Wait":
        await this.wait(state, bindings);
        return this.leave(state, bindings, input);
      case "Pass":
        return this.leave(state, bindings, input);
      case "Task":
        return this.attempt(state, input);
      case "Succeed":
        return { next: undefined, output: await this.outputOf(state, bindings, input) };
      case "Fail":
        throw new AwsError(
          String(await evaluate(state.Error ?? "", bindings)),
          String(await evaluate(state.Cause ?? "", bindings)),
        );
    }
  }

  private async leave(state: State, bindings: Bindings, byDefault: unknown): Promise<Step> {
    const output = await this.outputOf(state, bindings, byDefault);
    await this.assign(state.Assign, bindings);
    return { next: state.End ? undefined : state.Next, output };
  }

  private outputOf({ Output }: { Output?: unknown }, bindings: Bindings, byDefault: unknown): Promise<unknown> {
    return Output === undefined ? Promise.resolve(byDefault) : evaluate(Output, bindings);
  }

  private async wait({ Seconds, Timestamp }: State, bindings: Bindings): Promise<void> {
    const seconds =
      Seconds === undefined
        ? (Date.parse(String(await evaluate(Timestamp, bindings))) - Date.now()) / 1000
        : Number(await evaluate(Seconds, bindings));
    if (!Number.isFinite(seconds)) throw new AwsError("States.Runtime", "Wait has no time to wait for.");
    await this.pass(seconds);
  }

  /** In small steps: the speed may change meanwhile. */
  private async pass(seconds: number): Promise<void> {
    const { signal } = this.aborted;
    for (let left = seconds * 1000; left > 0 && !signal.aborted; left -= TICK_MILLISECONDS * this.options.speed())
      await sleep(Math.min(TICK_MILLISECONDS, left), undefined, { signal }).catch(() => undefined);
  }

  private async attempt(state: State, input: unknown): Promise<Step> {
    const counts = new Map<Retrier, number>();
    for (;;) {
      try {
        const given = await evaluate(state.Arguments ?? input, this.bindings({ input }));
        this.record("TaskScheduled", { taskScheduledEventDetails: { resource: state.Resource } });
        const result = asJson(await this.options.call(state.Resource ?? "", given));
        this.record("TaskSucceeded", { taskSucceededEventDetails: { resource: state.Resource } });
        return await this.leave(state, this.bindings({ input, result }), result);
      } catch (error) {
        if (!(error instanceof AwsError) || this.status !== "RUNNING") throw error;
        const { code, message: cause } = error;
        this.record("TaskFailed", { taskFailedEventDetails: { resource: state.Resource, error: code, cause } });
        const applies = ({ ErrorEquals }: { ErrorEquals: string[] }) =>
          ErrorEquals.includes(code) || ErrorEquals.includes("States.ALL");
        const retrier = state.Retry?.find(applies);
        const count = retrier ? (counts.get(retrier) ?? 0) : 0;
        if (retrier && count < (retrier.MaxAttempts ?? 3)) {
          counts.set(retrier, count + 1);
          await this.pass((retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** count);
          continue;
        }
        const catcher = state.Catch?.find(applies);
        if (!catcher) throw error;
        const errorOutput = { Error: code, Cause: cause };
        const bindings = this.bindings({ input, errorOutput });
        const output = await this.outputOf(catcher, bindings, errorOutput);
        await this.assign(catcher.Assign, bindings);
        return { next: catcher.Next, output };
      }
    }
  }
}

interface Step {
  next: string | undefined;
  output: unknown;
}
