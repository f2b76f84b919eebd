// What a deployment says of the recovery kit: what is not in it, and why it was not written.
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { isImageInOwnAccount, type StageConfig, stageNames } from "../../config";
import type { RecoveryKitResult } from "../../functions/recovery-kit/event";
import { clientConfig } from "../aws";
import type { TerraformPlan } from "../gate/plan";

/** Why an image that was built elsewhere is not kept, where the stage has a kit. */
export function imageWarnings(stage: StageConfig, plan: TerraformPlan): string[] {
  const hasKit = (plan.resource_changes ?? []).some(({ address }) =>
    address.startsWith("aws_lambda_function.recovery-kit_"),
  );
  if (!hasKit || !isImageInOwnAccount(stage)) return [];
  return [
    `The recovery kit holds the name of ${stage.service.image}, not the image, and that is in the stage's own account: lost with it. ` +
      "Keep REDCap's zip elsewhere, or let the stage build its image (redCapLocalVersion or redCapS3Path): then the kit keeps the zip.",
  ];
}

/**
 * Why the kit was not written at the deployment that asked for it last.
 * @param outputs of the stage's app
 * @returns nothing where it was, or has been since then: the function tries every day
 */
export async function unkeptKit(stage: StageConfig, outputs: Record<string, unknown>): Promise<string | undefined> {
  if (typeof outputs.recovery_kit !== "string") return undefined;
  const { kept, reason, time } = JSON.parse(outputs.recovery_kit) as RecoveryKitResult;
  if (kept) return undefined;
  const { Parameter } = await new SSMClient(clientConfig(stage)).send(
    new GetParameterCommand({ Name: stageNames(stage).recoveryKitParameter }),
  );
  // Every run that keeps the kit writes this.
  const isNever = Parameter?.Value === "{}";
  const last = Parameter?.LastModifiedDate;
  if (!isNever && last && time && last.getTime() > Date.parse(time)) return undefined;
  return `The recovery kit was not written. ${reason} ${isNever ? "Nothing of it is kept yet." : `It was written last on ${last?.toISOString()}.`}`;
}
