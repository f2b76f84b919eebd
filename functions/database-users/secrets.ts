// What the users' secrets hold, and the secrets that are not rotated here: RDS's master secret, the salt.
import {
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { RotatingSecret } from "../shared/rotating-secret";
import type { Credentials } from "./connection";
import type { Salt } from "./salt";

/** The shape that RDS and its rotation functions know (Secrets Manager user guide, JSON structure of secrets). */
const databaseSecret = z.object({
  engine: z.literal("mysql"),
  username: z.string().min(1),
  password: z.string().min(1),
  host: z.string().min(1),
  port: z.number(),
  dbname: z.string().min(1),
  dbClusterIdentifier: z.string().min(1),
  /** ARN of the secret of the user who changes the others. Those written before users took turns have none. */
  masterarn: z.string().optional(),
});

export type DatabaseSecret = z.infer<typeof databaseSecret>;

export const userSecret = (arn: string, client = new SecretsManagerClient({})): RotatingSecret<DatabaseSecret> =>
  new RotatingSecret(client, arn, databaseSecret);

export interface SecretStore {
  /** null where the secret has no value yet. @throws where it cannot be read */
  read<T extends Credentials | Salt = Credentials>(id: string): Promise<T | null>;
  /** Writes a secret's first value. @returns false where another run was faster: its value stays */
  writeFirst(id: string, value: Salt): Promise<boolean>;
  newPassword(): Promise<string>;
}

const PASSWORD_LENGTH = 40;

/** Secrets Manager refuses another value for a version that it has: of two writers at once, the first one's stays. */
const FIRST_VERSION = "redcap-first-value-00000000000000000";

export function secretsManager(client = new SecretsManagerClient({})): SecretStore {
  return {
    async read<T>(id: string) {
      try {
        const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId: id }));
        const value: unknown = JSON.parse(SecretString);
        // Taken for no value, what somebody wrote there would be overwritten.
        if (typeof value !== "object" || value === null) throw new SyntaxError();
        return value as T;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return null;
        // A parse error would quote the secret.
        if (error instanceof SyntaxError) throw new Error(`The value of secret ${id} is not a JSON object.`);
        throw error;
      }
    },
    async writeFirst(id, value) {
      try {
        await client.send(
          new PutSecretValueCommand({
            SecretId: id,
            SecretString: JSON.stringify(value),
            ClientRequestToken: FIRST_VERSION,
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ResourceExistsException) return false;
        throw error;
      }
    },
    async newPassword() {
      const { RandomPassword } = await client.send(
        new GetRandomPasswordCommand({ PasswordLength: PASSWORD_LENGTH, ExcludePunctuation: true }),
      );
      if (!RandomPassword) throw new Error("Secrets Manager returned no password.");
      return RandomPassword;
    },
  };
}
