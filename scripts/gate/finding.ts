// What a finding is: something that a plan does and a person must know of.
import type { Change } from "./change";

/** Sections of a review, in the order of what is worst. */
export const CONCERNS = {
  plan: "The plan itself",
  loss: "Destroyed, replaced or no longer protected",
  network: "Network opened",
  access: "Access widened",
  backup: "Backup weakened",
  encryption: "Encryption weakened",
  drift: "Changed outside Terraform since the last apply",
  import: "Imported into the state",
  move: "Moved within the state",
} as const;
export type Concern = keyof typeof CONCERNS;

/** A danger stops the pull request until somebody acknowledges it; a notice only informs. */
export type Level = "danger" | "notice";

export interface Finding {
  concern: Concern;
  level: Level;
  /** What is done, as an acknowledgement names it, e.g. `replace` or `shorten-retention`. */
  action: string;
  /** Address in Terraform; empty for what concerns the whole plan. */
  address: string;
  /** One sentence; values stand between backquotes, and are never sensitive. */
  what: string;
  /** Attributes that force a replacement, or Terraform's own reason. */
  because?: string[];
  /** Key of an object that a failed replacement left behind at the address. */
  deposed?: string;
}

/** What a detector says of the change that it was given. */
export type Detected = Pick<Finding, "level" | "action" | "what" | "because">;

/** Looks for one kind of thing in one change that creates, updates, deletes or forgets. Pure. */
export type Detector = (change: Change) => Detected | Detected[] | undefined;

/** The finding in words, as every format shows it. */
export const sentence = ({ what, because = [] }: Finding): string =>
  because.length > 0 ? `${what}: ${because.join(", ")}` : what;

/** Actions that no apply by a command of this project carries out, acknowledged or not. */
const LOSSES: ReadonlySet<string> = new Set(["destroy", "destroy-deposed", "replace", "forget"]);

export const isLoss = ({ level, action }: Finding): boolean => level === "danger" && LOSSES.has(action);

export const danger = (action: string, what: string): Detected => ({ level: "danger", action, what });
export const notice = (action: string, what: string): Detected => ({ level: "notice", action, what });
