// What CodeBuild starts from, in one zip file that is the same, byte for byte, wherever it is made: buildspec and scripts
// in pipeline/, the image's own sources in redcap/. The user's zip is no part of it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { PROJECT_ROOT } from "../../config";
import { IMAGE_TEMPLATE, LEFT_OVER_INPUT, PIPELINE } from "../../scripts/image/template";

export interface ImageContext {
  zipFile: string;
  /** SHA-256 of the zip, hex. */
  hash: string;
}

/** Read with local time zone by the zip format, hence the local constructor: the same bytes in every zone. */
const MTIME = new Date(1980, 0, 1);
const UNIX = 3;
/** A checkout's own modes depend on its umask. */
const SCRIPT = (0o100755 << 16) >>> 0;
const FILE = (0o100644 << 16) >>> 0;

let known: ImageContext | undefined;

/** Made once per version of its files. */
export function imageContext(): ImageContext {
  known ??= make();
  return known;
}

function make(): ImageContext {
  const files = contextFiles();
  const hash = createHash("sha256");
  for (const [name, data] of Object.entries(files)) hash.update(`${name}\0${data.length}\0`).update(data);
  const folder = join(PROJECT_ROOT, "node_modules/.cache/redcap-on-aws", `context-${hash.digest("hex").slice(0, 16)}`);
  const zipFile = join(folder, "context.zip");
  if (!existsSync(zipFile)) {
    mkdirSync(folder, { recursive: true });
    // Renamed into place, so that a second process never reads half a file.
    const unfinished = `${zipFile}.${process.pid}`;
    writeFileSync(unfinished, zipOf(files));
    renameSync(unfinished, zipFile);
  }
  return { zipFile, hash: createHash("sha256").update(readFileSync(zipFile)).digest("hex") };
}

/** Content by name in the zip, in order of the names. */
export function contextFiles(): Record<string, Uint8Array> {
  const below = (folder: string, prefix: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.startsWith(LEFT_OVER_INPUT + sep))
      .map((file) => [prefix + relative(folder, file).split(sep).join("/"), readFileSync(file)] as const);
  const all = [...below(PIPELINE, "pipeline/"), ...below(IMAGE_TEMPLATE, "redcap/")];
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function zipOf(files: Record<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  for (const [name, data] of Object.entries(files)) {
    entries[name] = [data, { mtime: MTIME, os: UNIX, attrs: name.endsWith(".sh") ? SCRIPT : FILE, level: 9 }];
  }
  return zipSync(entries);
}
