// The manifest: what belongs together in a recovery kit. Written last, by the function; read by the command that brings a
// kit back.
import * as z from "zod";

/** Names of a kit's objects, below the stage's. */
export const FILES = {
  manifest: "manifest.json",
  /** `{"salt": "…"}`, as in Secrets Manager. */
  salt: "salt.json",
  redcap: "redcap.zip",
  image: "image.json",
  stages: "stages.json",
} as const;

const keptObject = z.object({
  versionId: z.string().min(1).describe("Version in the kit's bucket: a newer one may be an intruder's."),
  writtenAt: z.iso.datetime(),
  size: z.number().int().nonnegative().describe("Bytes."),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export const manifest = z.object({
  format: z.literal(1),
  stage: z.string(),
  accountId: z.string(),
  region: z.string(),
  time: z.iso.datetime(),
  project: z.string().describe("Version of this project that wrote it."),
  objects: z.record(z.string().regex(/^[a-z]+\.(json|zip)$/), keptObject).describe("By the file's name."),
});

export type Manifest = z.infer<typeof manifest>;
export type KeptObject = z.infer<typeof keptObject>;
