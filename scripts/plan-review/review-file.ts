// A review as `--format json` wrote it in another job. Its shape is checked; whether it is true is that job's.
import { z } from "zod";
import { CONCERNS, type Concern } from "../gate/finding";
import type { ReviewContent } from "./review";

const text = z.string();
const name = z.string().regex(/^[\w-]+$/, "letters, digits, hyphens and underscores");
const count = z.number().int().min(0);
const acknowledgement = z.strictObject({
  line: text,
  stack: text,
  action: text,
  address: text,
  reason: text.optional(),
});

const review = z.object({
  version: z.literal(1, "only version 1 is known"),
  stacks: z.array(
    z.object({
      stack: name,
      counts: z.object({
        create: count,
        update: count,
        replace: count,
        destroy: count,
        import: count,
        move: count,
        outputs: count,
      }),
      findings: z.array(
        z.object({
          concern: z.enum(Object.keys(CONCERNS) as [Concern, ...Concern[]]),
          level: z.enum(["danger", "notice"]),
          action: name,
          address: text,
          what: text,
          because: z.array(text).optional(),
          deposed: text.optional(),
          path: text,
          acknowledgedBy: acknowledgement.optional(),
        }),
      ),
      groups: z.array(
        z.object({
          path: text,
          changes: z.array(
            z.object({
              address: text,
              path: text,
              actions: z.array(z.enum(["no-op", "create", "read", "update", "delete", "forget"])),
              attributes: z.array(text),
            }),
          ),
        }),
      ),
      costs: z.object({
        standingUsd: z.number(),
        more: z.record(text, count),
        less: z.record(text, count),
        resized: z.array(text),
        notKnownYet: z.array(text),
      }),
    }),
  ),
  refusedAcknowledgements: z.array(z.object({ line: text, because: text })),
  unusedAcknowledgements: z.array(acknowledgement),
});

/** @throws Error naming the field that is wrong */
export function parseReview(json: string): ReviewContent {
  const parsed = review.safeParse(JSON.parse(json));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`it is not what --format json writes: ${issue?.path.join(".")}: ${issue?.message}.`);
  }
  const { version: _, ...found } = parsed.data;
  return found as ReviewContent;
}
