// What the function is asked: by the app stack for a first key, by Secrets Manager for a step of a rotation.
import * as z from "zod";

const ensure = z.strictObject({ action: z.literal("ensure") });

/** Secrets Manager's own names (its user guide, Lambda rotation functions). It may send more than these. */
const rotation = z.object({
  Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  SecretId: z.string().min(1).describe("ARN of the secret."),
  ClientRequestToken: z.string().min(1).describe("Id of the version that the rotation makes."),
});

export type RotationEvent = z.infer<typeof rotation>;
export type AccessKeyEvent = z.infer<typeof ensure> | RotationEvent;

/** @throws Error with one line that names each wrong field */
export function parseEvent(event: unknown): AccessKeyEvent {
  const isAction = typeof event === "object" && event !== null && "action" in event;
  const result = (isAction ? ensure : rotation).safeParse(event);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "event"}: ${issue.message}`);
  throw new Error(`Invalid event. ${problems.join(" ")}`);
}
