// Calls the stage's function inside the VPC, the only place from which its database can be reached.
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { UserError } from "../command";
import type { RestoreContext } from "./context";

export interface DatabaseContent {
  database: string;
  tables: number;
  rows: number;
  tableRows: Record<string, number>;
  /** Time of REDCap's newest log entry, yyyymmddhhmmss, if it has any. */
  newestLogEvent: string | null;
}

export interface DatabaseUsersRequest {
  /** ensure: users exist, with the grants they need and the passwords of their secrets. check: what is in the database. */
  action: "ensure" | "check";
  cluster: { identifier: string; host: string; port: number; masterSecretArn: string };
  /** False leaves host and port in the secrets alone: the cluster is not the live one. */
  writeSecrets?: boolean;
}

/** @throws UserError with the function's own message */
export async function callDatabaseUsers(context: RestoreContext, request: DatabaseUsersRequest): Promise<unknown> {
  const FunctionName = context.names.databaseUsersFunction;
  const { FunctionError, Payload } = await context.lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }),
  );
  const answer = Payload ? (JSON.parse(Buffer.from(Payload).toString()) as { errorMessage?: string }) : {};
  if (FunctionError)
    throw new UserError(
      `${FunctionName} (${request.action}) failed on ${request.cluster.identifier}: ${answer.errorMessage ?? FunctionError}`,
    );
  return answer;
}
