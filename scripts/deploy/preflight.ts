// What must be true before anything is planned: the right account, and Terraform's remote state in it.
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type StageConfig, stateNames } from "../../config";
import { assertAccount, clientConfig } from "../aws";
import { UserError } from "../command";
import { requireNoServer } from "../maintenance/running";
import { requireUnlocked } from "../restore/operator-lock";

/** @throws UserError naming what is missing, and the remedy; nothing is changed */
export async function preflight(stage: StageConfig): Promise<void> {
  await assertAccount(stage);
  const { bucket } = stateNames(stage);
  try {
    await new S3Client(clientConfig(stage)).send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if ((error as Error).name !== "NotFound") throw error;
    throw new UserError(
      `The bucket ${bucket} for Terraform's state is not there yet. Create it with: npm run bootstrap -- --stage ${stage.name}`,
    );
  }
  // Names change during a restore: a deployment would make an empty cluster under the one that is free.
  await requireUnlocked(stage);
  if (!stage.maintenanceServer) await requireNoServer(stage);
}
