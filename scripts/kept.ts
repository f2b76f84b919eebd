// What outlives a destroyed stage, so that its last snapshot is worth something: the key of the snapshot, and REDCap's salt. A
// stage that is deployed under the same name takes both back, and so does one whose end was left half way.
import { DescribeKeyCommand, type KeyMetadata, KMSClient, NotFoundException } from "@aws-sdk/client-kms";
import {
  DescribeSecretCommand,
  type DescribeSecretResponse,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type StageConfig, stageNames } from "../config";
import { awsCommand, clientConfig } from "./aws";
import { UserError } from "./command";
import { type Import, idInState, type TerraformState } from "./terraform";

const KEY = "aws_kms_key.database";
const SALT = "aws_secretsmanager_secret.salt";

/** Terraform's addresses of them, in the stage's app stack. */
export const KEPT: readonly string[] = [KEY, SALT];

/** Ids of what the account holds of it. */
export interface Kept {
  keyId?: string | undefined;
  saltArn?: string | undefined;
}

/**
 * What Terraform must import before it plans, since it would make it a second time.
 * @throws UserError where salt or key wait for their deletion
 */
export async function importsOfKept(stage: StageConfig, state: TerraformState | undefined): Promise<Import[]> {
  const missing = KEPT.filter((address) => idInState(state, address) === undefined);
  if (missing.length === 0) return [];
  const { keyId, saltArn } = await findKept(stage);
  const found = [
    { to: KEY, id: keyId },
    { to: SALT, id: saltArn },
  ];
  return found.filter((entry): entry is Import => entry.id !== undefined && missing.includes(entry.to));
}

/** @throws UserError where one of them waits for its deletion */
export async function findKept(stage: StageConfig): Promise<Kept> {
  const { prefix, databaseKeyAlias, saltSecret } = stageNames(stage);
  const salt = await describeSalt(stage);
  if (salt?.DeletedDate)
    throw new UserError(
      `${saltSecret} was deleted, and can still be taken back: ${awsCommand(stage, `secretsmanager restore-secret --secret-id ${saltSecret}`)}`,
    );
  // A destroyed stage's key has no alias any more: the secret names it.
  const key = await describeKey(stage, salt?.KmsKeyId ?? databaseKeyAlias);
  // Somebody made the secret by hand, and with a key of their own: Terraform gives it the stage's.
  const isOurs = key?.Description?.startsWith(`${prefix}: `) ?? false;
  if (isOurs && key?.KeyState !== "Enabled")
    throw new UserError(
      `The key of ${salt ? saltSecret : databaseKeyAlias} is ${key?.KeyState}. Take it back first: ` +
        `${awsCommand(stage, `kms cancel-key-deletion --key-id ${key?.KeyId}`)}, then the same with kms enable-key.`,
    );
  return { keyId: isOurs ? key?.KeyId : undefined, saltArn: salt?.ARN };
}

async function describeSalt(stage: StageConfig): Promise<DescribeSecretResponse | undefined> {
  try {
    const client = new SecretsManagerClient(clientConfig(stage));
    return await client.send(new DescribeSecretCommand({ SecretId: stageNames(stage).saltSecret }));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function describeKey(stage: StageConfig, KeyId: string): Promise<KeyMetadata | undefined> {
  try {
    return (await new KMSClient(clientConfig(stage)).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
  } catch (error) {
    if (error instanceof NotFoundException) return undefined;
    throw error;
  }
}
