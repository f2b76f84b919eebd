// npm run bench:image: pages per second and their 99th percentile, beside Debian's Apache and PHP with default settings.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { unzipSync } from "fflate";
import { run, UserError } from "../../../scripts/command";
import { which } from "../../local-aws/host/processes";
import {
  buildTestImage,
  type Container,
  requireContainerTools,
  runContainer,
  type TestDatabase,
  testDatabase,
} from "../engine";
import { buildah, exclusively } from "../engine/storage";
import { STAND_IN_VERSION, standInZip } from "../stand-in/zip";

const PLAIN = "localhost/redcap-bench-plain";
/** Visitors at once: a quiet hour, and a survey that went out to everybody. */
const VISITORS = [16, 128];

interface Measurement {
  pagesPerSecond: number;
  p99Milliseconds: number;
  /** Answers that were none, or not 2xx. */
  failed: number;
}

const command = new Command("bench:image")
  .description("Measures the first page of the image, and of Debian's Apache and PHP with default settings, in turns.")
  .option("--seconds <number>", "length of a run", "10")
  .option("--runs <number>", "runs of each; the median counts", "3")
  .action(({ seconds, runs }: { seconds: string; runs: string }) =>
    run(() => bench(count(seconds, "--seconds"), count(runs, "--runs"))),
  );

function count(text: string, name: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UserError(`${name} ${text}: write a whole number above 0.`);
  return Number(text);
}

async function bench(seconds: number, runs: number): Promise<void> {
  if (!which("wrk"))
    throw new UserError("wrk makes the load and is not on PATH. On Debian or Ubuntu: apt-get install wrk");
  await requireContainerTools();
  const { image, sizeMegabytes, packages } = await buildTestImage();
  await buildPlain();
  const database = await testDatabase();
  try {
    const ours = await runContainer({ image, environment: database.environment, mounts: database.mounts });
    await ours.waitFor("REDCap", async () => (await fetch(ours.url("/health/live"))).ok || undefined, 60);
    const plain = await startPlain(database, ours);
    console.log(`The image: ${sizeMegabytes} MB, ${packages} packages.`);
    console.log(`First page, with its database over TLS; ${seconds} s, median of ${runs}:`);
    const ways = [
      { name: "this image", container: ours },
      { name: "Debian's defaults", container: plain },
    ];
    for (const visitors of VISITORS) {
      const measured = new Map<string, Measurement[]>(ways.map(({ name }) => [name, []]));
      for (let round = 0; round < runs; round++)
        for (const { name, container } of ways) measured.get(name)?.push(await load(container, visitors, seconds));
      for (const [name, all] of measured) console.log(line(name, visitors, all));
    }
    await Promise.all([ours.stop(), plain.stop()]);
  } finally {
    await database.stop();
  }
}

async function buildPlain(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-bench-"));
  try {
    for (const [path, content] of Object.entries(unzipSync(standInZip({ version: STAND_IN_VERSION })))) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    await exclusively("build", () =>
      buildah(
        "build",
        "--layers",
        "--pull-never",
        "--tag",
        PLAIN,
        "--file",
        join(__dirname, "plain.Dockerfile"),
        folder,
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Its database.php is the very one of the other container, and in the place where a person puts it. */
async function startPlain(database: TestDatabase, ours: Container): Promise<Container> {
  const folder = mkdtempSync(join(tmpdir(), "redcap-bench-"));
  const file = join(folder, "database.php");
  const { stdout } = await promisify(execFile)("cat", [`/proc/${ours.pid}/root/run/redcap/database.php`]);
  writeFileSync(file, stdout, { mode: 0o644 });
  const plain = await runContainer({
    image: PLAIN,
    readOnly: false,
    mounts: [...database.mounts, { source: file, target: "/var/www/html/database.php" }],
  });
  await plain.waitFor("the plain one", async () => (await fetch(plain.url("/"))).ok || undefined, 60);
  return plain;
}

async function load(container: Container, visitors: number, seconds: number): Promise<Measurement> {
  const args = [
    "--threads",
    "2",
    "--connections",
    `${visitors}`,
    "--duration",
    `${seconds}s`,
    "--latency",
    "--timeout",
    "30s",
  ];
  const { stdout } = await promisify(execFile)("wrk", [...args, container.url("/")]);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? 0);
  const [, p99 = "0", unit = "ms"] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  return {
    pagesPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p99Milliseconds: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 1),
    failed:
      number(/Non-2xx or 3xx responses: (\d+)/) +
      ["connect", "read", "write", "timeout"].reduce((sum, kind) => sum + number(new RegExp(`${kind} (\\d+)`)), 0),
  };
}

function line(name: string, visitors: number, all: Measurement[]): string {
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
  const pages = median(all.map(({ pagesPerSecond }) => pagesPerSecond)).toFixed(0);
  const p99 = median(all.map(({ p99Milliseconds }) => p99Milliseconds)).toFixed(0);
  const failed = all.reduce((sum, run) => sum + run.failed, 0);
  return `  ${`${visitors} visitors`.padEnd(14)}${name.padEnd(20)}${pages.padStart(6)} pages/s   p99 ${p99.padStart(6)} ms   ${failed} failed`;
}

command.parseAsync();
