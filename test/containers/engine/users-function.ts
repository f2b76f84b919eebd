// The function that rotates the database users, deployed beside the test's database and called by Secrets Manager.
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeSecretCommand, RotateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { DatabaseUsersEvent } from "../../../functions/database-users/event";
import { buildZip } from "../../../stacks/app/lambda-bundle";
import { until } from "../../local-aws/host/processes";
import { RUNTIME_CA_FILE } from "../../local-aws/lambda/run";
import type { TestDatabase } from "./test-database";

const FunctionName = "redcap-test-database-users";

export interface UsersFunction {
  /** Starts a rotation of a secret as `aws secretsmanager rotate-secret` does, and waits until it is done. */
  rotate(secretArn: string): Promise<void>;
}

/** Deploys it and lets it see to users and secrets once, as a deployment does. */
export async function usersFunction(database: TestDatabase): Promise<UsersFunction> {
  const { client, secretArns, host, port } = database;
  const lambda = new LambdaClient(client);
  const secrets = new SecretsManagerClient(client);
  const { Role } = await new IAMClient(client).send(
    new CreateRoleCommand({ RoleName: FunctionName, AssumeRolePolicyDocument: "{}" }),
  );
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: Role?.Arn,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: 60,
      Environment: {
        Variables: {
          APPLICATION_SECRET_ARN: secretArns.application,
          DDL_SECRET_ARN: secretArns.ddl,
          SALT_SECRET_ARN: secretArns.salt,
          DATABASE_NAME: "redcap",
          DATABASE_DOMAIN: host.replace(/^[^.]*[.]/, ""),
          NODE_EXTRA_CA_CERTS: RUNTIME_CA_FILE,
        },
      },
      Code: { ZipFile: buildZip("database-users") },
    }),
  );
  const request: DatabaseUsersEvent = {
    action: "ensure",
    cluster: {
      identifier: database.clusterIdentifier,
      host,
      port,
      masterSecretArn: await database.createSecret("redcap/master", database.master),
    },
  };
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }));
  if (answer.FunctionError) throw new Error(`${FunctionName}: ${answer.Payload?.transformToString()}`);
  const lastTime = async (SecretId: string) =>
    (await secrets.send(new DescribeSecretCommand({ SecretId }))).LastRotatedDate?.getTime();
  return {
    async rotate(SecretId) {
      const before = await lastTime(SecretId);
      await secrets.send(
        new RotateSecretCommand({
          SecretId,
          RotationLambdaARN: FunctionArn,
          RotationRules: { AutomaticallyAfterDays: 30 },
        }),
      );
      await until(`The rotation of ${SecretId}`, 30, async () => (await lastTime(SecretId)) !== before || undefined);
    },
  };
}
