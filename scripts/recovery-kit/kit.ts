// Reads a stage's recovery kits in the backup account: which there are, and what is in them.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, ListObjectVersionsCommand, type ObjectVersion, S3Client } from "@aws-sdk/client-s3";
import { type BackupDestinationConfig, recoveryKitBucket, recoveryKitPrefix, type StageConfig } from "../../config";
import {
  FILES,
  type KeptObject,
  type Manifest,
  manifest as manifestShape,
} from "../../functions/recovery-kit/manifest";
import { clientConfig } from "../aws";
import { UserError } from "../command";

/** One manifest, with what S3 knows of it: nobody can make up that. */
export interface Kit {
  versionId: string;
  /** When S3 took it. */
  time: Date;
  manifest: Manifest;
}

/** Manifests read at the same time. */
const AT_ONCE = 10;
const OWNER_ONLY = 0o600;

export class KitReader {
  private readonly s3: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(
    private readonly destination: BackupDestinationConfig,
    readonly stage: StageConfig,
    client?: S3Client,
  ) {
    this.s3 = client ?? new S3Client(clientConfig(destination));
    this.bucket = recoveryKitBucket(destination);
    this.prefix = recoveryKitPrefix(stage);
  }

  /** Newest first. What is no manifest is left out. @throws UserError where there is none */
  async kits(): Promise<Kit[]> {
    const versions = await this.manifestVersions();
    const kits: Kit[] = [];
    for (let start = 0; start < versions.length; start += AT_ONCE) {
      const read = await Promise.all(versions.slice(start, start + AT_ONCE).map((version) => this.kit(version)));
      kits.push(...read.flatMap((kit) => (kit ? [kit] : [])));
    }
    if (kits.length === 0)
      throw new UserError(
        `There is no recovery kit of stage ${this.stage.name} in s3://${this.bucket}/${this.prefix}: is backup-destination deployed, and the stage after it?`,
      );
    return kits.sort((a, b) => b.time.getTime() - a.time.getTime());
  }

  /**
   * Writes every file of a kit into a folder, readable by the owner alone.
   * @returns names of the files
   * @throws UserError where a file is there already, or S3 gives another content than the manifest names
   */
  async fetch({ manifest }: Kit, folder: string): Promise<string[]> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [file, object] of Object.entries(manifest.objects)) await this.download(file, object, folder);
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await writeFile(join(folder, FILES.manifest), text, { mode: OWNER_ONLY, flag: "wx" });
    return Object.keys(manifest.objects);
  }

  private async manifestVersions(): Promise<ObjectVersion[]> {
    const Key = this.prefix + FILES.manifest;
    const found: ObjectVersion[] = [];
    let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    do {
      const page = await this.s3.send(
        new ListObjectVersionsCommand({ Bucket: this.bucket, Prefix: Key, ...this.owned, ...marker }),
      );
      found.push(...(page.Versions ?? []).filter((version) => version.Key === Key));
      marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    } while (marker.KeyMarker);
    return found;
  }

  private async kit({ VersionId = "", LastModified = new Date(0) }: ObjectVersion): Promise<Kit | undefined> {
    const Key = this.prefix + FILES.manifest;
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key, VersionId, ...this.owned }));
    const manifest = manifestShape.safeParse(parsed((await Body?.transformToString()) ?? ""));
    return manifest.success ? { versionId: VersionId, time: LastModified, manifest: manifest.data } : undefined;
  }

  private async download(file: string, { versionId, size, sha256 }: KeptObject, folder: string): Promise<void> {
    const path = join(folder, file);
    const hash = createHash("sha256");
    let length = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _, done) {
        hash.update(chunk);
        length += chunk.length;
        done(null, chunk);
      },
    });
    const { Body } = await this.s3.send(
      new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + file, VersionId: versionId, ...this.owned }),
    );
    const target = createWriteStream(path, { mode: OWNER_ONLY, flags: "wx" });
    await pipeline(Body as Readable, measure, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      throw new UserError(`${path} is there already: name an empty folder.`);
    });
    if (length === size && hash.digest("hex") === sha256) return;
    await rm(path);
    throw new UserError(`${file} is not what the manifest names: choose another kit with --manifest.`);
  }

  private get owned() {
    return { ExpectedBucketOwner: this.destination.accountId };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Kits one after the other that hold the same, as one: each with the newest, and since when. Newest first. */
export function distinct(kits: Kit[]): { newest: Kit; since: Date }[] {
  const content = ({ manifest }: Kit) =>
    Object.entries(manifest.objects)
      .map(([file, { sha256 }]) => `${file} ${sha256}`)
      .sort()
      .join();
  const groups: { newest: Kit; since: Date }[] = [];
  for (const kit of kits) {
    const last = groups.at(-1);
    if (last && content(last.newest) === content(kit)) last.since = kit.time;
    else groups.push({ newest: kit, since: kit.time });
  }
  return groups;
}

const saltOf = ({ manifest }: Kit): string | undefined => manifest.objects[FILES.salt]?.sha256;

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
