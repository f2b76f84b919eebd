// One job's way through its states: CREATED, RUNNING, then COMPLETED, PARTIAL, FAILED or ABORTED. Its real work is done
// while it runs, and it takes at least the configured time, so that whoever waits for it has to wait.

import { setTimeout as delay } from "node:timers/promises";

export type JobKind = "backup" | "copy" | "restore";
export type JobState = "CREATED" | "RUNNING" | "ABORTING" | "ABORTED" | "COMPLETED" | "PARTIAL" | "FAILED";

/** What a job's work gives back. */
export interface Outcome {
  /** Status message of a job that completed, but not as one would wish. */
  message?: string;
  /** Makes the result known; done when the job completes. */
  keep: () => void;
  /** Removes the result of a job that was stopped meanwhile. */
  discard: () => Promise<void>;
}

/** A failure that a test has asked for. */
export interface PlannedFailure {
  kind: JobKind;
  message: string;
  /** PARTIAL exists for copy jobs only. */
  state?: "FAILED" | "PARTIAL";
}

export interface JobRunOptions {
  kind: JobKind;
  /** Seconds a job takes at least, from creation to its end. */
  seconds: number;
  now: () => Date;
  work: () => Promise<Outcome>;
  /** Asked when the job begins to run. */
  takePlannedFailure: () => PlannedFailure | undefined;
  onState: (state: JobState) => Promise<void>;
  /** Cuts the waiting short, when the whole service stops. */
  hurry: AbortSignal;
}

/** Part of a job's time that it is CREATED. */
const WAITING_SHARE = 0.1;

export class JobRun {
  state: JobState = "CREATED";
  statusMessage?: string;
  readonly creationDate: Date;
  completionDate?: Date;
  /** Settles when the job has ended, however it ended. */
  readonly ended: Promise<void>;
  private runningSince = 0;

  constructor(private readonly options: JobRunOptions) {
    this.creationDate = options.now();
    this.ended = this.run();
  }

  /** Whole per cent, as far as time tells; 100 only when the job has completed. */
  get percentDone(): number {
    if (this.state === "COMPLETED") return 100;
    if (this.runningSince === 0) return 0;
    const share = (Date.now() - this.runningSince) / (this.options.seconds * 1000 * (1 - WAITING_SHARE));
    return Math.min(99, Math.floor(share * 100));
  }

  get isOver(): boolean {
    return this.completionDate !== undefined;
  }

  /** Asks the job to stop; what it has made by then is not kept by its owner. */
  stop(): void {
    if (!this.isOver) this.state = "ABORTING";
  }

  private async run(): Promise<void> {
    await this.sleep(WAITING_SHARE);
    if (this.state === "ABORTING") return this.end("ABORTED");
    this.runningSince = Date.now();
    await this.enter("RUNNING");
    const planned = this.options.takePlannedFailure();
    const work = planned ? Promise.reject(new Error(planned.message)) : this.options.work();
    const [result] = await Promise.allSettled([work, this.sleep(1 - WAITING_SHARE)]);
    if (result.status === "rejected") {
      return this.isStopping() ? this.end("ABORTED") : this.end(planned?.state ?? "FAILED", describe(result.reason));
    }
    if (this.isStopping()) {
      await result.value.discard();
      return this.end("ABORTED");
    }
    result.value.keep();
    return this.end("COMPLETED", result.value.message);
  }

  /** Read through a function, since the state changes while the work is awaited. */
  private isStopping(): boolean {
    return this.state === "ABORTING";
  }

  /** Waits for a share of the job's time; the timer does not keep the process alive. */
  private async sleep(share: number): Promise<void> {
    const { seconds, hurry } = this.options;
    await delay(seconds * share * 1000, undefined, { signal: hurry, ref: false }).catch((error: Error) => {
      if (error.name !== "AbortError") throw error;
    });
  }

  private async end(state: JobState, message?: string): Promise<void> {
    this.completionDate = this.options.now();
    if (message !== undefined) this.statusMessage = message;
    await this.enter(state);
  }

  private async enter(state: JobState): Promise<void> {
    this.state = state;
    await this.options.onState(state);
  }
}

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
