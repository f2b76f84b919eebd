// The one command that the state machine may run on a server: ready.sh, as a document of Systems Manager.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html
import { scriptLines } from "./user-data";

/** Seconds: a first start waits up to 15 minutes for the database, after Docker was installed and the image pulled. */
const TIMEOUT_SECONDS = 1_800;

export const readyDocument = (stageName: string) => ({
  schemaVersion: "2.2",
  description: `Waits until REDCap ${stageName} answers on its maintenance server`,
  parameters: {
    minutes: { type: "String", description: "After which the server ends itself", allowedPattern: "^[1-9][0-9]{0,4}$" },
    port: { type: "String", description: "Of REDCap's HTTPS", allowedPattern: "^[1-9][0-9]{3,4}$" },
  },
  mainSteps: [
    {
      action: "aws:runShellScript",
      name: "ready",
      inputs: {
        timeoutSeconds: String(TIMEOUT_SECONDS),
        runCommand: ["set -- '{{ minutes }}' '{{ port }}'", ...scriptLines("ready.sh").trimEnd().split("\n")],
      },
    },
  ],
});
