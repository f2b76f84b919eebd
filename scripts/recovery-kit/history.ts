// A stage's kits one after the other: which hold the same, what changed when, and which one to take.
import { FILES } from "../../functions/recovery-kit/manifest";
import { UserError } from "../command";
import type { Kit } from "./kit";

/** Kits one after the other that hold the same, as one: each with the newest, and since when. Newest first. */
export function distinct(kits: Kit[]): { newest: Kit; since: Date }[] {
  const groups: { newest: Kit; since: Date }[] = [];
  for (const kit of kits) {
    const last = groups.at(-1);
    if (last && changedFiles(last.newest, kit).length === 0) last.since = kit.time;
    else groups.push({ newest: kit, since: kit.time });
  }
  return groups;
}

const hashOf = ({ manifest }: Kit, file: string): string | undefined => manifest.objects[file]?.sha256;

const filesOf = (kits: Kit[]): string[] => [...new Set(kits.flatMap(({ manifest }) => Object.keys(manifest.objects)))];

/** Files that are others in two kits, or in one of them only. */
export const changedFiles = (kit: Kit, other: Kit): string[] =>
  filesOf([kit, other]).filter((file) => hashOf(kit, file) !== hashOf(other, file));

export interface LastChange {
  file: string;
  /** Whether the kit lacks it, and one from before does not. */
  isGone: boolean;
  /** The first kit since which it has been as it is. */
  first: Kit;
  /** The one before that, in which it was another; none where it was always the same. */
  before: Kit | undefined;
}

/** @param kits newest first */
export function lastChanges(kit: Kit, kits: Kit[]): LastChange[] {
  const [, ...earlier] = kits.slice(kits.indexOf(kit));
  return filesOf([kit, ...earlier]).map((file) => {
    const hash = hashOf(kit, file);
    const changed = earlier.findIndex((other) => hashOf(other, file) !== hash);
    const first = (changed < 0 ? earlier.at(-1) : earlier[changed - 1]) ?? kit;
    return { file, isGone: hash === undefined, first, before: earlier[changed] };
  });
}

const saltOf = (kit: Kit): string | undefined => hashOf(kit, FILES.salt);

/** Whether its salt is another than that of the oldest kit. REDCap's salt never changes: one of them is not the stage's. */
export function hasOtherSalt(kit: Kit, kits: Kit[]): boolean {
  const oldest = kits.findLast((entry) => saltOf(entry) !== undefined);
  return oldest !== undefined && saltOf(kit) !== saltOf(oldest);
}

/**
 * The kit with this version of the manifest, else the newest.
 * @throws UserError where there is none, or the newest holds another salt than those before
 */
export function choose(kits: Kit[], versionId: string | undefined): Kit {
  const chosen = versionId === undefined ? kits[0] : kits.find((kit) => kit.versionId === versionId);
  if (!chosen) throw new UserError(`--manifest ${versionId}: there is no such kit. See npm run recovery-kit -- list.`);
  if (versionId === undefined && hasOtherSalt(chosen, kits))
    throw new UserError(
      "The newest kit holds another salt than the oldest, or none, and REDCap's salt never changes: whoever took the stage over may have written it. Choose one from before with --manifest; npm run recovery-kit -- list shows them.",
    );
  return chosen;
}
