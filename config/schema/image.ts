// Which REDCap a stage runs: the zip that the stage builds its image from, or an image that was built elsewhere.
import { z } from "zod";
import { IMAGE_BASES } from "../image-bases";

/** Parts of the world by which IANA names time zones that are in use; others are spellings of the past. */
const AREA = /^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\//;
const ZONES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("timeZone"));

/** Whether the image has the zone: IANA's spelling, upper and lower case included, since there it is a file's name. */
function isTimeZone(text: string): boolean {
  if (text === "UTC" || ZONES.has(text)) return true;
  if (!AREA.test(text)) return false;
  try {
    // Node lists one name of each zone and knows the others, such as Asia/Kolkata.
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions();
    return ZONES.has(timeZone) && timeZone.toLowerCase() !== text.toLowerCase();
  } catch {
    return false;
  }
}

const PHP_VERSIONS = Object.keys(IMAGE_BASES) as [PhpVersion, ...PhpVersion[]];

/** `[major, minor, patch]`, such as 17.4.4. */
const VERSION = /^\d+\.\d+\.\d+$/;

export type PhpVersion = keyof typeof IMAGE_BASES;

/** Fields of a stage. */
export const imageFields = {
  redCapLocalVersion: z
    .string()
    .regex(VERSION, "Write REDCap's version, such as 17.4.4.")
    .optional()
    .describe(
      "Version of REDCap whose full zip, `redcap<version>.zip`, is in the project's folder `releases`. A deployment uploads it. One of `redCapLocalVersion`, `redCapS3Path` and `service.image`.",
    ),
  redCapS3Path: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\s'"]*[^\s'"/]$/,
      "Write bucket and key, such as redcap-releases/redcap17.4.4.zip: without s3:// in front.",
    )
    .optional()
    .describe("REDCap's full zip in S3, as `bucket/key`; the stage's account must be let at it."),
  rebuildImage: z
    .boolean()
    .default(false)
    .describe(
      "Whether `npm run deploy` builds and rolls out a new image each time, for Debian's security updates. Terraform's plan never shows it.",
    ),
  phpVersion: z
    .enum(PHP_VERSIONS, `Use ${PHP_VERSIONS.join(" or ")}.`)
    .default("8.2")
    .describe("PHP of the image that the stage builds. REDCap runs on 8.4 from 16.0.10 on."),
  phpTimezone: z
    .string()
    .refine(isTimeZone, 'Write an IANA time zone such as "Asia/Tokyo", with its capital letters.')
    .default("UTC")
    .describe("Time zone of PHP, and so of the times that REDCap shows and stores."),
  acceptRisk: z
    .string()
    .regex(/^[A-Z][\w-]*$/, "Write the risk as the refused build names it, such as CVE-2026-12345.")
    .optional()
    .describe("A known hole of this REDCap that you accept: without it such a version is not built."),
  rdsCaSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "Write the SHA-256 of the bundle as 64 hexadecimal digits in lower case.")
    .optional()
    .describe(
      "SHA-256 of Amazon's certificate authorities for RDS that go into the image: another bundle stops the build. Default: what Amazon serves when it is built; the log says which.",
    ),
};

interface ImageChoice {
  redCapLocalVersion?: string | undefined;
  redCapS3Path?: string | undefined;
  rebuildImage: boolean;
  acceptRisk?: string | undefined;
  rdsCaSha256?: string | undefined;
  service: { image?: string | undefined };
}

/** What is wrong with a stage's choice: path within the stage, and message. */
export function imageProblems(stage: ImageChoice): [path: string[], message: string][] {
  const { image } = stage.service;
  const sources = { redCapLocalVersion: stage.redCapLocalVersion, redCapS3Path: stage.redCapS3Path };
  const named = Object.entries({ ...sources, "service.image": image }).filter(([, value]) => value !== undefined);
  if (named.length === 0) {
    return [
      [
        ["redCapLocalVersion"],
        'Nothing says which REDCap the stage runs. Put redcap17.4.4.zip into the folder releases and write redCapLocalVersion: "17.4.4", or write redCapS3Path with a zip in S3, or service.image with an image that you built.',
      ],
    ];
  }
  if (named.length > 1) {
    const names = named.map(([name]) => name);
    return [
      [(names[0] as string).split("."), `${names.join(" and ")} each say which REDCap the stage runs: keep one.`],
    ];
  }
  if (image === undefined) return [];
  const unused = (["rebuildImage", "acceptRisk", "rdsCaSha256"] as const).filter((name) => stage[name]);
  return unused.map((name) => [
    [name],
    "The stage builds no image, since service.image names one: remove this, or give a zip instead of service.image.",
  ]);
}
