// A stack's state as it is in the bucket, without Terraform: for commands that only look something up.
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type StageConfig, stateNames } from "../../config";
import type { TerraformState } from ".";

/** @returns undefined where the stack was never deployed, or its state is lost */
export async function remoteState(
  s3: S3Client,
  stage: StageConfig,
  stack: string,
): Promise<TerraformState | undefined> {
  const { bucket, stateKey } = stateNames(stage);
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: stateKey(stack) }));
    return JSON.parse((await Body?.transformToString()) || "{}") as TerraformState;
  } catch (error) {
    if ((error as Error).name === "NoSuchKey") return undefined;
    throw error;
  }
}
