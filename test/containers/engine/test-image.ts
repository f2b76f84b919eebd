// Builds the project's image from the stand-in's zip, by the user's own build; unchanged layers come from the cache.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IMAGE_BASES, type PhpVersion } from "../../../config";
import { buildImage, findRdsCa, imageFacts, prepareContext } from "../../../scripts/image/index";
import { makeCertificates } from "../../local-aws/host/certificates";
import { madeOnce } from "../../local-aws/host/moto";
import { which } from "../../local-aws/host/processes";
import { STAND_IN_VERSION, standInZip } from "../stand-in/zip";
import { baseImage } from "./base-image";
import { buildahEnvironment, containersFolder, exclusively } from "./storage";

export interface TestImageOptions {
  /** Default 8.2. */
  php?: PhpVersion;
  /** REDCap's version that the stand-in's zip claims to be. */
  redcapVersion?: string;
  /** Instead of the stand-in's. */
  zip?: Buffer;
  /** Folder with modules/, languages/, hooks/ to add. */
  additions?: string;
  /** PEM to trust for the database. Default: an authority that nobody uses; testDatabase() mounts its own over it. */
  caFile?: string;
  /** Default: made from what goes in, so that unlike images have unlike names. */
  name?: string;
  /** Added to the build's own. */
  buildArguments?: Record<string, string>;
}

export interface TestImage {
  /** Name in the project's storage. */
  image: string;
  sizeMegabytes: number;
  /** Debian packages installed. */
  packages: number;
  /** What the engine took, without the base image. */
  seconds: number;
  /** What the engine wrote. */
  output: string;
}

/** The same for every build, so that its layer is always found again. */
async function unusedAuthority(): Promise<string> {
  const folder = await madeOnce(join(containersFolder(), "authority"), async (made) => {
    mkdirSync(made);
    await makeCertificates(which("openssl") ?? "openssl", made);
  });
  return join(folder, "ca.pem");
}

/** @throws Error with the end of the build's output, where it refuses or fails */
export async function buildTestImage(options: TestImageOptions = {}): Promise<TestImage> {
  const { php = "8.2", redcapVersion, additions, buildArguments = {} } = options;
  await baseImage(IMAGE_BASES[php]);
  const folder = mkdtempSync(join(tmpdir(), "redcap-image-"));
  try {
    const redcap = join(folder, "redcap.zip");
    const zip = options.zip ?? standInZip({ version: redcapVersion ?? STAND_IN_VERSION });
    writeFileSync(redcap, zip);
    const rdsCa = await findRdsCa({ file: options.caFile ?? (await unusedAuthority()) });
    const context = await prepareContext({
      folder: join(folder, "context"),
      redcap,
      rdsCa,
      additions,
      phpVersion: php,
    });
    const inputs = [zip, readFileSync(rdsCa.file), JSON.stringify(buildArguments)];
    const digest = inputs.reduce((hash, input) => hash.update(input), createHash("sha256")).digest("hex");
    const tag = options.name ?? `localhost/redcap-test:${php}-${context.version}-${digest.slice(0, 8)}`;
    const env = buildahEnvironment();
    const texts: string[] = [];
    const seconds = await exclusively("build", async () => {
      const started = Date.now();
      await buildImage({
        context: context.folder,
        engine: "buildah",
        tag,
        buildArgs: { ...context.buildArgs, ...buildArguments },
        extraArgs: ["--layers", "--pull-never"],
        env,
        onText: (text) => texts.push(text),
      });
      return (Date.now() - started) / 1000;
    });
    const { bytes, packages } = await imageFacts({ engine: "buildah", tag, env });
    return { image: tag, sizeMegabytes: Math.round(bytes / 1e6), packages, seconds, output: texts.join("") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
