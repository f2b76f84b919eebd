// The image's own sources: what a build context has beside the user's zip.
import { join, resolve } from "node:path";
import { PROJECT_ROOT } from "../../config";

/** Dockerfile and what it copies. */
export const IMAGE_TEMPLATE = join(PROJECT_ROOT, "containers/redcap");

/** Left behind by a build in place: inputs are added to a copy, never taken from here. */
export const LEFT_OVER_INPUT = join(IMAGE_TEMPLATE, "input");

/** What CodeBuild runs, and the buildspec that names it. */
export const PIPELINE = join(PROJECT_ROOT, "containers/pipeline");

/** Where the user's zip of a version is: git ignores what is in releases/. REDCAP_RELEASES_FOLDER names another folder. */
export function releaseFile(version: string): string {
  const folder = resolve(PROJECT_ROOT, process.env.REDCAP_RELEASES_FOLDER ?? "releases");
  return join(folder, `redcap${version}.zip`);
}
