// What a person may write after `npm run image --`, checked before anything is done.
import { z } from "zod";
import { IMAGE_BASES, type PhpVersion } from "../../config";
import { UserError } from "../command";
import { ENGINES } from "./engine";

/** https://pkg.go.dev/github.com/distribution/reference: [host[:port]/]path[:tag] */
const IMAGE_NAME =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?$/;

const PHP_VERSIONS = Object.keys(IMAGE_BASES) as PhpVersion[];

const given = z.string().min(1, "is empty. Leave it out, or give a value.");

const buildFlags = z
  .strictObject({
    redcap: given,
    php: z.enum(PHP_VERSIONS, `is no PHP version of this image. Allowed: ${PHP_VERSIONS.join(", ")}.`),
    acceptRisk: z
      .string()
      .regex(/^[A-Z][\w-]*$/, "is no name of a risk. Write it as the refused build names it, such as CVE-2026-12345.")
      .optional(),
    previous: given.optional(),
    additions: given.optional(),
    rdsCa: given.optional(),
    rdsCaSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "is no SHA-256: write its 64 hexadecimal digits.")
      .optional(),
    tag: z
      .string()
      .max(255, "is too long.")
      .regex(IMAGE_NAME, "is no image name. Write name:tag, in lower case, such as redcap:17.4.4.")
      .optional(),
    engine: z.enum(ENGINES, `is no engine this command knows. Allowed: ${ENGINES.join(", ")}.`).optional(),
    contextOnly: given.optional(),
    report: given.optional(),
  })
  .refine(({ report, previous }) => !report || previous, {
    path: ["report"],
    message: "has nothing to hold without --previous: it is the comparison of two zips.",
  })
  .refine(({ contextOnly, engine }) => !contextOnly || !engine, {
    path: ["engine"],
    message: "is not used with --context-only, which builds nothing. Leave one of them out.",
  });

const compareFlags = z.strictObject({
  previous: given,
  next: given,
  format: z.enum(["md", "json"], "is no format. Allowed: md, json."),
  out: given.optional(),
});

export type BuildFlags = z.infer<typeof buildFlags>;
export type CompareFlags = z.infer<typeof compareFlags>;

/** @throws UserError with a line for each wrong option */
export const parseBuildFlags = (input: unknown): BuildFlags => parse(buildFlags, input);
/** @throws UserError with a line for each wrong option */
export const parseCompareFlags = (input: unknown): CompareFlags => parse(compareFlags, input);

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data, error } = schema.safeParse(input, { reportInput: true });
  if (success) return data;
  const lines = error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `--${option} "${String((input as Record<string, unknown>)[name])}" ${message}`;
  });
  throw new UserError(lines.join("\n"));
}
