// Reads a stage's recovery kits in the backup account: which there are, and what is in them.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable, Transform, type Writable } from "node:stream";
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
    readonly destination: BackupDestinationConfig,
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
   * Writes every file of a kit into a folder, readable by the owner alone. Can be repeated: what is there is checked instead.
   * @returns names of the files
   * @throws UserError where a file is there with another content, or S3 gives another than the manifest names
   */
  async fetch({ manifest }: Kit, folder: string): Promise<string[]> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [file, object] of Object.entries(manifest.objects)) await this.download(file, object, folder);
    await writeOnce(join(folder, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
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

  private async download(file: string, { versionId, ...expected }: KeptObject, folder: string): Promise<void> {
    const path = join(folder, file);
    if (existsSync(path)) {
      if (await isContent(expected, createReadStream(path))) return;
      throw new UserError(`${path} is there already, with another content: name an empty folder.`);
    }
    const { Body } = await this.s3.send(
      new GetObjectCommand({ Bucket: this.bucket, Key: this.prefix + file, VersionId: versionId, ...this.owned }),
    );
    // Under a name of its own until it is whole: what a broken connection left is no file of the kit.
    const part = `${path}.part`;
    await rm(part, { force: true });
    const target = createWriteStream(part, { mode: OWNER_ONLY, flags: "wx" });
    const isRight = await isContent(expected, Body as Readable, target);
    if (isRight) return rename(part, path);
    await rm(part);
    throw new UserError(`${file} is not what the manifest names: choose another kit with --manifest.`);
  }

  private get owned() {
    return { ExpectedBucketOwner: this.destination.accountId };
  }
}

/** Whether the stream has this size and hash; copies it on the way. */
async function isContent(
  { size, sha256 }: Pick<KeptObject, "size" | "sha256">,
  from: Readable,
  to: Writable = new PassThrough().resume(),
): Promise<boolean> {
  const hash = createHash("sha256");
  let length = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      length += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(from, measure, to);
  return length === size && hash.digest("hex") === sha256;
}

/** Readable by the owner alone. @throws UserError where the file is there with another content */
export async function writeOnce(path: string, text: string): Promise<void> {
  if (!existsSync(path)) return writeFile(path, text, { mode: OWNER_ONLY, flag: "wx" });
  if ((await readFile(path, "utf8")) === text) return;
  throw new UserError(`${path} is there already, with another content: name an empty folder.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
