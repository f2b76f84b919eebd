// A stand-in for the account: service, cron's schedule and its tasks, as stop-service and start-service see them.

const failing = (name: string) => Object.assign(new Error(name), { name });

/** What Scheduler shows of a schedule, with a value in each part that an update could lose. */
export const SCHEDULE = {
  Arn: "arn:aws:scheduler:eu-west-2:111111111111:schedule/redcap-prod/cron",
  GroupName: "redcap-prod",
  Name: "cron",
  Description: "REDCap's cron",
  ScheduleExpression: "rate(1 minute)",
  ScheduleExpressionTimezone: "UTC",
  FlexibleTimeWindow: { Mode: "OFF" },
  KmsKeyArn: "arn:aws:kms:eu-west-2:111111111111:key/1",
  ActionAfterCompletion: "NONE",
  CreationDate: new Date(0),
  LastModificationDate: new Date(0),
  Target: { Arn: "cluster", RoleArn: "role", EcsParameters: { TaskDefinitionArn: "redcap-prod-cron:1" } },
};

interface Task {
  taskArn: string;
  desiredStatus: "RUNNING" | "STOPPED";
  lastStatus: string;
  /** Looks that it takes to end, once it was told to. */
  looks: number;
}

type Call = { name: string; input: Record<string, unknown> };

/** The account, as far as the two steps see it. */
export class Account {
  schedule: (Record<string, unknown> & { State: string }) | undefined = { ...SCHEDULE, State: "ENABLED" };
  /** Of cron over HTTP. */
  rule: { State: string } | undefined;
  service: { desiredCount: number } | undefined = { desiredCount: 3 };
  tasks: Task[] = [];
  /** Instance ids of maintenance servers. */
  servers: string[] = [];
  /** Names of the state machine's running executions; undefined where the stage has none. */
  executions: string[] | undefined = [];
  clusterIsGone = false;
  calls: Call[] = [];
  /** Calls until the process is killed, before or after AWS has done what was asked. */
  dieAfter = Number.POSITIVE_INFINITY;
  dieAnswered = false;

  private kill: () => void = () => undefined;
  readonly killed = new Promise<void>((resolve) => {
    this.kill = resolve;
  });

  /** A killed process gets no answer any more; an error would be one, and the SDK's waiters go on after errors. */
  async send(command: { constructor: { name: string }; input: object }): Promise<unknown> {
    const call: Call = { name: command.constructor.name, input: { ...command.input } };
    const dies = this.calls.length === this.dieAfter;
    this.calls.push(call);
    if (!dies) return this.answer(call);
    try {
      if (this.dieAnswered) this.answer(call);
    } catch {
      // An error is an answer, too, and nobody hears it.
    }
    this.kill();
    return new Promise(() => undefined);
  }

  /** The same account, seen by a process that lives. */
  inAnotherProcess(): Account {
    const { schedule, rule, service, tasks, servers, executions } = this;
    return Object.assign(new Account(), { schedule, rule, service, tasks, servers, executions });
  }

  /** Names of the calls that change something, in their order. */
  get changes(): string[] {
    return this.calls
      .map(({ name }) => name)
      .filter((name) => /^(Update|Stop|Register|Terminate|Pause|Resume|Disable|Enable)/.test(name));
  }

  protected answer({ name, input }: Call): unknown {
    if (this.clusterIsGone && /Tasks|Services/.test(name)) throw failing("ClusterNotFoundException");
    switch (name) {
      case "GetScheduleCommand":
      case "UpdateScheduleCommand":
        if (!this.schedule || input.GroupName !== "redcap-prod" || input.Name !== "cron")
          throw failing("ResourceNotFoundException");
        if (name === "GetScheduleCommand") return { $metadata: {}, ...this.schedule };
        this.schedule = input as typeof this.schedule;
        return {};
      case "DescribeRuleCommand":
      case "DisableRuleCommand":
      case "EnableRuleCommand":
        expect(input).toEqual({ Name: "redcap-prod-cron" });
        if (!this.rule) throw failing("ResourceNotFoundException");
        if (name === "DescribeRuleCommand") return { ...this.rule };
        this.rule = { State: name === "EnableRuleCommand" ? "ENABLED" : "DISABLED" };
        return {};
      case "DescribeServicesCommand": {
        const { desiredCount } = this.service ?? {};
        const service = { status: "ACTIVE", desiredCount, runningCount: desiredCount, deployments: [{}] };
        return { services: this.service ? [service] : [], failures: [] };
      }
      case "UpdateServiceCommand":
        this.service = { desiredCount: input.desiredCount as number };
        return {};
      case "RegisterScalableTargetCommand":
        return {};
      case "ListTasksCommand":
        expect(input).toMatchObject({ cluster: "redcap-prod", family: "redcap-prod-cron" });
        return {
          taskArns: this.tasks
            .filter((task) => task.desiredStatus === input.desiredStatus)
            .map(({ taskArn }) => taskArn),
        };
      case "DescribeTasksCommand":
        return {
          tasks: this.tasks
            .filter(({ taskArn }) => (input.tasks as string[]).includes(taskArn))
            .map((task) => {
              if (task.desiredStatus === "STOPPED" && task.looks-- <= 0) task.lastStatus = "STOPPED";
              return { ...task };
            }),
        };
      case "DescribeInstancesCommand":
        return { Reservations: [{ Instances: this.servers.map((InstanceId) => ({ InstanceId, Tags: [] })) }] };
      case "TerminateInstancesCommand":
        this.servers = this.servers.filter((id) => !(input.InstanceIds as string[]).includes(id));
        return {};
      case "ListExecutionsCommand":
        if (this.executions === undefined) throw failing("StateMachineDoesNotExist");
        return { executions: this.executions.map((name) => ({ name, executionArn: name })) };
      case "StopExecutionCommand":
        this.executions = this.executions?.filter((name) => name !== input.executionArn);
        return {};
      case "StopTaskCommand":
        for (const task of this.tasks) if (task.taskArn === input.task) task.desiredStatus = "STOPPED";
        return {};
      default:
        throw new Error(`Nobody expects ${name}.`);
    }
  }
}

export const task = (taskArn: string, values: Partial<Task> = {}): Task => ({
  ...{ taskArn, desiredStatus: "RUNNING", lastStatus: "RUNNING", looks: 0 },
  ...values,
});
