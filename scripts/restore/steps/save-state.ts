// Step: the state is saved beside itself, encrypted like it, before anything changes it.
import { CopyObjectCommand } from "@aws-sdk/client-s3";
import { stateNames } from "../../../config";
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import type { RestoreContext } from "../context";

export const saveState: Step<RestoreContext> = {
  name: "save-state",
  title: ({ names }) => `save the state of ${names.appStack}`,
  async run(context) {
    const { bucket, stateKey } = stateNames(context.stage);
    const key = stateKey(context.names.appStack);
    const savedStateKey = `saved/${context.journal.id}-${context.fact("stamp")}/${key}`;
    await context.s3
      .send(new CopyObjectCommand({ Bucket: bucket, CopySource: `${bucket}/${key}`, Key: savedStateKey }))
      .catch((error: Error) => {
        if (!/NoSuchKey|NotFound/.test(error.name)) throw error;
        throw new UserError(
          `There is no state at s3://${bucket}/${key}. The bucket keeps versions: list them with\n` +
            `  aws s3api list-object-versions --bucket ${bucket} --prefix ${key}\nand copy the last good one back before the restore.`,
        );
      });
    context.journal.learn({ savedStateKey });
    return `s3://${bucket}/${savedStateKey}`;
  },
};
