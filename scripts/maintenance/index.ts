// The subcommands: start, status, stop.
import { MAX_MAINTENANCE_HOURS, type MaintenanceServerConfig, type StageConfig } from "../../config";
import { confirmOrStop } from "../ask";
import { UserError } from "../command";
import { requireUnlocked } from "../restore/operator-lock";
import { Progress } from "../runbook/progress";
import { follow } from "./follow";
import { type Server, Servers } from "./servers";
import { directions } from "./tunnel";

const REMOVED_WITH_IT = "What runs on it is cut off";

/** @throws UserError naming the field to add */
function configured(stage: StageConfig): MaintenanceServerConfig {
  if (stage.maintenanceServer) return stage.maintenanceServer;
  throw new UserError(
    `Stage "${stage.name}" has no maintenance server. Add maintenanceServer: {} to the stage in stages.ts, then: ` +
      `npm run deploy -- --stage ${stage.name}`,
  );
}

/** Hours of the flag, else of the configuration. @throws UserError */
export function parseHours(stage: StageConfig, flag: string | undefined): number {
  const { hours: byDefault } = configured(stage);
  if (flag === undefined) return byDefault;
  const hours = /^\d+$/.test(flag) ? Number(flag) : 0;
  if (hours >= 1 && hours <= MAX_MAINTENANCE_HOURS) return hours;
  throw new UserError(`--hours ${flag}: write a whole number from 1 to ${MAX_MAINTENANCE_HOURS}.`);
}

export async function start(stage: StageConfig, hours: number, yes: boolean): Promise<void> {
  const config = configured(stage);
  await requireUnlocked(stage);
  const servers = new Servers(stage);
  const begun = await servers.starting();
  if (begun) {
    console.error("A server is being started already; this command waits for it.");
  } else {
    const [running] = await servers.live();
    if (running) {
      console.error("There is a server already; a second one is not started.");
      show(stage, config, running);
      return;
    }
    await confirmOrStop(
      `Start a maintenance server (${config.instanceType}) of stage ${stage.name} in account ${stage.accountId} for ${hours} h?`,
      yes,
    );
  }
  const execution = begun?.arn ?? (await servers.start(hours));
  await follow(servers, execution);
  const [server] = await servers.live();
  if (!server) throw new UserError("The server was removed while it was being started.");
  show(stage, config, server);
}

export async function status(stage: StageConfig): Promise<void> {
  const servers = new Servers(stage);
  const starting = await servers.starting();
  const live = await servers.live();
  if (starting) console.log(`A server of stage ${stage.name} is being started (${starting.state}).`);
  else for (const server of live) show(stage, configured(stage), server);
  if (starting || live.length) return;
  console.log(`Stage ${stage.name} has no maintenance server running.`);
  const [last] = await servers.executions();
  if (last?.status !== "FAILED" || !last.executionArn) return;
  const { cause, stopDate } = await servers.describe(last.executionArn);
  console.log(`The last one failed on ${stopDate?.toISOString()}: ${cause}`);
}

export async function stop(stage: StageConfig, yes: boolean): Promise<void> {
  const servers = new Servers(stage);
  const live = await servers.live();
  const executions = await servers.executions("RUNNING");
  if (live.length === 0 && executions.length === 0) {
    console.log(`Stage ${stage.name} has no maintenance server running.`);
    return;
  }
  const ids = live.map(({ instanceId }) => instanceId).join(", ") || "that is being started";
  await confirmOrStop(`Remove maintenance server ${ids} of stage ${stage.name}? ${REMOVED_WITH_IT}.`, yes);
  const progress = new Progress();
  progress.begin("remove the server");
  try {
    const removed = await servers.remove((left) => progress.update(`${left} shutting down`));
    progress.end("✓", removed.join(", "));
  } catch (error) {
    progress.end("✗");
    throw error;
  }
}

function show(stage: StageConfig, config: MaintenanceServerConfig, { instanceId, expires }: Server): void {
  const until = expires
    ? `${expires.toISOString().slice(0, 16).replace("T", " ")} UTC`
    : `unknown: its tag is missing; ${MAX_MAINTENANCE_HOURS} h after its start at the latest`;
  console.log(`Server  ${instanceId}`);
  console.log(`Until   ${until}. ${REMOVED_WITH_IT} then. Earlier: npm run maintenance -- stop --stage ${stage.name}`);
  for (const line of directions(stage, config, instanceId)) console.log(line);
}
