// Where acknowledgements are: a file beside the stages, in the fork of those who deploy.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";
import { UserError } from "../command";
import { type Acknowledgements, parseAcknowledgements } from "./acknowledgements";

export const ACKNOWLEDGEMENTS_FILE = "acknowledged-dangers.txt";

export interface AcknowledgementSources {
  /** File of acknowledgements; one that is not named may be missing. */
  acknowledged?: string | undefined;
  /** Further lines. */
  acknowledge?: string[];
}

/** @throws UserError if a file that is named is not there */
export function acknowledgementsOf({ acknowledged, acknowledge = [] }: AcknowledgementSources): Acknowledgements {
  const file = acknowledged ?? join(PROJECT_ROOT, ACKNOWLEDGEMENTS_FILE);
  if (acknowledged !== undefined && !existsSync(file)) throw new UserError(`${file} is not there.`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${file} is a folder; name the file of acknowledgements.`);
  const lines = existsSync(file) ? readFileSync(file, "utf8") : "";
  return parseAcknowledgements([lines, ...acknowledge].join("\n"));
}
