// The folder that a container engine builds the image from: containers/redcap/ and what the user brings.
import { constants, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { IMAGE_BASES, type PhpVersion } from "../../config";
import { UserError } from "../command";
import type { RdsCa } from "./rds-ca";
import { openRedcapZip, type RedcapZip } from "./redcap-zip";
import { IMAGE_TEMPLATE } from "./template";

/** Folders of a REDCap that users add to. */
export const ADDITIONS = ["modules", "languages", "hooks"] as const;
/** No part of a module, and not for the web. */
const NOT_COPIED = new Set([".git", ".svn", ".hg", ".DS_Store"]);

export interface ContextOptions {
  /** Where to prepare it: absent or empty. */
  folder: string;
  /** REDCap's zip on this machine. */
  redcap: string;
  rdsCa: Pick<RdsCa, "file" | "sha256">;
  /** Folder with any of modules/, languages/ and hooks/. */
  additions?: string | undefined;
  phpVersion: PhpVersion;
  /** Known weakness that the user accepts, by the name that the build gave when it refused, such as a CVE's. */
  acceptRisk?: string | undefined;
  /** The image's own files. Default: containers/redcap. */
  template?: string;
}

export interface Context {
  folder: string;
  /** REDCap's, from the zip. */
  version: string;
  /** ARGs of the Dockerfile. Shown by `docker history`: nothing secret belongs here. */
  buildArgs: Record<string, string>;
}

/**
 * What is wrong with the user's own input is said before an engine or the network is asked for.
 * @returns the zip, open
 * @throws UserError naming the option that is wrong
 */
export async function checkInput({
  folder,
  redcap,
  additions,
  template = IMAGE_TEMPLATE,
}: Pick<ContextOptions, "folder" | "redcap" | "additions" | "template">): Promise<RedcapZip> {
  if (!existsSync(join(template, "Dockerfile")))
    throw new UserError(`${template} has no Dockerfile. Is the checkout whole?`);
  requireEmpty(resolve(folder));
  const zip = await openRedcapZip(redcap, "--redcap");
  if (additions) checkAdditions(additions);
  return zip;
}

/**
 * Checks all of the input, then writes the folder.
 * @throws UserError naming the option that is wrong; nothing is written then
 */
export async function prepareContext(options: ContextOptions): Promise<Context> {
  const { redcap, rdsCa, additions, phpVersion, acceptRisk, template = IMAGE_TEMPLATE } = options;
  const folder = resolve(options.folder);
  const { version } = await checkInput(options);

  const unwanted = join(template, "input");
  cpSync(template, folder, { recursive: true, filter: (file) => file !== unwanted });
  const input = join(folder, "input");
  for (const name of ADDITIONS) {
    const to = join(input, "additions", name);
    mkdirSync(to, { recursive: true });
    const from = additions && join(additions, name);
    if (from && existsSync(from)) {
      cpSync(from, to, { recursive: true, filter: (file) => !NOT_COPIED.has(basename(file)) });
    }
  }
  await copyFile(rdsCa.file, join(input, "rds-ca.pem"));
  await copyFile(redcap, join(input, "redcap.zip"), constants.COPYFILE_FICLONE);
  const buildArgs = {
    DEBIAN_RELEASE: IMAGE_BASES[phpVersion],
    RDS_CA_SHA256: rdsCa.sha256,
    ...(acceptRisk && { ACCEPT_RISK: acceptRisk }),
  };
  return { folder, version, buildArgs };
}

function requireEmpty(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found || (found.isDirectory() && readdirSync(folder).length === 0)) return;
  throw new UserError(`--context-only ${folder}: it exists and is not empty. Name a new folder, or empty this one.`);
}

/** A misspelt folder would be left out of the image without a word; a link would bring in what lies elsewhere. */
function checkAdditions(additions: string): void {
  const allowed = ADDITIONS.map((name) => `${name}/`).join(", ");
  const top = readdirSync(additions).filter((name) => !name.startsWith("."));
  const known = top.filter((name) => (ADDITIONS as readonly string[]).includes(name));
  const unknown = top.filter((name) => !known.includes(name));
  if (unknown.length || !known.length) {
    const has = unknown.length ? `unknown at its top: ${unknown.join(", ")}` : "nothing to add is in it";
    throw new UserError(`--additions ${additions}: ${has}. Allowed are the folders ${allowed}.`);
  }
  for (const name of known) {
    const folder = join(additions, name);
    if (!lstatSync(folder).isDirectory()) throw new UserError(`--additions ${folder}: this is no folder.`);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() || entry.isDirectory()) continue;
      const path = relative(additions, join(entry.parentPath, entry.name));
      throw new UserError(`--additions ${additions}: ${path} is a link or a device. Put the file itself there.`);
    }
  }
}
