// Bundles a function of functions/ into one zip file that is the same, byte for byte, wherever it is made.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, buildSync } from "esbuild";
import { zipSync } from "fflate";
import { PROJECT_ROOT } from "../../config";

export interface LambdaBundle {
  /** Zip file with index.js, whose `handler` Lambda calls. */
  zipFile: string;
  /** SHA-256 of the zip, base64, as Lambda reports it. */
  codeHash: string;
}

export const LAMBDA_RUNTIME = "nodejs22.x";

/** The SDK client goes into the bundle: the runtime's own changes with every patch and is not what was tested. */
const OPTIONS: BuildOptions = {
  absWorkingDir: PROJECT_ROOT,
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node22",
  mainFields: ["module", "main"],
  minifySyntax: true,
  minifyWhitespace: true,
  write: false,
};

/** Read with local time zone by the zip format, hence the local constructor: the same bytes in every zone. */
const MTIME = new Date(1980, 0, 1);
const READABLE_FILE = (0o100644 << 16) >>> 0;
const UNIX = 3;

const bundles = new Map<string, LambdaBundle>();

/**
 * The bundle of functions/<name>, made once per version of its sources and of the lock file.
 * @throws esbuild's error where the function does not compile
 */
export function lambdaBundle(name: string): LambdaBundle {
  const known = bundles.get(name);
  if (known) return known;
  // The hash is in the folder's name: the file's is part of the plan, and must change only with the code.
  const folder = join(PROJECT_ROOT, "node_modules/.cache/redcap-on-aws", `${name}-${sourceHash(name)}`);
  const zipFile = join(folder, `${name}.zip`);
  if (!existsSync(zipFile)) {
    mkdirSync(folder, { recursive: true });
    // Renamed into place, so that a second process never reads half a file.
    const unfinished = `${zipFile}.${process.pid}`;
    writeFileSync(unfinished, buildZip(name));
    renameSync(unfinished, zipFile);
  }
  const codeHash = createHash("sha256").update(readFileSync(zipFile)).digest("base64");
  const bundle = { zipFile, codeHash };
  bundles.set(name, bundle);
  return bundle;
}

/** Of its own sources and of those that all functions share. */
function sourceHash(name: string): string {
  const sources = [name, "shared"].flatMap((part) => {
    const folder = join(PROJECT_ROOT, "functions", part);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    return files.sort().map((file) => join(folder, file));
  });
  const paths = [...sources, join(PROJECT_ROOT, "package-lock.json"), __filename];
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** Bundles and zips functions/<name> anew. @throws esbuild's error where it does not compile */
export function buildZip(name: string): Uint8Array {
  const { outputFiles } = buildSync({ ...OPTIONS, entryPoints: [`functions/${name}/index.ts`] });
  const code = outputFiles?.[0]?.contents;
  if (!code) throw new Error(`esbuild made no output for functions/${name}.`);
  return zipSync({ "index.js": [code, { mtime: MTIME, os: UNIX, attrs: READABLE_FILE, level: 9 }] });
}
