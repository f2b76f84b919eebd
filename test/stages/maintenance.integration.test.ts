// The maintenance server as a person types it: started, found again, stopped, over by itself, failed and swept; and Terraform
// never has anything to do with it. The state machine is the one that the real provider made, run by the local AWS.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  type Instance,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import {
  type DeploymentInput,
  EXECUTION_TAG,
  EXPIRES_TAG,
  findStage,
  MAINTENANCE_TAG,
  stageNames,
  validate,
} from "../../config";
import { type LocalAws, startLocalAws } from "../local-aws";
import { until } from "../local-aws/host/processes";
import { sampleInput } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

jest.setTimeout(600_000);

/** Waits of ten seconds are a tenth of a second, and hours never end. */
const FAST = 100;
const TIME_FLIES = 1_000_000;

let aws: LocalAws;
let folder: string;
let stagesFile: string;
let ec2: EC2Client;
let sfn: SFNClient;

function config(maintenanceServer: object | undefined): DeploymentInput {
  const input = sampleInput();
  const dev = input.stages.find(({ name }) => name === "dev");
  return { ...input, stages: [{ ...dev, maintenanceServer }] } as DeploymentInput;
}

const stage = () => findStage(validate(config({})), "dev");
const names = () => stageNames(stage());
const type = (script: string, ...flags: string[]) =>
  runCommand(script, flags, { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile });
const maintenance = (subcommand: string, ...flags: string[]) =>
  type("maintenance.ts", subcommand, "--stage", "dev", ...flags);

/** A control of the local AWS. */
async function control(path: string, body: object): Promise<void> {
  const { ok } = await fetch(`${aws.endpoint}/local-aws/${path}`, { method: "POST", body: JSON.stringify(body) });
  expect(ok).toBe(true);
}
const healthy = () =>
  control("systems-manager", { online: true, command: { Status: "Success", StandardOutputContent: "" } });

async function instances(...states: string[]): Promise<Instance[]> {
  const Filters = [
    { Name: `tag:${MAINTENANCE_TAG}`, Values: [names().prefix] },
    { Name: "instance-state-name", Values: states.length ? states : ["pending", "running", "stopping", "stopped"] },
  ];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  return Reservations.flatMap(({ Instances = [] }) => Instances);
}
const tagsOf = ({ Tags = [] }: Instance) => Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));

async function executions(statusFilter: "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED"): Promise<string[]> {
  const stateMachineArn = names().maintenanceStateMachineArn;
  const { executions: found = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn, statusFilter }));
  return found.map(({ executionArn = "" }) => executionArn);
}

/** What Scheduler does every hour. */
async function sweep(): Promise<void> {
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: names().maintenanceStateMachineArn,
      input: JSON.stringify({ action: "sweep" }),
    }),
  );
  const status = await until("The sweep's end", 60, async () => {
    const { status: now } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return now === "RUNNING" ? undefined : now;
  });
  expect(status).toBe("SUCCEEDED");
}

const expectNothingToChange = async () => {
  const { code, output } = await type("deploy.ts", "--stage", "dev", "--yes");
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("app-dev: nothing to change.") });
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-maintenance-"));
  stagesFile = join(folder, "stages.ts");
  writeStages(stagesFile, config({}));
  const { service, accountId, region, profile = "" } = stage();
  const certificates = service.type === "fargate" && service.certificateArn ? [service.certificateArn] : [];
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates });
  const settings = { region, endpoint: aws.endpoint, credentials: aws.credentials(accountId) };
  ec2 = new EC2Client(settings);
  sfn = new SFNClient(settings);
  await control("step-functions", { speed: FAST });
  expect((await type("bootstrap.ts", "--stage", "dev", "--yes")).code).toBe(0);
});

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("before it is configured, or deployed, the remedy is named", async () => {
  writeStages(stagesFile, config(undefined));
  expect(await maintenance("start", "--yes")).toEqual({
    code: 1,
    output: expect.stringContaining("Add maintenanceServer: {} to the stage"),
  });
  writeStages(stagesFile, config({}));
  expect(await maintenance("start", "--yes")).toEqual({
    code: 1,
    output: expect.stringContaining("npm run deploy -- --stage dev"),
  });
  for (const hours of ["0", "73", "1.5", "x"])
    expect(await maintenance("start", "--hours", hours)).toEqual({
      code: 1,
      output: expect.stringContaining("from 1 to 72"),
    });
});

