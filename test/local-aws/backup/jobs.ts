// What the three kinds of jobs share: starting a run, telling the vault's subscribers, honouring idempotency tokens.

import type { ClientsOf } from "./clients";
import { invalidParameter } from "./errors";
import { type JobKind, JobRun, type Outcome, type PlannedFailure } from "./job-run";
import { notify } from "./notifications";
import type { Permissions } from "./permissions";
import type { ResourceDriver } from "./resource-driver";
import type { BackupState, Vault } from "./state";

interface JobRecord {
  id: string;
  run: JobRun;
  resourceArn: string;
  recoveryPointArn?: string | undefined;
  idempotencyToken?: string | undefined;
}

export class Jobs {
  private readonly plannedFailures: PlannedFailure[] = [];
  private readonly runs = new Set<JobRun>();
  private readonly stopping = new AbortController();

  constructor(
    readonly state: BackupState,
    readonly clientsOf: ClientsOf,
    readonly permissions: Permissions,
    readonly drivers: ResourceDriver[],
    /** How long a job takes at least. */
    public seconds: number,
  ) {}

  /** The next job of this kind fails. */
  planFailure(failure: PlannedFailure): void {
    this.plannedFailures.push(failure);
  }

  /** @throws AwsError InvalidParameterValueException for a type of resource that is not modelled. */
  driverFor(resourceArn: string): ResourceDriver {
    const driver = this.drivers.find((one) => one.owns(resourceArn));
    if (!driver) throw invalidParameter(`Unsupported resource type: ${resourceArn}`);
    return driver;
  }

  driverOf(type: ResourceDriver["type"]): ResourceDriver {
    const driver = this.drivers.find((one) => one.type === type);
    if (!driver) throw new Error(`No driver for ${type}.`);
    return driver;
  }

  /**
   * Starts the run of a job. `record` is called when the run reports, that is after the caller has stored the job.
   *
   * @param vault the vault whose subscribers are told.
   */
  start(kind: JobKind, vault: Vault, record: () => JobRecord, work: () => Promise<Outcome>): JobRun {
    const started = new JobRun({
      kind,
      hurry: this.stopping.signal,
      seconds: this.seconds,
      now: () => this.state.now(),
      work,
      takePlannedFailure: () => {
        const index = this.plannedFailures.findIndex((failure) => failure.kind === kind);
        return index < 0 ? undefined : this.plannedFailures.splice(index, 1)[0];
      },
      onState: async (state) => {
        const { id, run, resourceArn, recoveryPointArn } = record();
        const notice = { kind, id, run, resourceArn, ...(recoveryPointArn && { recoveryPointArn }) };
        // A notification that cannot be sent is no failure of the job: it is reported here and nowhere else.
        await notify(vault, notice, state, this.clientsOf, this.permissions).catch((error: unknown) =>
          console.warn(`AWS Backup could not notify ${vault.notifications?.topicArn}:`, error),
        );
      },
    });
    this.runs.add(started);
    void started.ended.finally(() => this.runs.delete(started));
    return started;
  }

  /** Stops every job that is under way and waits until its work has ended. */
  async stop(): Promise<void> {
    for (const run of this.runs) run.stop();
    this.stopping.abort();
    await Promise.all([...this.runs].map((run) => run.ended));
  }
}

/** The job that was started with this token, so that a repeated call starts no second one. */
export function jobWithToken<T extends JobRecord>(jobs: Map<string, T>, token: string | undefined): T | undefined {
  return token === undefined ? undefined : [...jobs.values()].find((job) => job.idempotencyToken === token);
}

/** Newest first, as AWS lists jobs. */
export function newestFirst<T extends JobRecord>(jobs: Map<string, T>): T[] {
  return [...jobs.values()].sort((a, b) => b.run.creationDate.getTime() - a.run.creationDate.getTime());
}

/** Filters that lists of jobs share; one that is not given lets everything pass. */
export function within(date: Date | undefined, after: Date | undefined, before: Date | undefined): boolean {
  if (after === undefined && before === undefined) return true;
  return date !== undefined && (after === undefined || date >= after) && (before === undefined || date <= before);
}

export const matches = (wanted: string | undefined, actual: string | undefined) =>
  wanted === undefined || wanted === "*" || wanted === actual;
