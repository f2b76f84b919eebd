// A stage's maintenance servers as AWS has them: instances by their tag, and the executions that see to them.
import { EC2Client, type Instance, paginateDescribeInstances, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { checkExceptions, createWaiter, WaiterState } from "@smithy/util-waiter";
import { EXPIRES_TAG, MAINTENANCE_TAG, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";

/** Executions that start a server have it; those of the sweep have names of Scheduler's. */
const NAME_PREFIX = "start-";
/** Seconds: a shutdown gives the container two minutes to end its requests. */
const REMOVAL_SECONDS = 900;

export interface Server {
  instanceId: string;
  /** Undefined where the tag was taken away. */
  expires: Date | undefined;
}

export interface Execution {
  arn: string;
  /** Name of the state that it is in. */
  state: string | undefined;
}

export class Servers {
  readonly ec2: EC2Client;
  readonly sfn: SFNClient;
  private readonly names;

  constructor(
    readonly stage: StageConfig,
    clients: { ec2: EC2Client; sfn: SFNClient } = {
      ec2: new EC2Client(clientConfig(stage)),
      sfn: new SFNClient(clientConfig(stage)),
    },
  ) {
    this.ec2 = clients.ec2;
    this.sfn = clients.sfn;
    this.names = stageNames(stage);
  }

  /** Those that are there; one that is shutting down is not. */
  live(): Promise<Server[]> {
    return this.find(["pending", "running", "stopping", "stopped"]);
  }

  private async find(states: string[]): Promise<Server[]> {
    const Filters = [
      { Name: `tag:${MAINTENANCE_TAG}`, Values: [this.names.prefix] },
      { Name: "instance-state-name", Values: states },
    ];
    const found: Instance[] = [];
    for await (const { Reservations = [] } of paginateDescribeInstances({ client: this.ec2 }, { Filters }))
      found.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
    return found.map(({ InstanceId = "", Tags = [] }) => {
      const tag = Tags.find(({ Key }) => Key === EXPIRES_TAG)?.Value;
      return { instanceId: InstanceId, expires: tag ? new Date(tag) : undefined };
    });
  }

  /** Executions of the state machine that start servers, newest first. @returns none where there is no state machine */
  async executions(statusFilter?: "RUNNING"): Promise<ExecutionListItem[]> {
    const found: ExecutionListItem[] = [];
    const stateMachineArn = this.names.maintenanceStateMachineArn;
    try {
      for await (const { executions = [] } of paginateListExecutions(
        { client: this.sfn },
        { stateMachineArn, ...(statusFilter && { statusFilter }) },
      )) {
        found.push(...executions.filter(({ name }) => name?.startsWith(NAME_PREFIX)));
        // All that run; of the others only the newest.
        if (!statusFilter && found.length) break;
      }
    } catch (error) {
      if ((error as Error).name === "StateMachineDoesNotExist") return [];
      throw error;
    }
    return found;
  }

  /** An execution whose server is not serving yet. */
  async starting(): Promise<Execution | undefined> {
    for (const { executionArn = "" } of await this.executions("RUNNING")) {
      const state = await this.stateOf(executionArn);
      if (state !== "Serve") return { arn: executionArn, state };
    }
    return undefined;
  }

  async stateOf(executionArn: string): Promise<string | undefined> {
    const { events = [] } = await this.sfn.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 50, includeExecutionData: false }),
    );
    return events.find(({ stateEnteredEventDetails }) => stateEnteredEventDetails)?.stateEnteredEventDetails?.name;
  }

  describe(executionArn: string): Promise<DescribeExecutionCommandOutput> {
    return this.sfn.send(new DescribeExecutionCommand({ executionArn }));
  }

  /** @returns ARN of the execution. @throws UserError where the stage was not deployed with it */
  async start(hours: number): Promise<string> {
    const name = `${NAME_PREFIX}${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}`;
    try {
      const { executionArn = "" } = await this.sfn.send(
        new StartExecutionCommand({
          stateMachineArn: this.names.maintenanceStateMachineArn,
          name,
          input: JSON.stringify({ hours }),
        }),
      );
      return executionArn;
    } catch (error) {
      if ((error as Error).name !== "StateMachineDoesNotExist") throw error;
      throw new UserError(
        `Stage "${this.stage.name}" was not deployed with its maintenance server yet: npm run deploy -- --stage ${this.stage.name}`,
      );
    }
  }

  /**
   * Terminates every server, ends what would wait for them or start one, and returns when they are gone. Instances first:
   * killed after that, an execution is left that finds nothing to remove.
   * @param onWait told how many are still ending
   * @returns instance ids
   */
  async remove(onWait: (left: number) => void = () => undefined): Promise<string[]> {
    const removed = await this.terminate();
    const executions = await this.executions("RUNNING");
    if (removed.length === 0 && executions.length === 0) return [];
    for (const { executionArn } of executions)
      await this.sfn.send(
        new StopExecutionCommand({ executionArn, error: "Stopped", cause: "Its server was removed." }),
      );
    // One may have been launched in between.
    for (const id of await this.terminate()) if (!removed.includes(id)) removed.push(id);
    const waited = await createWaiter(
      { client: this.ec2, minDelay: 1, maxDelay: 10, maxWaitTime: REMOVAL_SECONDS },
      undefined,
      async () => {
        const left = await this.find(["pending", "running", "stopping", "stopped", "shutting-down"]);
        if (left.length === 0) return { state: WaiterState.SUCCESS };
        onWait(left.length);
        return { state: WaiterState.RETRY };
      },
    );
    checkExceptions(waited);
    return removed;
  }

  private async terminate(): Promise<string[]> {
    const InstanceIds = (await this.live()).map(({ instanceId }) => instanceId);
    if (InstanceIds.length) await this.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
    return InstanceIds;
  }
}
