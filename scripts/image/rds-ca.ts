// Amazon's certificate authorities for RDS, by which the image verifies the database: found, and checked by hash.
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../command";
import { cacheFolder } from "../providers/mirror";

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html */
const BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";
const TIMEOUT_MS = 30_000;

export interface RdsCaOptions {
  /** The bundle as a file; default: downloaded. */
  file?: string | undefined;
  /** Of the bundle, in hex. Required for a download; a given file is then checked, too. */
  sha256?: string | undefined;
  /** The command as typed, to be repeated with the hash. */
  command?: string;
  /** Default: the project's folder in the user's cache. */
  cache?: string;
  /** Default: Amazon's global bundle. */
  url?: string;
}

export interface RdsCa {
  file: string;
  sha256: string;
  certificates: number;
  /** Subjects of certificates past their date. They verify nothing any more, so they do no harm, either. */
  expired: string[];
}

/**
 * The bundle changes whenever Amazon adds a certificate authority, so its hash is the caller's to pin, not the code's: a
 * download without one is refused with the hash that it has. A downloaded bundle is kept in the cache, by its hash.
 * @throws UserError for another hash than the pinned one, what is no PEM, and a bundle of which all has expired
 */
export async function findRdsCa(options: RdsCaOptions): Promise<RdsCa> {
  const pinned = options.sha256?.toLowerCase();
  const file = options.file ? resolve(options.file) : await downloaded(options, pinned);
  if (!existsSync(file)) throw new UserError(`--rds-ca ${options.file}: there is no such file.`);
  const bundle = readFileSync(file);
  const sha256 = hash(bundle);
  if (pinned !== undefined && sha256 !== pinned) {
    throw new UserError(`--rds-ca ${file}: its SHA-256 is ${sha256}, --rds-ca-sha256 says ${pinned}. Which is right?`);
  }
  return { file, sha256, ...checkBundle(bundle.toString("latin1"), options.file ? `--rds-ca ${file}` : BUNDLE) };
}

/**
 * As findRdsCa, for a person's command: a given file, too, goes in only by the hash that the person gives.
 * @throws UserError as findRdsCa, and without a hash, with the one that the file has
 */
export async function findPinnedRdsCa(options: RdsCaOptions): Promise<RdsCa> {
  const found = await findRdsCa(options);
  if (options.sha256 === undefined) throw unpinned(`--rds-ca ${found.file}`, found, options);
  return found;
}

function unpinned(bundle: string, found: Pick<RdsCa, "sha256" | "certificates">, options: RdsCaOptions): UserError {
  const repeat = `${options.command ?? "npm run image -- build …"} --rds-ca-sha256 ${found.sha256}`;
  return new UserError(
    "--rds-ca-sha256 is missing: without it nobody would notice another bundle. " +
      `${bundle} has the SHA-256 ${found.sha256} (certificate authorities in it: ${found.certificates}). Compare it over ` +
      `another network (curl -s ${options.url ?? BUNDLE} | sha256sum), keep it, and give the command again:\n  ${repeat}`,
  );
}

async function downloaded(options: RdsCaOptions, pinned: string | undefined): Promise<string> {
  const folder = join(options.cache ?? cacheFolder(), "rds-ca");
  const kept = (sha256: string) => join(folder, `${sha256}.pem`);
  if (pinned && existsSync(kept(pinned)) && hash(readFileSync(kept(pinned))) === pinned) return kept(pinned);
  const url = options.url ?? BUNDLE;
  const bundle = await download(url);
  const sha256 = hash(bundle);
  const { certificates } = checkBundle(bundle.toString("latin1"), url);
  mkdirSync(folder, { recursive: true });
  // Whole or not at all: two commands may run at once.
  writeFileSync(`${kept(sha256)}.${process.pid}`, bundle);
  renameSync(`${kept(sha256)}.${process.pid}`, kept(sha256));
  if (sha256 === pinned) return kept(sha256);
  if (!pinned) throw unpinned(`The one at ${url}`, { sha256, certificates }, options);
  throw new UserError(
    `--rds-ca-sha256 ${pinned}: the bundle at ${url} has ${sha256} now. Amazon adds authorities from time to time; ` +
      `compare it over another network, then replace the hash:\n  --rds-ca-sha256 ${sha256}`,
  );
}

async function download(url: string): Promise<Buffer> {
  // Unlike Node's own fetch, it goes through HTTPS_PROXY where one is set.
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const answer = await fetch(url, { dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new UserError(
      `${url} cannot be downloaded (${reason}). Download it elsewhere and give it with --rds-ca <file>.`,
    );
  } finally {
    await dispatcher.destroy();
  }
}

function checkBundle(text: string, name: string): Pick<RdsCa, "certificates" | "expired"> {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (!blocks.length)
    throw new UserError(`${name}: no certificate in PEM form ("-----BEGIN CERTIFICATE-----") is in it.`);
  const expired: string[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      const { subject, validTo } = new X509Certificate(block);
      if (Date.parse(validTo) < Date.now()) expired.push(`${subject.split("\n").at(-1)} (${validTo})`);
    } catch (error) {
      throw new UserError(`${name}: certificate ${index + 1} cannot be read (${(error as Error).message}).`);
    }
  }
  if (expired.length === blocks.length) {
    throw new UserError(
      `${name}: every certificate in it has expired, the last one ${expired.at(-1)}. Get today's: ${BUNDLE}`,
    );
  }
  return { certificates: blocks.length, expired };
}

const hash = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
