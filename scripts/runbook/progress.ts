// Progress for people: one line per step. On a terminal the line lives; in a log it is written when it changes.
import { elapsed } from "../command";

/** How often a log is told that a step still runs. */
const LOG_EVERY_MS = 30_000;

export class Progress {
  private start = Date.now();
  private line = "";
  private detail = "";
  private lastLogged = 0;
  private ticker: NodeJS.Timeout | undefined;

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  begin(line: string): void {
    this.start = Date.now();
    this.line = line;
    this.detail = "";
    this.lastLogged = this.start;
    if (this.out.isTTY) {
      this.ticker = setInterval(() => this.draw(), 1_000);
      this.draw();
    }
  }

  /** What AWS says of a job, e.g. `RUNNING 42 %`. */
  update(detail: string): void {
    const changed = detail !== this.detail;
    this.detail = detail;
    if (this.out.isTTY) this.draw();
    else if (changed && Date.now() - this.lastLogged > LOG_EVERY_MS) {
      this.lastLogged = Date.now();
      this.out.write(`${this.line} … ${detail} (${elapsed(this.start)})\n`);
    }
  }

  end(mark: string, note?: string): void {
    clearInterval(this.ticker);
    if (this.out.isTTY) this.out.write("\r\x1b[2K");
    this.out.write(`${mark} ${this.line}${note ? `: ${note}` : ""} (${elapsed(this.start)})\n`);
  }

  private draw(): void {
    const text = `… ${this.line}${this.detail ? ` ${this.detail}` : ""} (${elapsed(this.start)})`;
    this.out.write(`\r\x1b[2K${text.slice(0, (this.out.columns ?? 120) - 1)}`);
  }
}
