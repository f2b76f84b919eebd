// A runbook's memory: which steps are done and what was learnt, on disk before anything else happens.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PROJECT_ROOT } from "../../config";

export interface StepRecord {
  startedAt: string;
  doneAt?: string;
  /** Wall time, summed over interrupted tries. */
  seconds: number;
  /** Of these, seconds that AWS worked and the runbook only waited. */
  awsSeconds: number;
  note?: string;
}

interface JournalFile<Facts> {
  id: string;
  startedAt: string;
  finishedAt?: string;
  facts: Partial<Facts>;
  steps: Record<string, StepRecord>;
}

/** Where journals are kept; one folder per machine, outside version control. */
export const runbookFolder = (): string => resolve(PROJECT_ROOT, process.env.REDCAP_RUNBOOK_FOLDER ?? ".runbook");

const empty = <Facts>(id: string): JournalFile<Facts> => ({
  id,
  startedAt: new Date().toISOString(),
  facts: {},
  steps: {},
});

export class Journal<Facts extends object> {
  private constructor(
    readonly file: string,
    private content: JournalFile<Facts>,
    /** Whether an earlier, unfinished run is being continued. */
    readonly resumed: boolean,
    private onDisk = true,
  ) {}

  /** The unfinished journal of this id, or a new one, which is on disk from `commit` on. */
  static open<Facts extends object>(id: string, folder = runbookFolder()): Journal<Facts> {
    const earlier = Journal.find<Facts>(id, folder);
    return earlier && !earlier.isFinished
      ? earlier
      : new Journal<Facts>(join(folder, `${id}.json`), empty(id), false, false);
  }

  /** The journal of a run, finished or not; undefined where this machine knows of none. */
  static find<Facts extends object>(id: string, folder = runbookFolder()): Journal<Facts> | undefined {
    const file = join(folder, `${id}.json`);
    const earlier = Journal.peek<Facts>(file);
    return earlier && new Journal(file, earlier, true);
  }

  /** Unfinished journals whose id is a beginning and a hash; newest first. */
  static unfinished<Facts extends object>(beginning: string, folder = runbookFolder()): Journal<Facts>[] {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names
      .filter((name) => name.startsWith(beginning) && /^[0-9a-f]{10}\.json$/.test(name.slice(beginning.length)))
      .flatMap((name) => Journal.find<Facts>(name.replace(/\.json$/, ""), folder) ?? [])
      .filter((journal) => !journal.isFinished)
      .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
  }

  /** A journal that is never written, for looking. */
  static scratch<Facts extends object>(id: string, facts: Partial<Facts> = {}): Journal<Facts> {
    return new Journal<Facts>(join(runbookFolder(), `${id}.json`), { ...empty<Facts>(id), facts }, false, false);
  }

  private static peek<Facts extends object>(file: string): JournalFile<Facts> | undefined {
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as JournalFile<Facts>) : undefined;
  }

  /**
   * From here on every change is on disk before anything else happens. A run that has only looked leaves no trace; a
   * finished journal of the same id is kept under its time.
   */
  commit(): void {
    if (this.onDisk) return;
    const earlier = Journal.peek<Facts>(this.file);
    if (earlier) renameSync(this.file, this.file.replace(/\.json$/, `-${earlier.startedAt.replaceAll(":", "")}.json`));
    this.onDisk = true;
    this.write();
  }

  get id(): string {
    return this.content.id;
  }

  get isFinished(): boolean {
    return this.content.finishedAt !== undefined;
  }

  get startedAt(): Date {
    return new Date(this.content.startedAt);
  }

  get facts(): Readonly<Partial<Facts>> {
    return this.content.facts;
  }

  get steps(): Readonly<Record<string, StepRecord>> {
    return this.content.steps;
  }

  /** What a later step needs; after `commit`, on disk when this returns. */
  learn(facts: Partial<Facts>): void {
    this.content.facts = { ...this.content.facts, ...facts };
    this.write();
  }

  isDone(step: string): boolean {
    return this.content.steps[step]?.doneAt !== undefined;
  }

  /** Notes that a step begins; a step that was interrupted keeps the time it had used. */
  begin(step: string): void {
    const { seconds = 0, awsSeconds = 0 } = this.content.steps[step] ?? {};
    this.content.steps[step] = { startedAt: new Date().toISOString(), seconds, awsSeconds };
    this.write();
  }

  /** Adds time to a step; `done` closes it. */
  add(step: string, time: { seconds: number; awsSeconds: number }, done?: { note: string | undefined }): void {
    const record = this.content.steps[step];
    if (!record) throw new Error(`Step ${step} was never begun.`);
    record.seconds += time.seconds;
    record.awsSeconds += time.awsSeconds;
    if (done) {
      record.doneAt = new Date().toISOString();
      if (done.note) record.note = done.note;
    }
    this.write();
  }

  finish(): void {
    this.content.finishedAt = new Date().toISOString();
    this.write();
  }

  /** Written beside and renamed over, so that a killed process leaves the old journal or the new one, never half of one. */
  private write(): void {
    if (!this.onDisk) return;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const beside = `${this.file}.tmp`;
    const descriptor = openSync(beside, "w", 0o600);
    writeSync(descriptor, JSON.stringify(this.content, null, 2));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(beside, this.file);
  }
}
