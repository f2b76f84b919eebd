// What changed from one REDCap zip to the next: files, and hosts that the code names for the first time.
import { createHash } from "node:crypto";
import { harmlessBecause, hostsIn, isSource, type Mention } from "./hosts";
import type { RedcapZip } from "./redcap-zip";

export interface Place {
  file: string;
  /** First line of the file that names the host. */
  line: number;
}

export interface HostChange {
  host: string;
  /** Every file that names it, in order of their names. */
  places: Place[];
}

export interface FolderChanges {
  added: number;
  removed: number;
  changed: number;
}

export interface Comparison {
  /** Versions of REDCap. */
  previous: string;
  next: string;
  /** The previous version is the higher one: most likely the zips were swapped. */
  downgrade: boolean;
  /** Names below `redcap/`; the version's own folder is called `redcap_v*`, so that only content counts. */
  files: { added: string[]; removed: string[]; changed: string[]; unchanged: number };
  /** The same in numbers, by folder: one level, or two within the version's own folder. */
  folders: Record<string, FolderChanges>;
  hosts: {
    /** Named by the next version only: what a review looks at. */
    first: HostChange[];
    /** New as well, and of no concern. */
    harmless: (HostChange & { reason: string })[];
    /** Named by the previous version only. */
    gone: HostChange[];
  };
}

interface Inventory {
  /** Content's hash by name. */
  files: Map<string, string>;
  hosts: Map<string, Place[]>;
}

/**
 * REDCap may talk to the internet (short URLs, statistics, module repository), and it holds credentials of everything
 * stored. A new version that begins to send data to a new host must be noticed by whoever reviews the upgrade: this
 * names such hosts, and the files to read. Reads each file once, in time linear in the zips' content.
 * @throws UserError for a damaged zip
 */
export async function compareZips(previous: RedcapZip, next: RedcapZip): Promise<Comparison> {
  // Most files are the same in both: what a content names is looked for once.
  const known = new Map<string, Mention[]>();
  const before = await takeInventory(previous, known);
  const after = await takeInventory(next, known);
  const files = compareFiles(before.files, after.files);
  const first = missingFrom(before.hosts, after.hosts).map((change) => ({
    ...change,
    reason: harmlessBecause(change.host),
  }));
  return {
    previous: previous.version,
    next: next.version,
    downgrade: previous.version.localeCompare(next.version, "en", { numeric: true }) > 0,
    files,
    folders: countByFolder(files),
    hosts: {
      first: first.flatMap(({ reason, ...change }) => (reason === undefined ? [change] : [])),
      harmless: first.flatMap(({ reason, ...change }) => (reason === undefined ? [] : [{ ...change, reason }])),
      gone: missingFrom(after.hosts, before.hosts).filter(({ host }) => !harmlessBecause(host)),
    },
  };
}

async function takeInventory(zip: RedcapZip, known: Map<string, Mention[]>): Promise<Inventory> {
  const inventory: Inventory = { files: new Map(), hosts: new Map() };
  for await (const { path, data } of zip.files()) {
    const name = path.replace(/^redcap_v[^/]+\//, "redcap_v*/");
    const hash = createHash("sha256").update(data).digest("base64");
    inventory.files.set(name, hash);
    if (!isSource(name)) continue;
    const mentions = known.get(hash) ?? hostsIn(data.toString("utf8"));
    known.set(hash, mentions);
    for (const { host, line } of mentions) {
      const places = inventory.hosts.get(host);
      if (places) places.push({ file: name, line });
      else inventory.hosts.set(host, [{ file: name, line }]);
    }
  }
  return inventory;
}

function compareFiles(before: Map<string, string>, after: Map<string, string>): Comparison["files"] {
  const names = [...after.keys()].sort();
  const kept = names.filter((name) => before.has(name));
  const changed = kept.filter((name) => before.get(name) !== after.get(name));
  return {
    added: names.filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
    changed,
    unchanged: kept.length - changed.length,
  };
}

function countByFolder(files: Comparison["files"]): Record<string, FolderChanges> {
  const folders: Record<string, FolderChanges> = {};
  for (const kind of ["added", "removed", "changed"] as const) {
    for (const name of files[kind]) {
      const folder = /^(?:redcap_v\*\/)?[^/]+(?=\/)|^redcap_v\*(?=\/)/.exec(name)?.[0] ?? ".";
      folders[folder] ??= { added: 0, removed: 0, changed: 0 };
      folders[folder][kind]++;
    }
  }
  return Object.fromEntries(Object.entries(folders).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Hosts of `these` that `others` do not name. */
function missingFrom(others: Map<string, Place[]>, these: Map<string, Place[]>): HostChange[] {
  return [...these]
    .filter(([host]) => !others.has(host))
    .map(([host, places]) => ({ host, places: places.sort((a, b) => (a.file < b.file ? -1 : 1)) }))
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}
