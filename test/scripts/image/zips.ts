// Zips of the shape that REDCap's have, made for one test.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, Zip, type ZipOptions, ZipPassThrough, zipSync } from "fflate";

export type Files = Record<string, string | [string, ZipOptions]>;

/** Entries exactly as named; stored, unless they bring a level: packing is what takes the time. */
export function zipOf(files: Files): Buffer {
  const entries = Object.entries(files).map(([name, content]) =>
    typeof content === "string" ? [name, strToU8(content)] : [name, [strToU8(content[0]), content[1]]],
  );
  return Buffer.from(zipSync(Object.fromEntries(entries), { level: 0 }));
}

/** A full REDCap zip; `files` are named below `redcap/`, with `v/` for the version's own folder. */
export function redcapZip(version = "15.5.0", files: Record<string, string> = {}): Buffer {
  const all = { "install.php": "<?php", "index.php": "<?php", "v/index.php": "<?php", ...files };
  const named = Object.entries(all).map(([name, text]) => [
    `redcap/${name.replace(/^v\//, `redcap_v${version}/`)}`,
    text,
  ]);
  return zipOf(Object.fromEntries(named));
}

/** The same name may come twice here. */
export function zipWithDoubles(entries: [string, string][]): Buffer {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  for (const [name, content] of entries) {
    const file = new ZipPassThrough(name);
    zip.add(file);
    file.push(strToU8(content), true);
  }
  zip.end();
  return Buffer.concat(chunks);
}

/** A folder for the tests of one file, removed after them, and what writes a file into it. */
export function temporaryFolder(): { folder: string; write: (name: string, content: string | Buffer) => string } {
  const folder = mkdtempSync(join(tmpdir(), "redcap-image-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string | Buffer) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  return { folder, write };
}
