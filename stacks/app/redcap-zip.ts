// The user's zip of REDCap: a file in releases/, which a deployment uploads, or an object that is in S3 already.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { Annotations, AssetType, type ITerraformDependable, TerraformAsset } from "cdktf";
import type { Construct } from "constructs";
import { buildKeys, PROJECT_ROOT, partitionOf, type StageConfig } from "../../config";
import { releaseFile } from "../../scripts/image/template";
import type { Bucket } from "../bucket";

export interface RedcapZip {
  /** `bucket/key` */
  location: string;
  bucketArn: string;
  objectArn: string;
  /** Another one: the zip may be another. */
  version: string;
  /** What to depend on before the zip is read. */
  needs: ITerraformDependable[];
}

export function redcapZip(scope: Construct, stage: StageConfig, bucket: Bucket): RedcapZip {
  if (stage.redCapS3Path) {
    const [, name = "", key = ""] = /^([^/]+)\/(.+)$/.exec(stage.redCapS3Path) ?? [];
    const bucketArn = `arn:${partitionOf(stage.region)}:s3:::${name}`;
    return { location: stage.redCapS3Path, bucketArn, objectArn: `${bucketArn}/${key}`, version: "", needs: [] };
  }
  const object = upload(scope, stage.redCapLocalVersion as string, bucket);
  const { arn, bucket: name } = bucket.bucket;
  return {
    location: `${name}/${buildKeys.redcap}`,
    bucketArn: arn,
    objectArn: `${arn}/${buildKeys.redcap}`,
    version: object.versionId,
    needs: [object],
  };
}

/**
 * One key for all versions, so that another REDCap changes the object and destroys nothing. Where the file is not on this
 * machine, the object stays as it is: who restores at night, or reviews a plan, need not have REDCap. What would be built
 * then of the wrong zip is refused by the build, which compares the version.
 */
function upload(scope: Construct, version: string, { bucket, settings }: Bucket): S3Object {
  const file = releaseFile(version);
  const settled = { bucket: bucket.bucket, key: buildKeys.redcap, dependsOn: settings };
  if (existsSync(file)) {
    const hash = hashOnce(file);
    const asset = new TerraformAsset(scope, "redcap-zip", { path: file, type: AssetType.FILE, assetHash: hash });
    return new S3Object(scope, "redcap", { ...settled, source: asset.path, sourceHash: hash });
  }
  Annotations.of(scope).addWarning(
    `${file} is not on this machine. What was uploaded stays; a first deployment, or a build of another version, needs it: put REDCap's full zip there, or write redCapS3Path.`,
  );
  return new S3Object(scope, "redcap", {
    ...settled,
    // Terraform's error names it, where there is no object yet.
    source: file.slice(PROJECT_ROOT.length + 1),
    lifecycle: { ignoreChanges: ["source", "source_hash"] },
  });
}

const HASHES = join(PROJECT_ROOT, "node_modules/.cache/redcap-on-aws/zip-hashes.json");

/** SHA-256, hex. Read once per version of the file: a zip has 100 MB, and every plan of every stack comes by here. */
function hashOnce(file: string): string {
  const { size, mtimeMs } = statSync(file);
  const key = `${file} ${size} ${mtimeMs}`;
  const known: Record<string, string> = existsSync(HASHES) ? JSON.parse(readFileSync(HASHES, "utf8")) : {};
  if (known[key]) return known[key];
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex");
  mkdirSync(dirname(HASHES), { recursive: true });
  const others = Object.entries(known).filter(([other]) => !other.startsWith(`${file} `));
  const unfinished = `${HASHES}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(Object.fromEntries([...others, [key, hash]])));
  renameSync(unfinished, HASHES);
  return hash;
}
