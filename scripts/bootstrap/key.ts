// A customer-managed KMS key, known by its alias, with rotation.
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { partitionOf } from "../../config";
import { type Account, clientConfig } from "../aws";
import { UserError } from "../command";
import { findingOf, type Item, OWN_TAG, orNone } from "./item";
import { type Statement, samePolicy, withStatements } from "./policy";

export interface KeySpec {
  alias: string;
  description: string;
  /** What the key's policy allows beside its management by the account. */
  statements?: Statement[];
}

/** ARN of the key behind an alias, or undefined where there is none. @throws UserError if the key cannot be used */
export async function keyArn(account: Account, alias: string): Promise<string | undefined> {
  const found = await orNone(
    new KMSClient(clientConfig(account)).send(new DescribeKeyCommand({ KeyId: alias })),
    "NotFoundException",
  );
  if (!found) return undefined;
  if (found.KeyMetadata?.KeyState !== "Enabled") {
    throw new UserError(
      `The KMS key ${alias} of account ${account.accountId} is ${found.KeyMetadata?.KeyState}. What it encrypted cannot be read until it is enabled: cancel its deletion or enable it, then run this again.`,
    );
  }
  return found.KeyMetadata.Arn;
}

export function kmsKey(account: Account, { alias, description, statements = [] }: KeySpec): Item {
  const kms = new KMSClient(clientConfig(account));
  const own = [accountManages(account), ...statements];
  const currentPolicy = async (KeyId: string) =>
    (await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }))).Policy;

  return {
    name: `KMS key ${alias}`,
    async inspect() {
      const KeyId = await keyArn(account, alias);
      if (!KeyId) return { state: "missing" };
      const policy = await currentPolicy(KeyId);
      const rotation = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
      return findingOf({
        rotation: rotation.KeyRotationEnabled === true,
        "key policy": samePolicy(policy, withStatements(policy, own)),
      });
    },
    async apply() {
      let KeyId = await keyArn(account, alias);
      if (!KeyId) {
        const created = await kms.send(
          new CreateKeyCommand({
            Description: description,
            Policy: withStatements(undefined, own),
            Tags: [{ TagKey: OWN_TAG.key, TagValue: OWN_TAG.value }],
          }),
        );
        KeyId = created.KeyMetadata?.Arn;
        await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyId }));
      } else {
        await kms.send(
          new PutKeyPolicyCommand({
            KeyId,
            PolicyName: "default",
            Policy: withStatements(await currentPolicy(KeyId), own),
          }),
        );
      }
      await kms.send(new EnableKeyRotationCommand({ KeyId }));
    },
  };
}

/** Without this statement nobody could manage the key. In a key policy, `*` means the key itself. */
function accountManages({ accountId, region }: Account): Statement {
  return {
    Sid: "AccountManages",
    Effect: "Allow",
    Principal: { AWS: `arn:${partitionOf(region)}:iam::${accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
}
