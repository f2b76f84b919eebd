// A stand-in for the account during an upgrade: cluster, snapshots, cron's schedule, and the task that changes tables.

import type { Server } from "../../../scripts/maintenance/servers";

const failing = (name: string, message = name) => Object.assign(new Error(message), { name });
export const SNAPSHOT_ARN = "arn:aws:rds:eu-west-2:111111111111:cluster-snapshot:before";

interface Call {
  name: string;
  input: Record<string, unknown>;
}

export class Account {
  status: string | undefined = "available";
  snapshots: string[] = [];
  cron = "ENABLED";
  hasTask = true;
  /** How the task ends: its exit code, and what it said last. */
  exitCode = 0;
  said = "REDCap is at 17.5.0.";
  /** Looks until it has ended. */
  looks = 2;
  tasks: { taskArn: string; looks: number }[] = [];
  calls: Call[] = [];
  servers: Server[] = [];
  /** Tasks that ECS has forgotten. */
  forgotten = 0;

  /** Names of the calls that change something, in their order. */
  get changes(): string[] {
    return this.calls.map(({ name }) => name).filter((name) => /^(Create|Update|Run)/.test(name));
  }

  async send(command: { constructor: { name: string }; input: object }): Promise<unknown> {
    const call = { name: command.constructor.name, input: command.input as Record<string, unknown> };
    this.calls.push(call);
    return this.answer(call);
  }

  private answer({ name, input }: Call): unknown {
    switch (name) {
      case "DescribeDBClustersCommand":
        if (!this.status) throw failing("DBClusterNotFoundFault");
        return {
          DBClusters: [
            { DBClusterIdentifier: input.DBClusterIdentifier, DbClusterResourceId: "cluster-1", Status: this.status },
          ],
        };
      case "DescribeTaskDefinitionCommand":
        if (!this.hasTask) throw failing("ClientException");
        return {};
      case "CreateDBClusterSnapshotCommand": {
        const id = String(input.DBClusterSnapshotIdentifier);
        if (this.snapshots.includes(id)) throw failing("DBClusterSnapshotAlreadyExistsFault");
        this.snapshots.push(id);
        return {};
      }
      case "DescribeDBClusterSnapshotsCommand":
        return { DBClusterSnapshots: [{ Status: "available", DBClusterSnapshotArn: SNAPSHOT_ARN }] };
      // Cron is a task here.
      case "DescribeRuleCommand":
        throw failing("ResourceNotFoundException");
      case "GetScheduleCommand":
        return { $metadata: {}, State: this.cron, ScheduleExpression: "rate(1 minute)", Target: {} };
      case "UpdateScheduleCommand":
        this.cron = String(input.State);
        return {};
      case "ListTasksCommand":
        return { taskArns: [] };
      case "GetObjectCommand":
        return { Body: { transformToString: async () => JSON.stringify({ outputs: OUTPUTS }) } };
      case "RunTaskCommand": {
        const taskArn = `arn:aws:ecs:eu-west-2:111111111111:task/redcap-prod/${this.forgotten + this.tasks.length + 1}`;
        this.tasks.push({ taskArn, looks: this.looks });
        return { tasks: [{ taskArn }] };
      }
      case "DescribeTasksCommand": {
        const task = this.tasks.find(({ taskArn }) => (input.tasks as string[]).includes(taskArn));
        if (!task) return { tasks: [] };
        const lastStatus = task.looks-- > 0 ? "RUNNING" : "STOPPED";
        return { tasks: [{ taskArn: task.taskArn, lastStatus, containers: [{ exitCode: this.exitCode }] }] };
      }
      case "GetLogEventsCommand":
        return input.nextToken
          ? { events: [], nextForwardToken: "1" }
          : { events: [{ message: JSON.stringify({ type: "container", message: this.said }) }], nextForwardToken: "1" };
      default:
        throw new Error(`Nobody answers ${name}.`);
    }
  }
}

const OUTPUTS = {
  private_subnet_ids: { value: ["subnet-0a", "subnet-0b"] },
  service_security_group_id: { value: "sg-0e" },
};
