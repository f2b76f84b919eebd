// Steps: the service and cron stop before the names change, and start on the restored database.
import type { ServiceConfig } from "../../../config";
import type { Step } from "../../runbook/engine";
import { pauseService, resumeService } from "../app-runner";
import type { RestoreContext } from "../context";
import { disableCron, enableCron, stopCronTasks } from "../cron";
import { startTasks, stopTasks, waitUntilTasksServe } from "../ecs-service";
import { removeMaintenanceServers } from "../maintenance";

interface ServiceControl {
  /** @returns what was there; undefined where there is no service */
  stop(context: RestoreContext): Promise<string | undefined>;
  /** @throws UserError where there is no service */
  start(context: RestoreContext): Promise<string>;
  waitUntilHealthy(context: RestoreContext): Promise<string>;
}

const CONTROLS: Record<ServiceConfig["type"], ServiceControl> = {
  fargate: { stop: stopTasks, start: startTasks, waitUntilHealthy: waitUntilTasksServe },
  // RUNNING again, an instance has passed the service's health check.
  "app-runner": { stop: pauseService, start: resumeService, waitUntilHealthy: resumeService },
};

const controlOf = ({ stage }: RestoreContext): ServiceControl => CONTROLS[stage.service.type];

async function startAll(context: RestoreContext): Promise<string | undefined> {
  const service = await controlOf(context).start(context);
  const cron = await enableCron(context);
  return [service, cron].filter(Boolean).join(", ");
}

export const stopService: Step<RestoreContext> = {
  name: "stop-service",
  title: ({ names }) =>
    `stop service ${names.ecsService} and cron, so that nothing is written while the databases change places`,
  async run(context) {
    // First: what cron has sent off already gets the time that the service needs to stop.
    const others = [await disableCron(context), await removeMaintenanceServers(context)].filter(Boolean);
    const service = (await controlOf(context).stop(context)) ?? "there is no service";
    await stopCronTasks(context);
    return `${service}; ${others.join(", ")}`;
  },
  undo: startAll,
};

export const startService: Step<RestoreContext> = {
  name: "start-service",
  title: ({ names }) => `start service ${names.ecsService} and cron`,
  run: startAll,
};

export const waitUntilHealthy: Step<RestoreContext> = {
  name: "wait-until-healthy",
  title: () => "wait until the service is stable and healthy",
  run: (context) => controlOf(context).waitUntilHealthy(context),
};
