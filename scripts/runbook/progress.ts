// Progress for people: one line per step. On a terminal the line lives; a log gets its beginning, its end, and a sign of
// life in between.
import { elapsed } from "../command";

const TERMINAL_TICK_MS = 1_000;
const LOG_TICK_MS = 30_000;

export class Progress {
  private start = Date.now();
  private line = "";
  private detail = "";
  private ticker: NodeJS.Timeout | undefined;

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  begin(line: string): void {
    this.start = Date.now();
    this.line = line;
    this.detail = "";
    if (this.out.isTTY) this.show();
    // A log is spared the beginning of what ends at once.
    this.tick(TERMINAL_TICK_MS);
  }

  /** What AWS says of a job, e.g. `RUNNING 42 %`. */
  update(detail: string): void {
    this.detail = detail;
    if (this.out.isTTY) this.show();
  }

  end(mark: string, note?: string): void {
    clearTimeout(this.ticker);
    if (this.out.isTTY) this.out.write("\r\x1b[2K");
    this.out.write(`${mark} ${this.line}${note ? `: ${note}` : ""} (${elapsed(this.start)})\n`);
  }

  /** Unreferenced: whoever fails between `begin` and `end` must be able to exit. */
  private tick(milliseconds: number): void {
    this.ticker = setTimeout(() => {
      this.show();
      this.tick(this.out.isTTY ? TERMINAL_TICK_MS : LOG_TICK_MS);
    }, milliseconds);
    // What it tells of keeps the process alive, or nothing does: a step that failed has no end.
    this.ticker.unref();
  }

  private show(): void {
    const text = `… ${this.line}${this.detail ? ` ${this.detail}` : ""} (${elapsed(this.start)})`;
    this.out.write(this.out.isTTY ? `\r\x1b[2K${text.slice(0, (this.out.columns ?? 120) - 1)}` : `${text}\n`);
  }
}
