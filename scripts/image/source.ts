// Inputs given as a path or as s3://bucket/key: afterwards they are files on this machine.
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
// Also turns off the SDK's warning of Node 20.
import "../aws";
import { UserError } from "../command";

export interface Source {
  /** Option that names it, for errors. */
  field: string;
  /** Path or s3://bucket/key. */
  reference: string;
  /** Existing folder that downloads may go to. */
  scratch: string;
}

const PARALLEL_DOWNLOADS = 16;

/**
 * @returns path of a file on this machine
 * @throws UserError where it is no file, or S3 does not give it
 */
export async function localFile({ field, reference, scratch }: Source): Promise<string> {
  const object = parseS3(field, reference);
  if (!object) {
    const file = resolve(reference);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    throw new UserError(`${field} ${reference}: there is no such file. Give a file's path, or s3://bucket/key.`);
  }
  if (!object.key || object.key.endsWith("/")) {
    throw new UserError(`${field} ${reference}: this names no object. Write s3://bucket/folder/file.zip.`);
  }
  const file = join(mkdtempSync(join(scratch, "s3-")), object.key.split("/").at(-1) as string);
  await asking(field, reference, (client) => download(client, object.bucket, object.key, file));
  return file;
}

/**
 * @returns path of a folder on this machine; of S3, everything below the prefix
 * @throws UserError where it is no folder, or S3 has nothing there
 */
export async function localFolder({ field, reference, scratch }: Source): Promise<string> {
  const object = parseS3(field, reference);
  if (!object) {
    const folder = resolve(reference);
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
    throw new UserError(`${field} ${reference}: there is no such folder. Give a folder's path, or s3://bucket/prefix.`);
  }
  const folder = mkdtempSync(join(scratch, "s3-"));
  const prefix = object.key && `${object.key.replace(/\/+$/, "")}/`;
  await asking(field, reference, async (client) => {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: object.bucket, Prefix: prefix })) {
      for (const { Key } of page.Contents ?? []) if (Key && !Key.endsWith("/")) keys.push(Key);
    }
    if (!keys.length) throw new UserError(`${field} ${reference}: there is nothing in S3 below this prefix.`);
    for (let at = 0; at < keys.length; at += PARALLEL_DOWNLOADS) {
      const some = keys.slice(at, at + PARALLEL_DOWNLOADS);
      await Promise.all(some.map((key) => download(client, object.bucket, key, inside(key))));
    }
  });
  return folder;

  /** Keys are any text: one with `..` must not lead out of the folder. */
  function inside(key: string): string {
    const file = resolve(folder, key.slice(prefix.length));
    if (file.startsWith(folder + sep) && !existsSync(file)) return file;
    throw new UserError(`${field} ${reference}: the key "${key}" is no path of a file. Rename the object.`);
  }
}

/** @returns undefined for a path */
function parseS3(field: string, reference: string): { bucket: string; key: string } | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(reference)) return undefined;
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(reference) ?? [];
  if (!bucket) throw new UserError(`${field} ${reference}: give a path on this machine, or s3://bucket/key.`);
  return { bucket, key: key ?? "" };
}

async function download(client: S3Client, bucket: string, key: string, file: string): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  mkdirSync(dirname(file), { recursive: true });
  await pipeline(Body as Readable, createWriteStream(file));
}

/** Credentials are those of the environment or of AWS_PROFILE. S3 says where a bucket is, so any region will do to ask. */
async function asking(field: string, reference: string, work: (client: S3Client) => Promise<void>): Promise<void> {
  const region = await new S3Client().config.region().catch(() => "us-east-1");
  const client = new S3Client({ region, followRegionRedirects: true });
  try {
    await work(client);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { name, message } = error as Error;
    throw new UserError(
      `${field} ${reference}: S3 does not give it (${name}: ${message}). ` +
        "Are bucket and key right, AWS_PROFILE or credentials set, and s3:GetObject and s3:ListBucket allowed?",
    );
  } finally {
    client.destroy();
  }
}
