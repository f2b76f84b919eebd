// Where a task finds its role's credentials, for containers here: on loopback, which SDKs allow for the full URI.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";

export interface TaskCredentials {
  environment: Record<string, string>;
  /** How often a container asked. */
  requests(): number;
  stop(): Promise<void>;
}

/**
 * What ECS gives the containers of a task whose task role is `roleArn`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 * @param client settings of AWS's SDK, for the role's account
 */
export async function taskCredentials(client: { region: string }, roleArn: string): Promise<TaskCredentials> {
  const { Credentials } = await new STSClient(client).send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "task" }),
  );
  const path = "/v2/credentials/task";
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.url !== path) {
      response.writeHead(404).end();
      return;
    }
    requests += 1;
    const { AccessKeyId, SecretAccessKey, SessionToken: Token, Expiration } = Credentials ?? {};
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ RoleArn: roleArn, AccessKeyId, SecretAccessKey, Token, Expiration }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    },
    requests: () => requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
