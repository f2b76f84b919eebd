// Waits until the server that an execution starts can be reached, and says on the way what it waits for.
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../command";
import { Progress } from "../runbook/progress";
import type { Servers } from "./servers";

const LOOK_MILLISECONDS = 3_000;

/** What people are told of the states, by their names in the definition. */
const IN_WORDS: Record<string, string> = {
  Launch: "an instance is being launched",
  Online: "the instance starts",
  WaitOnline: "the instance starts",
  CheckReady: "the image is installed and started",
  WaitReady: "the image is installed and started",
  Ready: "the image is installed and started",
  FindLeft: "it failed; the instance is being removed",
  Terminate: "it failed; the instance is being removed",
  WaitGone: "it failed; the instance is being removed",
};

/** What to do about the errors that people meet. */
const REMEDIES: [cause: RegExp, remedy: string][] = [
  [/VcpuLimitExceeded/, "Ask for more vCPUs in Service Quotas, or configure a smaller maintenanceServer.instanceType."],
  [/InsufficientInstanceCapacity/, "Try again later, or configure another maintenanceServer.instanceType."],
  [/Unsupported/, "The zones of the stage do not have this maintenanceServer.instanceType: configure another."],
  [
    /does not reach Systems Manager/,
    "Its subnets need a way to AWS's APIs on port 443 (NAT, or endpoints for ssm and ssmmessages), and service.egress must let it.",
  ],
];

/** @throws UserError with the reason, where the execution ends before the server serves */
export async function follow(servers: Servers, executionArn: string): Promise<void> {
  const progress = new Progress();
  progress.begin("start the server: about 4 minutes");
  try {
    for (;;) {
      const { status, cause = "", error = "" } = await servers.describe(executionArn);
      if (status !== "RUNNING") {
        const remedy = REMEDIES.find(([pattern]) => pattern.test(cause))?.[1];
        throw new UserError(
          `The server did not start (${error || status}). ${cause}${remedy ? `\n${remedy}` : ""}\n` +
            `Its log, if it came so far: aws logs tail /aws/ec2/redcap-${servers.stage.name}-maintenance --region ${servers.stage.region}`,
        );
      }
      const state = await servers.stateOf(executionArn);
      if (state === "Serve") break;
      progress.update(IN_WORDS[state ?? ""] ?? "");
      await sleep(LOOK_MILLISECONDS);
    }
    progress.end("✓");
  } catch (error) {
    progress.end("✗");
    throw error;
  }
}
