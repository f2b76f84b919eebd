// The function's task: how it is started, and what is said of one that fails.
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTasksCommand, RunTaskCommand, type Task } from "@aws-sdk/client-ecs";
import { prepareEvent } from "../../../functions/prepare/event";
import { type Settings, startTask, waitUntilEnded } from "../../../functions/prepare/task";
import { parse } from "../../../functions/shared/event";

const TASK = "arn:aws:ecs:eu-west-2:111111111111:task/redcap-prod/0123456789abcdef";
const LATER = Date.now() + 60_000;

/** A cluster in which the task goes through these states; `line` is the last of its log. */
function settings(states: Task[], line?: string) {
  const sent: unknown[] = [];
  const send = async (command: unknown) => {
    sent.push((command as { input: unknown }).input);
    if (command instanceof RunTaskCommand) return { tasks: [{ taskArn: TASK }] };
    if (command instanceof DescribeTasksCommand) return { tasks: [states.length > 1 ? states.shift() : states[0]] };
    if (!(command instanceof GetLogEventsCommand)) throw new Error("unexpected");
    if (line === undefined) throw Object.assign(new Error(), { name: "ResourceNotFoundException" });
    return { events: [{ message: line }] };
  };
  const all: Settings = {
    ecs: { send } as unknown as Settings["ecs"],
    logs: { send } as unknown as Settings["logs"],
    cluster: "redcap-prod",
    subnets: ["subnet-1", "subnet-2"],
    securityGroup: "sg-1",
    logGroup: "/aws/ecs/redcap-prod",
    logStreamPrefix: "redcap/prepare",
    pollMs: 1,
  };
  return { all, sent };
}

const stopped = (exitCode: number | undefined, rest: Task = {}): Task => ({
  ...{ taskArn: TASK, lastStatus: "STOPPED", containers: [{ name: "prepare", exitCode }] },
  ...rest,
});

test("it runs in the private subnets without a public address", async () => {
  const { all, sent } = settings([]);
  expect(await startTask("prepare:3", all)).toBe(TASK);
  expect(sent).toEqual([
    {
      cluster: "redcap-prod",
      taskDefinition: "prepare:3",
      launchType: "FARGATE",
      propagateTags: "TASK_DEFINITION",
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ["subnet-1", "subnet-2"],
          securityGroups: ["sg-1"],
          assignPublicIp: "DISABLED",
        },
      },
    },
  ]);
});

test("what ECS gives as the reason for no task is told", async () => {
  const { all } = settings([]);
  all.ecs.send = (async () => ({ failures: [{ reason: "Capacity is unavailable" }] })) as never;
  await expect(startTask("prepare:3", all)).rejects.toThrow("Capacity is unavailable");
});

test("its end is waited for", async () => {
  const { all, sent } = settings([{ lastStatus: "PROVISIONING" }, { lastStatus: "RUNNING" }, stopped(0)]);
  await waitUntilEnded(TASK, all, LATER);
  expect(sent).toHaveLength(3);
});

test.each([
  ['{"type":"container","level":"error","message":"install.php made no tables."}', "install.php made no tables."],
  ["a line that is no JSON", "a line that is no JSON"],
])("its last line is the error: %s", async (line, said) => {
  const { all, sent } = settings([stopped(1)], line);
  await expect(waitUntilEnded(TASK, all, LATER)).rejects.toThrow(`prepare failed: ${said} (${TASK}`);
  expect(sent.at(-1)).toEqual({
    logGroupName: "/aws/ecs/redcap-prod",
    logStreamName: "redcap/prepare/0123456789abcdef",
    limit: 1,
    startFromHead: false,
  });
});

test("without a log the container's reason, or the task's, is the error", async () => {
  const killed = stopped(137, { containers: [{ exitCode: 137, reason: "OutOfMemoryError" }] });
  await expect(waitUntilEnded(TASK, settings([killed]).all, LATER)).rejects.toThrow("OutOfMemoryError");
  const never = stopped(undefined, { stoppedReason: "CannotPullContainerError: no such image" });
  const { all, sent } = settings([never], "of nobody");
  await expect(waitUntilEnded(TASK, all, LATER)).rejects.toThrow("CannotPullContainerError");
  expect(sent).toHaveLength(1);
});

test("one that takes longer than Lambda goes on, and that is told", async () => {
  const { all } = settings([{ lastStatus: "RUNNING" }]);
  await expect(waitUntilEnded(TASK, all, Date.now() + 20)).rejects.toThrow(/still runs.*deploy again/);
});

test("an event names a revision, and nothing else", () => {
  expect(parse(prepareEvent, { taskDefinition: "arn:x" })).toEqual({ taskDefinition: "arn:x" });
  expect(() => parse(prepareEvent, { taskDefinition: "prepare", cluster: "other" })).toThrow(
    /taskDefinition.*cluster/s,
  );
});
