// What the function is asked: by the app stack, before the service is created or given another image.
import * as z from "zod";

export const prepareEvent = z.strictObject({
  taskDefinition: z.string().startsWith("arn:").describe("Revision of the task that runs `prepare`."),
});
