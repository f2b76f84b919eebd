// One run: writes what has changed, or whose lock has half run out, and the manifest of it all.
import { type KitBucket, KitRefuses } from "./bucket";
import type { RecoveryKitResult } from "./event";
import { FILES, type Manifest } from "./manifest";
import type { Entries, Entry, Memory } from "./memory";
import type { Part } from "./parts";

export interface Kit {
  stage: string;
  accountId: string;
  region: string;
  project: string;
  bucket: KitBucket;
  memory: Pick<Memory, "recall" | "remember">;
  /** Days that the bucket locks each version. */
  lockDays: number;
  /** By the file's name. A part that cannot be made leaves what is kept of it. */
  parts: Record<string, () => Promise<Part>>;
}

const DAY_MS = 86_400_000;

/**
 * The manifest is written at every run: it is small, and nothing else shows that the kit could still be written.
 * @throws KitRefuses where the bucket does not take it; Error naming what could not be kept, after the rest was
 */
export async function keep(kit: Kit, now = new Date()): Promise<RecoveryKitResult> {
  const known = await kit.memory.recall();
  const entries: Entries = {};
  const objects: Manifest["objects"] = {};
  const written: string[] = [];
  const failures: string[] = [];
  let isWhole = true;
  for (const [file, make] of Object.entries(kit.parts)) {
    const before = known[file];
    try {
      const part = await make();
      const isKept = before?.mark === part.mark && !mustRenew(before, kit.lockDays, now);
      const after = isKept ? before : await store(kit, file, part, now);
      if (!isKept) written.push(file);
      entries[file] = after;
      objects[file] = inManifest(after, part.sha256 ?? after.sha256 ?? "");
    } catch (error) {
      if (error instanceof KitRefuses) throw error;
      failures.push(`${file}: ${(error as Error).message}`);
      if (!before) continue;
      entries[file] = before;
      if (before.sha256) objects[file] = inManifest(before, before.sha256);
      else isWhole = false;
    }
  }
  const { stage, accountId, region, project } = kit;
  const manifest: Manifest = { format: 1, stage, accountId, region, time: now.toISOString(), project, objects };
  // Else the newest manifest would lack what the one before has.
  if (isWhole)
    await kit.bucket.put(`${stage}/${FILES.manifest}`, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  await kit.memory.remember(entries);
  if (failures.length > 0) throw new Error(`Not kept: ${failures.join(" ")}`);
  return { kept: true, written };
}

/** At half, so that a month of failures does not leave it open. */
const mustRenew = ({ writtenAt }: Entry, lockDays: number, now: Date): boolean =>
  now.getTime() - Date.parse(writtenAt) > (lockDays / 2) * DAY_MS;

async function store({ stage, bucket }: Kit, file: string, part: Part, now: Date): Promise<Entry> {
  const { versionId, sha256 } = await part.store(bucket, `${stage}/${file}`);
  const entry = { mark: part.mark, versionId, writtenAt: now.toISOString(), size: part.size };
  // What is read at each run is hashed at each run.
  return part.sha256 ? entry : { ...entry, sha256 };
}

const inManifest = ({ versionId, writtenAt, size }: Entry, sha256: string) => ({ versionId, writtenAt, size, sha256 });
