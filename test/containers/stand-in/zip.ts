// The stand-in for REDCap's zip: the tree beside this file, as any version, with what a test wants to be different.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { strToU8, type Zippable, zipSync } from "fflate";

const TREE = join(__dirname, "redcap");
const VERSION_FOLDER = "redcap_v17.4.4";
/** The same tree gives the same bytes, so that a build finds its layers again. fflate writes local time. */
const TIME = new Date(2026, 0, 1);

/** Without known weaknesses, and for both of Debian's versions of PHP: see containers/redcap/build/compatibility.txt. */
export const STAND_IN_VERSION = "17.4.4";

export interface StandInOptions {
  /** Default STAND_IN_VERSION. */
  version?: string;
  /**
   * Files below `redcap/`, where `redcap_v<version>/` is the version's folder: text or bytes replace or add one, null leaves
   * it out.
   */
  changes?: Record<string, string | Uint8Array | null>;
}

/** A zip that unpacks to `redcap/`, like REDCap's. */
export function standInZip({ version = STAND_IN_VERSION, changes = {} }: StandInOptions = {}): Buffer {
  const files: Record<string, string | Uint8Array | null> = {};
  for (const entry of readdirSync(TREE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(TREE.length + 1).replace(VERSION_FOLDER, `redcap_v${version}`)] = readFileSync(path);
  }
  const zipped: Zippable = {};
  for (const [path, content] of Object.entries({ ...files, ...changes }).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (content !== null) zipped[`redcap/${path}`] = typeof content === "string" ? strToU8(content) : content;
  }
  return Buffer.from(zipSync(zipped, { mtime: TIME }));
}

/** Changes that let install.php fail with this message after its first table. */
export const failingInstall = (message: string, version = STAND_IN_VERSION) => ({
  [`redcap_v${version}/fail-install`]: message,
});
