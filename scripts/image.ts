// npm run image -- build | compare | deploy: the container image from a user's REDCap zip, what a new zip changes, and the
// roll-out of what a stage builds for itself.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { findStage, loadOwnDeployment, type PhpVersion } from "../config";
import { assertAccount } from "./aws";
import { elapsed, requireWritable, run, UserError } from "./command";
import { rollOutShown } from "./image/deploy";
import { type BuildFlags, parseBuildFlags, parseCompareFlags } from "./image/flags";
import {
  buildCommand,
  buildImage,
  type Context,
  checkInput,
  compareZips,
  ENGINES,
  type EngineName,
  findEngine,
  findPinnedRdsCa,
  imageFacts,
  localFile,
  localFolder,
  openRedcapZip,
  prepareContext,
  type RedcapZip,
  toMarkdown,
} from "./image/index";
import { requireUnlocked } from "./restore/operator-lock";

const say = (line: string) => console.error(line);
const command = new Command("image").description(
  "Builds the container image, here or in the stage's account, and compares REDCap's zips.",
);

command
  .command("build")
  .description("Builds the image of a REDCap zip. The zip is licensed: the image must stay where its licence allows.")
  .requiredOption("--redcap <zip>", "REDCap's full zip, such as redcap17.4.4.zip or s3://bucket/redcap17.4.4.zip")
  .option("--php <version>", "PHP of the image: 8.2 or 8.4", "8.2")
  .option("--accept-risk <name>", "build a REDCap with this known weakness all the same, such as CVE-2026-12345")
  .option("--previous <zip>", "zip that runs now: report what changed, and hosts named for the first time")
  .option("--report <file>", "with --previous: write the comparison to this file, too, as Markdown")
  .option("--additions <folder>", "folder or s3://bucket/prefix with any of modules/, languages/, hooks/")
  .option("--rds-ca <file>", "Amazon's CA bundle for RDS; default: downloaded")
  .option("--rds-ca-sha256 <hex>", "hash of that bundle, required: without it the command says which one it has")
  .option("--tag <name:tag>", "name of the image; default: redcap:<version>")
  .option("--engine <name>", `${ENGINES.join(", ")}; default: the first that works`)
  .option("--context-only <folder>", "prepare the build context in this folder, and build nothing")
  .action((flags: unknown) => run(() => withScratch((scratch) => build(parseBuildFlags(flags), scratch))));

command
  .command("compare")
  .description("What changed between two REDCap zips: files, and hosts that the code names for the first time.")
  .requiredOption("--previous <zip>", "zip that runs now, or s3://bucket/key")
  .requiredOption("--next <zip>", "zip to look at, or s3://bucket/key")
  .option("--format <name>", "md or json", "md")
  .option("--out <file>", "write to this file instead of the terminal")
  .action((flags: unknown) => run(() => withScratch((scratch) => compare(flags, scratch))));

command
  .command("deploy")
  .description(
    "Builds the stage's image of the configured REDCap in CodeBuild and rolls it out; one that fails is rolled back.",
  )
  .requiredOption("--stage <name>", "stage of stages.ts")
  .action(({ stage: name }: { stage: string }) =>
    run(async () => {
      const stage = findStage(loadOwnDeployment().config, name);
      await assertAccount(stage);
      await requireUnlocked(stage);
      console.log(await rollOutShown(stage));
    }),
  );

async function build(flags: BuildFlags, scratch: string): Promise<void> {
  if (flags.report) requireWritable("--report", flags.report);
  const redcap = await localFile({ field: "--redcap", reference: flags.redcap, scratch });
  const additions =
    flags.additions && (await localFolder({ field: "--additions", reference: flags.additions, scratch }));
  const folder = flags.contextOnly ?? join(scratch, "context");
  const zip = await checkInput({ folder, redcap, additions });
  const previous = flags.previous ? await openZip("--previous", flags.previous, scratch) : undefined;
  const engine = flags.contextOnly ? undefined : await findEngine(flags.engine);
  const rdsCa = await findPinnedRdsCa({ file: flags.rdsCa, sha256: flags.rdsCaSha256, command: asTyped() });
  if (rdsCa.expired.length) {
    say(`Warning: ${rdsCa.expired.length} of ${rdsCa.certificates} certificates of ${rdsCa.file} have expired.`);
  }
  const comparison = previous && (await compareZips(previous, zip));
  const context = await prepareContext({
    folder,
    redcap,
    rdsCa,
    additions,
    phpVersion: flags.php,
    acceptRisk: flags.acceptRisk,
  });
  const tag = flags.tag ?? `redcap:${context.version}`;
  if (engine) await buildAndReport(engine, context, flags.php, tag);
  else {
    console.log(`Build context: ${context.folder} (REDCap ${context.version}, PHP ${flags.php}). Build it with one of`);
    for (const name of ENGINES) {
      const args = buildCommand({ engine: name, context: context.folder, tag, buildArgs: context.buildArgs });
      console.log(`  ${[name, ...args].map(quoted).join(" ")}`);
    }
  }
  if (!comparison) return;
  const report = toMarkdown(comparison);
  if (flags.report) writeFileSync(flags.report, report);
  console.log(`\n${report.trimEnd()}`);
}

async function buildAndReport(engine: EngineName, context: Context, asked: PhpVersion, tag: string): Promise<void> {
  const start = Date.now();
  say(`Building ${tag} with ${engine}: REDCap ${context.version}, PHP ${asked}`);
  // The report alone is standard output.
  const onText = (text: string) => void process.stderr.write(text);
  await buildImage({ context: context.folder, engine, tag, buildArgs: context.buildArgs, onText, shown: true });
  const { redcap, php, bytes, packages } = await imageFacts({ engine, tag });
  if (redcap !== context.version || php !== asked) {
    throw new UserError(
      `${tag} has REDCap ${redcap} and PHP ${php}, asked were ${context.version} and ${asked}. Do not use it.`,
    );
  }
  console.log(`Image            ${tag} (${engine}, built in ${elapsed(start)})`);
  console.log(`REDCap           ${redcap}`);
  console.log(`PHP              ${php}`);
  console.log(`Size             ${(bytes / 1e6).toFixed(0)} MB`);
  console.log(`Debian packages  ${packages}`);
}

async function compare(given: unknown, scratch: string): Promise<void> {
  const { previous, next, format, out } = parseCompareFlags(given);
  if (out) requireWritable("--out", out);
  const before = await openZip("--previous", previous, scratch);
  const comparison = await compareZips(before, await openZip("--next", next, scratch));
  const text = format === "json" ? `${JSON.stringify(comparison, undefined, 2)}\n` : toMarkdown(comparison);
  if (out) writeFileSync(out, text);
  else process.stdout.write(text);
}

async function openZip(field: string, reference: string, scratch: string): Promise<RedcapZip> {
  return openRedcapZip(await localFile({ field, reference, scratch }), field);
}

/** A folder for downloads and the build context, removed at the end, also at an interruption: it holds licensed code. */
async function withScratch(work: (scratch: string) => Promise<void>): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "redcap-image-"));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      remove();
      process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    await work(scratch);
  } finally {
    remove();
  }
}

const asTyped = () => `npm run image -- ${process.argv.slice(2).map(quoted).join(" ")}`;

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

command.parseAsync();
