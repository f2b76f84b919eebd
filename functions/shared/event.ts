// What functions are asked: refused in one line where it is not as agreed, and the event that Secrets Manager rotates with.
import * as z from "zod";

/** Secrets Manager's own names (its user guide, Lambda rotation functions). It may send more than these. */
export const rotationEvent = z.object({
  Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  SecretId: z.string().min(1).describe("ARN of the secret."),
  ClientRequestToken: z.string().min(1).describe("Id of the version that the rotation makes."),
});

export type RotationEvent = z.infer<typeof rotationEvent>;

/** Whether the event is one of the project's own, and not Secrets Manager's. */
export const hasAction = (event: unknown): boolean => typeof event === "object" && event !== null && "action" in event;

const ensure = z.strictObject({ action: z.literal("ensure") });

/** What a function is asked that keeps one secret: by the app stack for a first value, by Secrets Manager for a step. */
export type SecretEvent = z.infer<typeof ensure> | RotationEvent;

/** @throws Error with one line that names each wrong field */
export const parseSecretEvent = (event: unknown): SecretEvent =>
  hasAction(event) ? parse(ensure, event) : parse(rotationEvent, event);

/** @throws Error with one line that names each wrong field */
export function parse<T>(shape: z.ZodType<T>, event: unknown): T {
  const result = shape.safeParse(event);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "event"}: ${issue.message}`);
  throw new Error(`Invalid event. ${problems.join(" ")}`);
}
