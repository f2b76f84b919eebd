// Step Functions: moto keeps the state machines, this runs them. Standard executions of JSONata definitions, whose tasks call
// the local AWS; their waits can go by faster than real ones.
import type { Identities } from "../host/identity";
import type { MotoClient } from "../host/moto-client";
import type { Admin } from "../server";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";
import { parseDefinition } from "./definition";
import { Execution } from "./execution";
import { callAws } from "./sdk";

export interface StepFunctions {
  service: Service;
  /** POST /local-aws/step-functions { speed } */
  admin: Admin;
  stop(): Promise<void>;
}

const describe = ({ options, status, startDate, stopDate, error, cause, output }: Execution, machine: string) => ({
  executionArn: options.arn,
  name: options.name,
  stateMachineArn: machine,
  status,
  startDate,
  stopDate,
  input: JSON.stringify(options.input),
  output,
  error,
  cause,
});

export function stepFunctions(moto: MotoClient, identities: Identities, endpoint: string): StepFunctions {
  /** How many times faster than in AWS waits go by. */
  let speed = 1;
  /** By the state machine's ARN, newest last. */
  const executions = new Map<string, Execution[]>();
  const running = new Set<Promise<void>>();

  const definitionOf = async (request: AwsRequest, stateMachineArn: string) =>
    String(
      (await moto.json(request, "states", "AWSStepFunctions.DescribeStateMachine", { stateMachineArn })).definition,
    );

  function find(arn: string): { execution: Execution; machine: string } {
    for (const [machine, known] of executions) {
      const execution = known.find(({ options }) => options.arn === arn);
      if (execution) return { execution, machine };
    }
    throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
  }

  async function start(request: AwsRequest): Promise<AwsResponse> {
    const { stateMachineArn, name = crypto.randomUUID(), input = "{}" } = jsonBody<Record<string, string>>(request);
    const machine = String(stateMachineArn);
    const definition = parseDefinition(await definitionOf(request, machine));
    const arn = `${machine.replace(":stateMachine:", ":execution:")}:${name}`;
    const others = executions.get(machine) ?? [];
    const same = others.find(({ options }) => options.arn === arn);
    if (same && (same.status !== "RUNNING" || JSON.stringify(same.options.input) !== JSON.stringify(JSON.parse(input))))
      throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    if (same) return json({ executionArn: arn, startDate: same.startDate });
    const credentials = identities.credentialsOf(request.account);
    const settings = { region: request.region, endpoint, credentials };
    const execution = new Execution({
      definition,
      name,
      arn,
      input: JSON.parse(input),
      call: (resource, given) => callAws(resource, given, settings),
      speed: () => speed,
    });
    executions.set(machine, [...others, execution]);
    const run = execution.run().finally(() => running.delete(run));
    running.add(run);
    return json({ executionArn: arn, startDate: execution.startDate });
  }

  async function list(request: AwsRequest): Promise<AwsResponse> {
    const { stateMachineArn = "", statusFilter } = jsonBody<Record<string, string>>(request);
    await definitionOf(request, stateMachineArn);
    const found = (executions.get(stateMachineArn) ?? []).filter(
      ({ status }) => !statusFilter || status === statusFilter,
    );
    return json({ executions: found.map((execution) => describe(execution, stateMachineArn)).reverse() });
  }

  const service: Service = async (request) => {
    if (request.service !== "states") return undefined;
    const { executionArn = "", error, cause, reverseOrder } = jsonBody<Record<string, string>>(request);
    switch (request.action) {
      // Terraform asks before it makes a state machine; moto cannot.
      case "ValidateStateMachineDefinition":
        return json(validate(jsonBody<{ definition: string }>(request).definition));
      // Nobody publishes one.
      case "ListStateMachineVersions":
        return json({ stateMachineVersions: [] });
      case "StartExecution":
        return start(request);
      case "ListExecutions":
        return list(request);
      case "StopExecution":
        find(executionArn).execution.stop(error, cause);
        return json({ stopDate: Date.now() / 1000 });
      case "DescribeExecution": {
        const { execution, machine } = find(executionArn);
        return json(describe(execution, machine));
      }
      case "GetExecutionHistory": {
        const { history } = find(executionArn).execution;
        return json({ events: reverseOrder ? history.toReversed() : history });
      }
      default:
        return undefined;
    }
  };
  return {
    service,
    admin: async (method, path, body) => {
      if (method !== "POST" || path !== "/local-aws/step-functions") return undefined;
      ({ speed } = JSON.parse(body.toString()) as { speed: number });
      return json({});
    },
    stop: async () => {
      for (const known of executions.values()) for (const execution of known) execution.stop();
      await Promise.all(running);
    },
  };
}

function validate(definition: string) {
  try {
    parseDefinition(definition);
    return { result: "OK", diagnostics: [], truncated: false };
  } catch (error) {
    const { code, message } = error as AwsError;
    return { result: "FAIL", diagnostics: [{ severity: "ERROR", code, message }], truncated: false };
  }
}
