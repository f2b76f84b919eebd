// The zip that a user got from REDCap: whether it is one, of which version, and what is in it, one file at a time.
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import { type Entry, fromBufferPromise } from "yauzl";
import { UserError } from "../command";

export interface ZipFile {
  /** Below the zip's `redcap/` folder. */
  path: string;
  data: Buffer;
}

export interface RedcapZip {
  /** As in the name of `redcap/redcap_v<version>/`. */
  version: string;
  /** Every file below `redcap/`, unpacked one after the other. Throws UserError for a damaged one. */
  files(): AsyncGenerator<ZipFile>;
}

const FORMAT_BITS = 0o170000;
const FOLDER = 0o040000;
const REGULAR = 0o100000;
/** Added by macOS' Finder, no part of REDCap. */
const FINDER = /^__MACOSX\/|(^|\/)\.DS_Store$/;

/**
 * Reads the zip's directory. The file is held in memory as it is, compressed (REDCap's are about 100 MB): reading it in
 * pieces takes ten times as long.
 * @param field option that named the file, for errors
 * @throws UserError for what is no zip, no REDCap, only an upgrade, several versions, or a path or link that leads out of it
 */
export async function openRedcapZip(file: string, field: string): Promise<RedcapZip> {
  const refuse = (problem: string) => new UserError(`${field} ${file}: ${problem}`);
  const zip = readFileSync(file);
  // Strict: a backslash in a name means one path to this check and another to the unzip that follows it.
  const directory = await fromBufferPromise(zip, { strictFileNames: true }).catch((error: Error) => {
    throw refuse(`not a whole zip file (${error.message}). Download it again.`);
  });
  const entries: Entry[] = [];
  try {
    for await (const entry of directory.eachEntry()) if (!FINDER.test(entry.fileName)) entries.push(entry);
  } catch (error) {
    throw refuse(`${(error as Error).message}. A REDCap zip has no such entry: download it again.`);
  }
  const problem = entryProblem(entries);
  if (problem) throw refuse(problem);
  const version = versionOf(
    entries.map(({ fileName }) => fileName),
    refuse,
  );

  async function* files(): AsyncGenerator<ZipFile> {
    for (const entry of entries) {
      const { fileName, compressedSize } = entry;
      if (fileName.endsWith("/") || !fileName.startsWith("redcap/")) continue;
      if (!entry.canDecodeFileData()) throw refuse(`"${fileName}" is encrypted or compressed in an unknown way.`);
      let data: Buffer;
      try {
        const { fileDataStart } = await directory.readLocalFileHeaderPromise(entry, { minimal: true });
        data = unpack(entry, zip.subarray(fileDataStart, fileDataStart + compressedSize));
      } catch (error) {
        throw refuse(`"${fileName}" is damaged (${(error as Error).message}). Download the zip again.`);
      }
      yield { path: fileName.slice("redcap/".length), data };
    }
  }
  return { version, files };
}

function unpack({ compressionMethod, uncompressedSize, crc32: expected }: Entry, packed: Buffer): Buffer {
  // One byte more than announced is enough to notice that there is more.
  const data = compressionMethod === 0 ? packed : inflateRawSync(packed, { maxOutputLength: uncompressedSize + 1 });
  if (data.length !== uncompressedSize) throw new Error("its size is not the announced one");
  if (crc32(data) !== expected) throw new Error("its checksum does not match");
  return data;
}

/** yauzl refuses absolute paths, backslashes and `..`; links, devices and doubles are refused here. */
function entryProblem(entries: Entry[]): string | undefined {
  const seen = new Set<string>();
  for (const { fileName, externalFileAttributes } of entries) {
    const type = (externalFileAttributes >>> 16) & FORMAT_BITS;
    if (![0, FOLDER, REGULAR].includes(type)) {
      return `"${fileName}" is a link or a device. A REDCap zip has files and folders only: download it again.`;
    }
    if (posix.normalize(fileName) !== fileName)
      return `"${fileName}" is no plain path. Pack the folder redcap/ itself.`;
    const path = fileName.replace(/\/$/, "");
    if (seen.has(path)) return `"${path}" is in it twice, so that nobody can tell which one counts. Download it again.`;
    seen.add(path);
  }
  return undefined;
}

/** @throws what `refuse` makes of the reason */
function versionOf(names: string[], refuse: (problem: string) => Error): string {
  const found = (pattern: RegExp) => [...new Set(names.flatMap((name) => pattern.exec(name)?.[1] ?? []))].sort();
  const upgrade = `this looks like an upgrade zip. Download the full one ("install" on REDCap's community site), which holds redcap/install.php, too.`;
  const versions = found(/^redcap\/redcap_v([^/]+)\//);
  const [version] = versions;
  if (version === undefined) {
    if (found(/^redcap_v([^/]+)\//).length) throw refuse(upgrade);
    const top = found(/^([^/]+)/);
    const shown = top.slice(0, 5).join(", ") + (top.length > 5 ? ", …" : "");
    throw refuse(`not a REDCap zip: it has no folder redcap/redcap_v<version>/. At its top: ${shown || "nothing"}.`);
  }
  if (versions.length > 1) {
    const all = versions.map((each) => `redcap_v${each}`).join(" and ");
    throw refuse(`it holds ${all}; one version is right. Download the zip again rather than adding to an old one.`);
  }
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw refuse(`"${version}" in redcap_v${version} is no version such as 17.4.4.`);
  if (!names.includes("redcap/install.php")) throw refuse(upgrade);
  return version;
}
