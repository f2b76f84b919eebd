// The users' secrets in Secrets Manager.
import {
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { Credentials } from "./connection";

/** The shape that RDS and its rotation functions know. */
export interface DatabaseSecret extends Credentials {
  engine: "mysql";
  host: string;
  port: number;
  dbname: string;
  dbClusterIdentifier: string;
}

export interface SecretStore {
  /** null where the secret has no value yet. @throws where it cannot be read */
  read<T extends Credentials>(id: string): Promise<T | null>;
  write(id: string, value: DatabaseSecret): Promise<void>;
  newPassword(): Promise<string>;
}

const PASSWORD_LENGTH = 40;

export function secretsManager(client = new SecretsManagerClient({})): SecretStore {
  return {
    async read<T>(id: string) {
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }));
        return SecretString ? (JSON.parse(SecretString) as T) : null;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return null;
        // A parse error would quote the secret.
        if (error instanceof SyntaxError) throw new Error(`The value of secret ${id} is not JSON.`);
        throw error;
      }
    },
    async write(id, value) {
      await client.send(new PutSecretValueCommand({ SecretId: id, SecretString: JSON.stringify(value) }));
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
