// What an access key is for: the form in which the container wants it, and the proof that it works.
import type * as z from "zod";
import type { AccessKey } from "./user";

/** @typeParam Value what the secret holds, as JSON */
export interface Purpose<Value> {
  schema: z.ZodType<Value>;
  valueOf(key: AccessKey): Value;
  /** Id of the key that a value came from. */
  keyId(value: Value): string;
  /** Returns once the service takes it. @throws Error with the key's id, never with a value, where it does not */
  waitUntilAccepted(value: Value): Promise<void>;
}
