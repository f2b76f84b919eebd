// A maintenance server belongs to no stack, and its network interface holds the stage's security group: a deployment that
// takes away what started it, or a destruction, would wait for it and fail.
import type { StageConfig } from "../../config";
import { UserError } from "../command";
import { Servers } from "./servers";

/** @throws UserError with the command that ends its work */
export async function requireNoServer(stage: StageConfig, servers = new Servers(stage)): Promise<void> {
  const live = await servers.live();
  if (live.length === 0) return;
  throw new UserError(
    `The maintenance server ${live.map(({ instanceId }) => instanceId).join(", ")} of stage ${stage.name} runs. ` +
      `End it first: npm run maintenance -- stop --stage ${stage.name}`,
  );
}
