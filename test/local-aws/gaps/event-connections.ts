// EventBridge's connections: moto forgets the secret when one is updated, and shows in a description what AWS never does.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateConnection.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ConnectionBasicAuthResponseParameters.html
import type { MotoClient } from "../host/moto-client";
import { type AwsRequest, type AwsResponse, json, jsonBody, type Service } from "../service";

interface Basic {
  Username?: string;
  Password?: string;
}
interface Described {
  SecretArn?: string;
  AuthorizationType?: string;
  AuthParameters?: { BasicAuthParameters?: Basic; [other: string]: unknown };
}

export function eventConnections(moto: MotoClient): Service {
  /** The connection's own secret, which EventBridge writes and calls with, follows the connection. */
  async function update(request: AwsRequest): Promise<AwsResponse> {
    const { Name, AuthParameters } = jsonBody<Described & { Name: string }>(request);
    const answer = await moto.forward(request);
    const basic = AuthParameters?.BasicAuthParameters;
    if (answer.status >= 400 || !basic) return answer;
    const { SecretArn } = await moto.json(request, "events", "AWSEvents.DescribeConnection", { Name });
    const SecretString = JSON.stringify({ username: basic.Username, password: basic.Password });
    await moto.json(request, "secretsmanager", "secretsmanager.PutSecretValue", { SecretId: SecretArn, SecretString });
    return answer;
  }

  async function describe(request: AwsRequest): Promise<AwsResponse> {
    const answer = await moto.forward(request);
    if (answer.status >= 400) return answer;
    const output = JSON.parse(answer.body.toString()) as Described;
    const { BasicAuthParameters: basic, ...others } = output.AuthParameters ?? {};
    const shown = basic && { BasicAuthParameters: { Username: basic.Username } };
    return json({ ...output, AuthParameters: { ...others, ...shown } });
  }

  return async (request) => {
    if (request.service !== "events") return undefined;
    if (request.action === "UpdateConnection") return update(request);
    return request.action === "DescribeConnection" ? describe(request) : undefined;
  };
}
