// One restore of a stage at a time: a second operator, or a second recovery point, is told who is at work.
import { hostname, userInfo } from "node:os";
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { type StageConfig, stateNames } from "../../config";
import { awsCommand, clientConfig } from "../aws";
import { UserError } from "../command";
import type { RestoreContext } from "./context";

/** An upgrade takes the lock, too: the two must never meet. */
type Holder = Pick<RestoreContext, "stage"> & { journal: { id: string } };

/** Who is at work on what; a rollback belongs to its restore. */
const holder = ({ journal }: Holder): string =>
  `${userInfo().username}@${hostname()} ${journal.id.replace(/^rollback-/, "")}`;

const item = (stage: StageConfig) => ({
  TableName: stateNames(stage).lockTable,
  Key: { LockID: { S: `redcap-restore/${stage.name}` } },
});

/** Takes the lock, or keeps it where this very run has it already. @throws UserError naming the holder */
export async function lockStage(context: Holder): Promise<void> {
  const { TableName, Key } = item(context.stage);
  const mine = holder(context);
  try {
    await new DynamoDBClient(clientConfig(context.stage)).send(
      new PutItemCommand({
        TableName,
        Item: { ...Key, Holder: { S: mine }, Since: { S: new Date().toISOString() } },
        ConditionExpression: "attribute_not_exists(LockID) OR Holder = :mine",
        ExpressionAttributeValues: { ":mine": { S: mine } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
  } catch (error) {
    if ((error as Error).name !== "ConditionalCheckFailedException") throw error;
    const { Item } = error as { Item?: Record<string, { S?: string }> };
    throw new UserError(heldMessage(context.stage, Item));
  }
}

/** For commands that must not come between. @throws UserError naming the holder */
export async function requireUnlocked(stage: StageConfig): Promise<void> {
  const { TableName, Key } = item(stage);
  const { Item } = await new DynamoDBClient(clientConfig(stage)).send(
    new GetItemCommand({ TableName, Key, ConsistentRead: true }),
  );
  if (Item) throw new UserError(heldMessage(stage, Item));
}

const heldMessage = (stage: StageConfig, held: Record<string, { S?: string }> | undefined): string => {
  const { TableName, Key } = item(stage);
  return (
    `Stage ${stage.name} is being restored or upgraded already: ${held?.Holder?.S ?? "by somebody"}, since ${held?.Since?.S ?? "some time"}. ` +
    `Finish that run, on the machine that began it. An upgrade is ended with --give-up. Where that machine is gone:\n  ${awsCommand(stage, `dynamodb delete-item --table-name ${TableName} --key '${JSON.stringify(Key)}'`)}`
  );
};

export async function unlockStage(context: Holder): Promise<void> {
  await new DynamoDBClient(clientConfig(context.stage)).send(new DeleteItemCommand(item(context.stage)));
}
