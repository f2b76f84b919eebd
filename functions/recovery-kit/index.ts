// Lambda that keeps in the backup account what AWS Backup cannot hold: REDCap's salt, the zip, which image runs, the stage's
// configuration. Its answers and logs hold none of it.
import { S3Client } from "@aws-sdk/client-s3";
import { parse } from "../shared/event";
import { retryWhile } from "../shared/patience";
import { setting } from "../shared/setting";
import { isRefused, KitBucket, KitRefuses, patienceUntil } from "./bucket";
import { type RecoveryKitResult, recoveryKitEvent } from "./event";
import { keep } from "./keep";
import { FILES } from "./manifest";
import { Memory } from "./memory";
import { builtImage, configuration, ownImage, salt, zip } from "./parts";

const PATIENCE_MS = 60_000;

/** @throws Error saying what could not be kept; running again is always safe */
export async function handler(input: unknown): Promise<RecoveryKitResult> {
  const { action, deployment } = parse(recoveryKitEvent, input);
  const deadline = Date.now() + PATIENCE_MS;
  const patient =
    <T>(work: () => Promise<T>) =>
    () =>
      retryWhile(isRefused, work, patienceUntil(deadline));
  const memory = new Memory(setting("MEMORY_PARAMETER"));
  const { REDCAP_ZIP, IMAGE } = process.env;
  try {
    const result = await keep({
      stage: setting("STAGE"),
      accountId: setting("ACCOUNT_ID"),
      region: setting("AWS_REGION"),
      project: setting("PROJECT_VERSION"),
      bucket: new KitBucket(
        new S3Client({ region: setting("KIT_REGION") }),
        setting("KIT_BUCKET"),
        setting("KIT_OWNER"),
        deadline,
      ),
      memory: { recall: patient(() => memory.recall()), remember: (entries) => memory.remember(entries) },
      lockDays: Number(setting("KIT_LOCK_DAYS")),
      parts: {
        [FILES.salt]: patient(() => salt(setting("SALT_SECRET_ARN"))),
        [FILES.stages]: () => configuration(deployment),
        [FILES.image]: IMAGE
          ? () => ownImage(IMAGE)
          : patient(() => builtImage(setting("IMAGE_REPOSITORY"), setting("LIVE_TAG"))),
        ...(REDCAP_ZIP && { [FILES.redcap]: patient(() => zip(REDCAP_ZIP)) }),
      },
    });
    console.log(JSON.stringify(result));
    return result;
  } catch (error) {
    if (!(error instanceof KitRefuses) || action !== "deployed") throw error;
    console.warn(error.message);
    return {
      kept: false,
      written: [],
      reason: `${error.message} Deploy backup-destination; the function tries again every day.`,
      time: new Date().toISOString(),
    };
  }
}
