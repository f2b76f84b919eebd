// What the function is asked and what it answers: the contract with the app stack and the restore runbook. Secrets Manager
// asks it for the steps of a rotation.
import * as z from "zod";
import { hasAction, parse, type RotationEvent, rotationEvent } from "../shared/event";

const cluster = z.strictObject({
  identifier: z.string().min(1).describe("Identifier of the cluster, kept in the secrets as dbClusterIdentifier."),
  host: z.string().min(1).describe("Writer endpoint."),
  port: z.number().int().min(1).max(65_535),
  masterSecretArn: z.string().startsWith("arn:").describe("Secret that RDS manages for the master user."),
});

const ensure = z.strictObject({
  action: z.literal("ensure"),
  cluster,
  writeSecrets: z
    .boolean()
    .default(true)
    .describe("false leaves the secrets as they are: for a restored cluster beside the live one."),
});

const check = z.strictObject({ action: z.literal("check"), cluster: cluster.partial({ masterSecretArn: true }) });

export const databaseUsersEvent = z.discriminatedUnion("action", [ensure, check]);

export type EnsureEvent = z.infer<typeof ensure>;
export type CheckEvent = z.infer<typeof check>;
/** What a caller sends; defaults may be left out. */
export type DatabaseUsersEvent = z.input<typeof databaseUsersEvent>;

export interface EnsureResult {
  users: string[];
  /** Names or ARNs of the secrets that got a new value. */
  secretsWritten: string[];
}

export interface CheckResult {
  database: string;
  tables: number;
  /** Sum of tableRows. */
  rows: number;
  /** Exact, except for tables too large to count in time: those have the engine's estimate. */
  tableRows: Record<string, number>;
  /** Largest `ts` of REDCap's event logs (YYYYMMDDHHMMSS, the application's time zone); null where there is none. */
  newestLogEvent: string | null;
}

/** @throws Error with one line that names each wrong field */
export const parseEvent = (event: unknown): EnsureEvent | CheckEvent | RotationEvent =>
  hasAction(event) ? parse(databaseUsersEvent, event) : parse(rotationEvent, event);
