// The DynamoDB table in which Terraform locks its state.
import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { type Account, clientConfig } from "../aws";
import { UserError } from "../command";
import { findingOf, type Item, OWN_TAG, onceReady, orNone } from "./item";
import { keyArn } from "./key";

/** Terraform's S3 backend wants exactly this key. */
const LOCK_KEY = "LockID";
const ACTIVE_SECONDS = 300;

export function lockTable(account: Account, TableName: string, keyAlias: string): Item {
  const dynamodb = new DynamoDBClient(clientConfig(account));
  const describe = async (): Promise<TableDescription | undefined> =>
    (await orNone(dynamodb.send(new DescribeTableCommand({ TableName })), "ResourceNotFoundException"))?.Table;
  const untilActive = () => waitUntilTableExists({ client: dynamodb, maxWaitTime: ACTIVE_SECONDS }, { TableName });
  const recoverable = async () =>
    (await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }))).ContinuousBackupsDescription
      ?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === "ENABLED";

  /** Updates that are needed, one request each: DynamoDB takes one kind of change at a time. */
  function updates(table: TableDescription, key: string | undefined) {
    return {
      "billing mode": table.BillingModeSummary?.BillingMode !== "PAY_PER_REQUEST" && {
        BillingMode: "PAY_PER_REQUEST" as const,
      },
      "deletion protection": table.DeletionProtectionEnabled !== true && { DeletionProtectionEnabled: true },
      encryption: (key === undefined || table.SSEDescription?.KMSMasterKeyArn !== key) && {
        SSESpecification: { Enabled: true, SSEType: "KMS" as const, KMSMasterKeyId: key },
      },
    };
  }

  return {
    name: `state lock table ${TableName}`,
    async inspect() {
      const table = await describe();
      if (!table) return { state: "missing" };
      const keys = table.KeySchema?.map(({ AttributeName }) => AttributeName).join(", ");
      if (keys !== LOCK_KEY) {
        throw new UserError(
          `DynamoDB table ${TableName} of account ${account.accountId} has the key ${keys}, where Terraform needs ${LOCK_KEY}; a key cannot be changed. Remove that table if nothing uses it, then run this again.`,
        );
      }
      const needed = updates(table, await keyArn(account, keyAlias));
      return findingOf({
        ...Object.fromEntries(Object.entries(needed).map(([what, update]) => [what, update === false])),
        "point-in-time recovery": await recoverable(),
      });
    },
    async apply() {
      const key = await keyArn(account, keyAlias);
      const table = await describe();
      if (!table) {
        await dynamodb.send(
          new CreateTableCommand({
            TableName,
            BillingMode: "PAY_PER_REQUEST",
            AttributeDefinitions: [{ AttributeName: LOCK_KEY, AttributeType: "S" }],
            KeySchema: [{ AttributeName: LOCK_KEY, KeyType: "HASH" }],
            DeletionProtectionEnabled: true,
            SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: key },
            Tags: [{ Key: OWN_TAG.key, Value: OWN_TAG.value }],
          }),
        );
      }
      await untilActive();
      for (const update of table ? Object.values(updates(table, key)) : []) {
        if (update === false) continue;
        await dynamodb.send(new UpdateTableCommand({ TableName, ...update }));
        await untilActive();
      }
      if (await recoverable()) return;
      await onceReady(
        () =>
          dynamodb.send(
            new UpdateContinuousBackupsCommand({
              TableName,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            }),
          ),
        "ContinuousBackupsUnavailableException",
      );
    },
  };
}
