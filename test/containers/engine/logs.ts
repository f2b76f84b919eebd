// What a container wrote, line by line; a line that is a JSON object is also there as one.

export interface LogLine {
  stream: "stdout" | "stderr";
  text: string;
  /** The line's object, where it is one. */
  json?: Record<string, unknown>;
}

function parse(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export class Logs {
  readonly lines: LogLine[] = [];
  private readonly begun = { stdout: "", stderr: "" };

  /** Takes what came; the last line may be unfinished. */
  add(stream: LogLine["stream"], chunk: string): void {
    const texts = (this.begun[stream] + chunk).split("\n");
    this.begun[stream] = texts.pop() ?? "";
    for (const text of texts) this.push(stream, text);
  }

  /** The streams have ended: what is there is a line. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.begun[stream]) this.push(stream, this.begun[stream]);
      this.begun[stream] = "";
    }
  }

  /** Everything as it was written, the streams' lines mixed as they came. */
  text(stream?: LogLine["stream"]): string {
    const wanted = stream ? this.lines.filter((line) => line.stream === stream) : this.lines;
    return wanted.map(({ text }) => `${text}\n`).join("");
  }

  private push(stream: LogLine["stream"], text: string): void {
    const json = parse(text);
    this.lines.push({ stream, text, ...(json ? { json } : {}) });
  }
}
