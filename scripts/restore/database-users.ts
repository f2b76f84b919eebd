// Calls the stage's function inside the VPC, the only place from which its database can be reached.
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { DatabaseUsersEvent } from "../../functions/database-users/event";
import { UserError } from "../command";
import type { RestoreContext } from "./context";

/** @throws UserError with the function's own message */
export async function callDatabaseUsers(context: RestoreContext, request: DatabaseUsersEvent): Promise<unknown> {
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
