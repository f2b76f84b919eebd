// What must be true before anything is planned: the right account, and Terraform's remote state in it.
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type StageConfig, stateNames } from "../../config";
import { type Account, assertAccount, clientConfig } from "../aws";
import { UserError } from "../command";
import { requireNoServer } from "../maintenance/running";
import { requireUnlocked } from "../restore/operator-lock";

/**
 * @param flag how commands name what is in the account, e.g. `--backup-account`
 * @throws UserError naming what is missing, and the remedy; nothing is changed
 */
export async function requireState(account: Account, flag: string): Promise<void> {
  await assertAccount(account);
  const { bucket } = stateNames(account);
  try {
    await new S3Client(clientConfig(account)).send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if ((error as Error).name !== "NotFound") throw error;
    throw new UserError(
      `The bucket ${bucket} for Terraform's state is not there yet. Create it with: npm run bootstrap -- ${flag}`,
    );
  }
}

/** @throws UserError naming what is missing, and the remedy; nothing is changed */
export async function preflight(stage: StageConfig): Promise<void> {
  await requireState(stage, `--stage ${stage.name}`);
  // Names change during a restore: a deployment would make an empty cluster under the one that is free.
  await requireUnlocked(stage);
  if (!stage.maintenanceServer) await requireNoServer(stage);
}
