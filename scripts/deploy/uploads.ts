// What a deployment would upload from this machine: said before anything is changed, where it is not here.
import { existsSync } from "node:fs";
import type { StageConfig } from "../../config";
import { UserError } from "../command";
import { changedAddresses, type TerraformPlan } from "../gate/plan";
import { releaseFile } from "../image/template";

/** @throws UserError where the plan uploads REDCap's zip, or configures its version, and the zip is not on this machine */
export function requireUploads(stage: StageConfig, plan: TerraformPlan): void {
  const { redCapLocalVersion: version } = stage;
  if (!version || existsSync(releaseFile(version))) return;
  const concerned = changedAddresses(plan).some((address) =>
    /^(aws_s3_object\.image_redcap_|aws_codebuild_project\.image_)/.test(address),
  );
  if (!concerned) return;
  throw new UserError(
    `${releaseFile(version)} is not there: put REDCap's full zip of ${version} there, or name one in S3 with redCapS3Path. Nothing was changed.`,
  );
}
