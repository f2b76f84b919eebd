// The service on App Runner during a restore: paused, it has no instances; resumed, it has the ones it had, newly started.
import {
  DescribeServiceCommand,
  ListOperationsCommand,
  PauseServiceCommand,
  type PauseServiceCommandOutput,
  paginateListServices,
  ResumeServiceCommand,
  type ServiceStatus,
} from "@aws-sdk/client-apprunner";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { UserError } from "../command";
import type { ResourceChange } from "../gate/plan";
import type { RestoreContext } from "./context";

/** What of a runbook's context is needed here. */
export type AppRunnerContext = Pick<RestoreContext, "appRunner" | "names" | "awsWait" | "progress">;

/** Seconds. App Runner takes minutes; a deployment that is under way is waited for first. */
const PATIENCE_SECONDS = 2_400;

/** @returns its ARN; undefined where the stage has none, whatever the configuration says of the next deployment */
export async function findService({
  appRunner,
  names,
}: Pick<AppRunnerContext, "appRunner" | "names">): Promise<string | undefined> {
  for await (const { ServiceSummaryList = [] } of paginateListServices({ client: appRunner }, {})) {
    const found = ServiceSummaryList.find(({ ServiceName }) => ServiceName === names.appRunnerService);
    if (found) return found.ServiceArn;
  }
  return undefined;
}

/**
 * Asks for a status once nothing else is under way, and waits until the service has it. A service takes one operation at
 * a time: it is OPERATION_IN_PROGRESS meanwhile and refuses others with InvalidStateException (App Runner API reference).
 * @throws UserError where App Runner gives up, or where the service is neither paused nor running
 */
async function bring(context: AppRunnerContext, ServiceArn: string, wanted: "PAUSED" | "RUNNING"): Promise<void> {
  const { appRunner, progress } = context;
  let operation: string | undefined;
  const look = async () => {
    const { Service } = await appRunner.send(new DescribeServiceCommand({ ServiceArn }));
    const status = Service?.Status as ServiceStatus;
    if (status === wanted) return { state: WaiterState.SUCCESS };
    progress.update(`${ServiceArn} is ${status}`);
    if (status === "OPERATION_IN_PROGRESS") return { state: WaiterState.RETRY };
    if (status !== "RUNNING" && status !== "PAUSED")
      throw new UserError(
        `${ServiceArn} is ${status}: delete it in App Runner, deploy, and give the same command again.`,
      );
    if (operation) await requireUnderWay(context, ServiceArn, operation, wanted);
    else operation = await ask(context, ServiceArn, wanted);
    return { state: WaiterState.RETRY };
  };
  await context.awsWait(async () => {
    const options = { client: appRunner, minDelay: 1, maxDelay: 10, maxWaitTime: PATIENCE_SECONDS };
    checkExceptions(await createWaiter(options, undefined, look));
  });
}

/** @returns the operation's id; undefined where another operation was faster */
async function ask({ appRunner }: AppRunnerContext, ServiceArn: string, wanted: "PAUSED" | "RUNNING") {
  try {
    const { OperationId }: PauseServiceCommandOutput = await (wanted === "PAUSED"
      ? appRunner.send(new PauseServiceCommand({ ServiceArn }))
      : appRunner.send(new ResumeServiceCommand({ ServiceArn })));
    return OperationId;
  } catch (error) {
    if ((error as Error).name === "InvalidStateException") return undefined;
    throw error;
  }
}

/** An operation that failed leaves the status from before. */
async function requireUnderWay(
  { appRunner }: AppRunnerContext,
  ServiceArn: string,
  operation: string,
  wanted: string,
): Promise<void> {
  const { OperationSummaryList = [] } = await appRunner.send(new ListOperationsCommand({ ServiceArn }));
  const { Status = "" } = OperationSummaryList.find(({ Id }) => Id === operation) ?? {};
  if (!/FAILED|ROLLBACK/.test(Status)) return;
  throw new UserError(
    `${ServiceArn} did not get ${wanted}: the operation is ${Status}. The service's log in App Runner says why; then give the same command again.`,
  );
}

/** @returns what was there; undefined where there is no service */
export async function pauseService(context: AppRunnerContext): Promise<string | undefined> {
  const arn = await findService(context);
  if (!arn) return undefined;
  await bring(context, arn, "PAUSED");
  return "it is paused";
}

/** Whoever had paused it: after a restore it serves. @throws UserError where there is none */
export async function resumeService(context: AppRunnerContext): Promise<string> {
  const arn = await findService(context);
  if (!arn) throw new UserError(`Service ${context.names.appRunnerService} is not there after the apply.`);
  await bring(context, arn, "RUNNING");
  return "it runs";
}

/**
 * Whether a plan changes the service itself, as one does where a reader has got another name, or where an image waits in
 * the working copy. The provider waits for RUNNING after an update (internal/service/apprunner/service.go), which a paused
 * service never gets: it has to be resumed before.
 */
export const changesService = (changes: ResourceChange[] | undefined): boolean =>
  (changes ?? []).some(({ type, change }) => type === "aws_apprunner_service" && change.actions.includes("update"));
