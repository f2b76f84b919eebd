// What the function is asked, and what it answers.
import * as z from "zod";

export const recoveryKitEvent = z.strictObject({
  action: z
    .enum(["deployed", "daily"])
    .describe(
      "After a deployment, a kit that is not there yet is told of and no error: either account may come first.",
    ),
  deployment: z.record(z.string(), z.unknown()).describe("The stage's configuration, as stages.ts would have it."),
});

export interface RecoveryKitResult {
  /** Whether all of it is kept. */
  kept: boolean;
  /** Files that got a new version, beside the manifest. */
  written: string[];
  /** Why it is not. */
  reason?: string;
  /** When that was. */
  time?: string;
}
