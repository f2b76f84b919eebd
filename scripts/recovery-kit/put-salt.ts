// Puts the salt of a kit into the stage's secret, before anything else makes one.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DescribeSecretCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type StageConfig, stageNames } from "../../config";
import type { Salt } from "../../functions/database-users/salt";
import { secretsManager } from "../../functions/database-users/secrets";
import { FILES } from "../../functions/recovery-kit/manifest";
import { isSalt } from "../../functions/recovery-kit/parts";
import { confirmOrStop } from "../ask";
import { awsCommand, clientConfig } from "../aws";
import { UserError } from "../command";
import { describePlan } from "../deploy/describe";
import { preflight } from "../deploy/preflight";
import { gate } from "../gate";
import { StackTerraform, withSynthesized } from "../terraform";

/** Terraform's address of the secret (stacks/app/secret.ts): with its key, all that is made here. */
const SECRET = "aws_secretsmanager_secret.salt";

/**
 * Where the secret is not there, Terraform makes it, so that it is the stack's own from the beginning.
 * @returns what was done, in a sentence
 * @throws UserError where the secret holds another salt, or cannot be written
 */
export async function putSalt(stage: StageConfig, folder: string, yes: boolean): Promise<string> {
  const { salt } = await readSalt(folder);
  await preflight(stage);
  const { saltSecret } = stageNames(stage);
  const client = new SecretsManagerClient(clientConfig(stage));
  if (!(await exists(client, stage))) await makeSecret(stage, yes);
  const store = secretsManager(client);
  const current = await store.read<Salt>(saltSecret);
  if (current?.salt === salt) return `${saltSecret} holds this salt already.`;
  if (current || !(await store.writeFirst(saltSecret, { salt })))
    throw new UserError(
      `${saltSecret} holds another salt; nothing was changed. If it belongs to an empty REDCap that was installed since, destroy that stage (npm run destroy) and its salt, then put this one, then deploy. For the salt:\n` +
        `  ${awsCommand(stage, `secretsmanager delete-secret --secret-id ${saltSecret} --force-delete-without-recovery`)}`,
    );
  return `${saltSecret} holds the salt of the kit.`;
}

async function readSalt(folder: string): Promise<Salt> {
  const path = join(folder, FILES.salt);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read (${error.code}): fetch a kit first.`);
  });
  if (!isSalt(text)) throw new UserError(`${path} is no salt, such as {"salt": "…"}.`);
  return JSON.parse(text) as Salt;
}

async function exists(client: SecretsManagerClient, stage: StageConfig): Promise<boolean> {
  const { saltSecret } = stageNames(stage);
  try {
    const { DeletedDate } = await client.send(new DescribeSecretCommand({ SecretId: saltSecret }));
    if (!DeletedDate) return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
  throw new UserError(
    `${saltSecret} was deleted, and can still be taken back: ${awsCommand(stage, `secretsmanager restore-secret --secret-id ${saltSecret}`)}`,
  );
}

async function makeSecret(stage: StageConfig, yes: boolean): Promise<void> {
  const { appStack } = stageNames(stage);
  await withSynthesized(async (work) => {
    const terraform = await StackTerraform.initialize(appStack, work);
    try {
      const plan = await terraform.plan([], [`-target=${SECRET}`]);
      gate(plan);
      console.error(describePlan(appStack, plan));
      await confirmOrStop("Make the secret for the salt?", yes);
      await terraform.apply();
    } finally {
      terraform.discardPlans();
    }
  });
}
