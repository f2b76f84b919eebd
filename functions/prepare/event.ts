// What the function is asked: by the app stack, before the service is created or given another image.
import * as z from "zod";

const prepare = z.strictObject({
  taskDefinition: z.string().startsWith("arn:").describe("Revision of the task that runs `prepare`."),
});

export type PrepareEvent = z.infer<typeof prepare>;

/** @throws Error with one line that names each wrong field */
export function parseEvent(event: unknown): PrepareEvent {
  const result = prepare.safeParse(event);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "event"}: ${issue.message}`);
  throw new Error(`Invalid event. ${problems.join(" ")}`);
}
