// AWS SDK integrations: a Task's call is made for real, on the local AWS itself.
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
import { EC2Client } from "@aws-sdk/client-ec2";
import { SSMClient } from "@aws-sdk/client-ssm";
import { AwsError } from "../service";
import { asJson } from "./expressions";

export interface ClientSettings {
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

interface Client {
  send(command: unknown): Promise<unknown>;
  destroy(): void;
}

/** The clients of the services that state machines call here, by the name in the resource. */
const SERVICES: Record<
  string,
  { module: string; client: new (settings: ClientSettings & { maxAttempts: number }) => Client }
> = {
  ec2: { module: "@aws-sdk/client-ec2", client: EC2Client as never },
  ssm: { module: "@aws-sdk/client-ssm", client: SSMClient as never },
};

/**
 * @param resource such as `arn:aws:states:::aws-sdk:ec2:runInstances`
 * @throws AwsError named as in Step Functions: service, point, AWS's code
 */
export async function callAws(resource: string, input: unknown, settings: ClientSettings): Promise<unknown> {
  const [, service = "", action = ""] = /^arn:aws:states:::aws-sdk:(\w+):(\w+)$/.exec(resource) ?? [];
  const known = SERVICES[service];
  if (!known) throw new AwsError("States.Runtime", `The local AWS cannot run a task of ${resource}.`);
  const name = `${action.charAt(0).toUpperCase()}${action.slice(1)}`;
  const Command = (require(known.module) as Record<string, new (input: unknown) => unknown>)[`${name}Command`];
  if (!Command) throw new AwsError("States.Runtime", `${service} has no ${name}.`);
  const client = new known.client({ ...settings, maxAttempts: 1 });
  try {
    const { $metadata: _own, ...output } = (await client.send(new Command(input))) as Record<string, unknown>;
    return asJson(output);
  } catch (error) {
    const { name: code, message } = error as Error;
    throw new AwsError(`${service.charAt(0).toUpperCase()}${service.slice(1)}.${code}`, message);
  } finally {
    client.destroy();
  }
}
