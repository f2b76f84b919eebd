// npm run bench: how long synthesis of every stack of the sample takes, and how much memory, beside the default template's way.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { PROJECT_ROOT } from "../config";
import { run, UserError } from "./command";

/** What this project promises for its own way of running. */
const LIMIT = { seconds: 1.5, megabytes: 250 };

interface Measurement {
  seconds: number;
  megabytes: number;
}

const WAYS = [
  { name: "this project (tsx)", args: ["--require", "tsx/cjs", "main.ts"] },
  { name: "default template (ts-node)", args: ["--require", "ts-node/register", "main.ts"] },
] as const;

const command = new Command("bench")
  .description("Measures synthesis of every stack of the sample; fails above 1.5 s or 250 MB.")
  .option("--runs <number>", "runs of each way; the median counts", "5")
  .action(({ runs }: { runs: string }) => run(() => bench(Number(runs))));

async function bench(runs: number): Promise<void> {
  if (!Number.isInteger(runs) || runs < 1) throw new UserError("--runs: write a whole number from 1.");
  const medians: Measurement[] = [];
  for (const { name, args } of WAYS) {
    const measured: Measurement[] = [];
    for (let index = 0; index < runs; index++) measured.push(await measure([...args]));
    const median = {
      seconds: middle(measured.map(({ seconds }) => seconds)),
      megabytes: middle(measured.map(({ megabytes }) => megabytes)),
    };
    medians.push(median);
    console.log(
      `${name.padEnd(28)} ${median.seconds.toFixed(2).padStart(6)} s ${median.megabytes.toFixed(0).padStart(5)} MB   median of ${runs}`,
    );
  }
  const [own] = medians;
  if (own && (own.seconds > LIMIT.seconds || own.megabytes > LIMIT.megabytes)) {
    throw new UserError(`Synthesis is above ${LIMIT.seconds} s or ${LIMIT.megabytes} MB.`);
  }
}

/** Wall time of one whole process, and its peak memory. */
function measure(args: string[]): Promise<Measurement> {
  const outdir = mkdtempSync(join(tmpdir(), "bench-"));
  const env = { ...process.env, CDKTF_OUTDIR: outdir, REDCAP_STAGES_FILE: "stages.sample.ts" };
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const usage = join(__dirname, "bench", "report-usage.cjs");
    const child = spawn(process.execPath, ["--require", usage, ...args], {
      cwd: PROJECT_ROOT,
      env,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    let kilobytes = "";
    let errors = "";
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      kilobytes += chunk;
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      rmSync(outdir, { recursive: true, force: true });
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, megabytes: Number(kilobytes) / 1024 });
      else reject(new UserError(`node ${args.join(" ")} ended with exit code ${code}:\n${errors}`));
    });
  });
}

const middle = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

command.parseAsync();