describe("deployed", () => {
  beforeAll(async () => {
    const { code, output } = await type("deploy.ts", "--stage", "dev", "--yes");
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining("maintenance_command = npm run maintenance -- start --stage dev"),
    });
  });

  test("is not started where nobody can be asked", async () => {
    expect(await maintenance("start")).toEqual({ code: 1, output: expect.stringContaining("--yes") });
    expect(await instances()).toEqual([]);
  });

  describe("started", () => {
    let server: Instance;

    test("says how to reach it and until when, and Terraform has nothing to do with it", async () => {
      const before = Date.now();
      const { code, output } = await maintenance("start", "--hours", "5", "--yes");
      expect({ code, output }).toMatchObject({ code: 0 });
      const [found, ...others] = await instances("running");
      expect(others).toEqual([]);
      server = found as Instance;
      const tags = tagsOf(server);
      expect(tags).toMatchObject({ Name: "redcap-dev-maintenance", "redcap:stage": "dev", "redcap:stack": "app-dev" });
      const hours = (Date.parse(String(tags[EXPIRES_TAG])) - before) / 3_600_000;
      expect(hours).toBeGreaterThan(4.99);
      expect(hours).toBeLessThan(5.1);
      expect(server.PublicIpAddress).toBeUndefined();
      expect(output).toContain(
        `aws ssm start-session --target ${server.InstanceId} --document-name AWS-StartPortForwardingSession ` +
          `--parameters '{"portNumber":["8443"],"localPortNumber":["8443"]}' --region eu-west-2`,
      );
      expect(output).toContain("https://localhost:8443");
      await expectNothingToChange();
    });

    test("is found by a second start, and by status", async () => {
      const again = await maintenance("start", "--yes");
      expect(again).toEqual({ code: 0, output: expect.stringContaining("a second one is not started") });
      expect(again.output).toContain(server.InstanceId);
      expect((await maintenance("status")).output).toContain(server.InstanceId);
      expect(await instances()).toHaveLength(1);
    });

    test("a second execution, past the command, starts none either", async () => {
      const stateMachineArn = names().maintenanceStateMachineArn;
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"hours":1}' }));
      const ended = await until("The end", 60, async () => {
        const described = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        return described.status === "RUNNING" ? undefined : described;
      });
      expect(ended).toMatchObject({ status: "FAILED", error: "AlreadyRunning" });
      expect(ended.cause).toContain(server.InstanceId);
      expect(await instances()).toHaveLength(1);
    });

    test("is no prey of the sweep before its time, nor without its tag", async () => {
      await sweep();
      const Resources = [server.InstanceId ?? ""];
      await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: EXPIRES_TAG, Value: "spoilt" }] }));
      await sweep();
      expect(await instances("running")).toHaveLength(1);
    });

    test("is removed when a person says so, and not brought back by the next deployment", async () => {
      const { code, output } = await maintenance("stop", "--yes");
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(String(server.InstanceId)) });
      expect(await instances()).toEqual([]);
      expect(await executions("RUNNING")).toEqual([]);
      expect(await executions("ABORTED")).toHaveLength(1);
      await expectNothingToChange();
      expect(await instances()).toEqual([]);
      expect((await maintenance("stop")).output).toContain("no maintenance server running");
    });
  });

  test("ends by itself when its time is over, and is not brought back by the next deployment", async () => {
    expect((await maintenance("start", "--yes")).code).toBe(0);
    const [execution] = await executions("RUNNING");
    await control("step-functions", { speed: TIME_FLIES });
    await until("The end", 60, async () => {
      const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn: execution }));
      return status === "SUCCEEDED" || undefined;
    });
    await control("step-functions", { speed: FAST });
    expect(await instances()).toEqual([]);
    await expectNothingToChange();
    expect(await instances()).toEqual([]);
    expect((await maintenance("status")).output).toBe("Stage dev has no maintenance server running.\n");
  });

  test("is swept when its execution was stopped and its time is over; one whose time is not stays", async () => {
    expect((await maintenance("start", "--yes")).code).toBe(0);
    for (const executionArn of await executions("RUNNING")) await sfn.send(new StopExecutionCommand({ executionArn }));
    const [server] = await instances();
    await sweep();
    expect(await instances()).toHaveLength(1);
    const Value = new Date(Date.now() - 1_000).toISOString();
    await ec2.send(
      new CreateTagsCommand({ Resources: [server?.InstanceId ?? ""], Tags: [{ Key: EXPIRES_TAG, Value }] }),
    );
    await sweep();
    expect(await instances()).toEqual([]);
  });

  describe("when something fails", () => {
    afterEach(healthy);

    /** Started in vain: why is said, and nothing is left. */
    async function expectFailure(reason: RegExp): Promise<void> {
      const { code, output } = await maintenance("start", "--yes");
      expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(reason) });
      expect(await instances()).toEqual([]);
      expect(await executions("RUNNING")).toEqual([]);
      expect((await maintenance("status")).output).toMatch(/The last one failed/);
    }

    test("no zone has capacity: the reason and a remedy", async () => {
      await control("faults", {
        service: "ec2",
        action: "RunInstances",
        code: "InsufficientInstanceCapacity",
        times: 10,
      });
      await expectFailure(/InsufficientInstanceCapacity[\s\S]*another maintenanceServer.instanceType/);
    });

    test("one zone has no capacity: the next one is taken", async () => {
      await control("faults", {
        service: "ec2",
        action: "RunInstances",
        code: "InsufficientInstanceCapacity",
        times: 5,
      });
      expect((await maintenance("start", "--yes")).code).toBe(0);
      const [server] = await instances("running");
      expect(server?.Placement?.AvailabilityZone).toBe("eu-west-2b");
      expect((await maintenance("stop", "--yes")).code).toBe(0);
    });

    test("the answer to the launch is lost: there is one server all the same, and a lost one is removed", async () => {
      const lost = { service: "ec2", action: "RunInstances", code: "InternalError", afterwards: true };
      await control("faults", { ...lost, times: 1 });
      expect((await maintenance("start", "--yes")).code).toBe(0);
      expect(await instances()).toHaveLength(1);
      expect((await maintenance("stop", "--yes")).code).toBe(0);

      await control("faults", { ...lost, times: 10 });
      await expectFailure(/InternalError/);
      expect(await instances("terminated")).not.toEqual([]);
    });

    test("the instance does not reach Systems Manager", async () => {
      await control("systems-manager", { online: false });
      await expectFailure(/does not reach Systems Manager[\s\S]*endpoints for ssm and ssmmessages/);
    });

    test("REDCap does not answer: what the server said is said", async () => {
      const command = { Status: "Failed", StandardOutputContent: "pull access denied for redcap" };
      await control("systems-manager", { command });
      await expectFailure(/REDCap does not answer on i-\w+ \(Failed\): pull access denied for redcap/);
    });

    test("terminating fails for a while: it is tried until it is done", async () => {
      expect((await maintenance("start", "--yes")).code).toBe(0);
      await control("faults", {
        service: "ec2",
        action: "TerminateInstances",
        code: "RequestLimitExceeded",
        times: 12,
      });
      const [execution] = await executions("RUNNING");
      await control("step-functions", { speed: TIME_FLIES });
      await until("The end", 60, async () => {
        const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn: execution }));
        return status === "SUCCEEDED" || undefined;
      });
      await control("step-functions", { speed: FAST });
      expect(await instances()).toEqual([]);
    });

    test("somebody else ended the server: the next one can be started", async () => {
      expect((await maintenance("start", "--yes")).code).toBe(0);
      const [first] = await instances();
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first?.InstanceId ?? ""] }));
      expect((await maintenance("start", "--yes")).code).toBe(0);
      const [second, ...others] = await instances();
      expect(others).toEqual([]);
      expect(tagsOf(second as Instance)[EXECUTION_TAG]).not.toBe(tagsOf(first as Instance)[EXECUTION_TAG]);
      expect((await maintenance("stop", "--yes")).code).toBe(0);
      expect(await executions("RUNNING")).toEqual([]);
    });
  });
});
