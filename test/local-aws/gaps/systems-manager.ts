// Systems Manager's agents: moto knows no managed instances, and calls every command a success at once. Here a running
// instance with a profile reports a moment after its start, and a command runs for a moment; tests say how it ends.
import type { MotoClient, Place } from "../host/moto-client";
import { elements, type Parsed } from "../host/xml";
import type { Admin } from "../server";
import { AwsError, type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";

const START_MILLISECONDS = 500;

/** What tests set: POST /local-aws/systems-manager. */
interface Behaviour {
  /** Whether instances reach Systems Manager. */
  online: boolean;
  /** How commands end. */
  command: { Status: string; StandardOutputContent: string };
}

interface Command {
  CommandId: string;
  DocumentName: string;
  InstanceIds: string[];
  Parameters: Record<string, string[]>;
  /** Milliseconds since the epoch. */
  sentAt: number;
}

export function systemsManager(moto: MotoClient): { service: Service; admin: Admin } {
  let behaviour: Behaviour = { online: true, command: { Status: "Success", StandardOutputContent: "" } };
  const commands = new Map<string, Command>();

  /** Running instances that their agent has reported. */
  async function managed(place: Place): Promise<string[]> {
    if (!behaviour.online) return [];
    const described = await moto.query(place, "ec2", { Action: "DescribeInstances", Version: "2016-11-15" });
    return elements(described.reservationSet, "item")
      .flatMap(({ instancesSet }) => elements(instancesSet, "item"))
      .filter(
        ({ instanceState, launchTime }) =>
          (instanceState as Parsed).name === "running" &&
          Date.parse(String(launchTime)) + START_MILLISECONDS < Date.now(),
      )
      .map(({ instanceId }) => String(instanceId));
  }

  async function information(request: AwsRequest): Promise<AwsResponse> {
    const { Filters = [] } = jsonBody<{ Filters?: { Key: string; Values: string[] }[] }>(request);
    const wanted = Filters.find(({ Key }) => Key === "InstanceIds")?.Values;
    const found = (await managed(request)).filter((id) => !wanted || wanted.includes(id));
    return json({
      InstanceInformationList: found.map((InstanceId) => ({
        InstanceId,
        PingStatus: "Online",
        PlatformType: "Linux",
        ResourceType: "EC2Instance",
      })),
    });
  }

  /** A parameter must be the document's own and match its pattern (user guide, data elements: parameters). */
  async function send(request: AwsRequest): Promise<AwsResponse> {
    const input = jsonBody<Omit<Command, "CommandId" | "sentAt">>(request);
    const { Content } = await moto.json(request, "ssm", "AmazonSSM.GetDocument", { Name: input.DocumentName });
    const { parameters = {} } = JSON.parse(String(Content)) as {
      parameters?: Record<string, { default?: unknown; allowedPattern?: string }>;
    };
    for (const [name, { default: byDefault, allowedPattern = "" }] of Object.entries(parameters)) {
      const values = input.Parameters?.[name] ?? [];
      const wrong = values.find((value) => !new RegExp(allowedPattern).test(value));
      if (wrong !== undefined || (values.length === 0 && byDefault === undefined))
        throw new AwsError("InvalidParameters", `Parameter ${name} is ${JSON.stringify(values)}.`);
    }
    const strange = Object.keys(input.Parameters ?? {}).filter((name) => !parameters[name]);
    if (strange.length) throw new AwsError("InvalidParameters", `The document has no parameter ${strange.join(", ")}.`);
    const online = await managed(request);
    if (input.InstanceIds.some((id) => !online.includes(id)))
      throw new AwsError("InvalidInstanceId", "Instances not in a valid state for account");
    const command = { ...input, CommandId: crypto.randomUUID(), sentAt: Date.now() };
    commands.set(command.CommandId, command);
    return json({ Command: { ...input, CommandId: command.CommandId, Status: "Pending" } });
  }

  function invocation(request: AwsRequest): AwsResponse {
    const { CommandId = "", InstanceId = "" } = jsonBody<Record<string, string>>(request);
    const command = commands.get(CommandId);
    if (!command?.InstanceIds.includes(InstanceId)) throw new AwsError("InvocationDoesNotExist", "");
    const done = Date.now() > command.sentAt + START_MILLISECONDS;
    const ended = done ? behaviour.command : { Status: "InProgress", StandardOutputContent: "" };
    return json({ CommandId, InstanceId, StandardErrorContent: "", ...ended });
  }

  return {
    service: async (request) => {
      if (request.service !== "ssm") return undefined;
      if (request.action === "DescribeInstanceInformation") return information(request);
      if (request.action === "SendCommand") return send(request);
      return request.action === "GetCommandInvocation" ? invocation(request) : undefined;
    },
    admin: async (method, path, body) => {
      if (method !== "POST" || path !== "/local-aws/systems-manager") return undefined;
      behaviour = { ...behaviour, ...(JSON.parse(body.toString()) as Partial<Behaviour>) };
      return json({});
    },
  };
}
