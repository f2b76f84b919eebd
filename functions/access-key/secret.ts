// The secret that holds the key: its versions, and which of them is current or pending.
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type * as z from "zod";

export class KeySecret<Value> {
  constructor(
    private readonly manager: SecretsManagerClient,
    readonly arn: string,
    private readonly schema: z.ZodType<Value>,
  ) {}

  /** What containers read; null where there is none yet. @throws where it cannot be read */
  current(): Promise<Value | null> {
    return this.read({ VersionStage: "AWSCURRENT" });
  }

  /** What a version holds; null where it has no value yet. @throws where it cannot be read */
  version(id: string): Promise<Value | null> {
    return this.read({ VersionId: id });
  }

  /** Labels by version. */
  async stages(): Promise<Record<string, string[]>> {
    const { VersionIdsToStages = {} } = await this.manager.send(new DescribeSecretCommand({ SecretId: this.arn }));
    return VersionIdsToStages;
  }

  /** Writes a version beside the current one, or, without a version, the current one. */
  async write(value: Value, pendingVersion?: string): Promise<void> {
    await this.manager.send(
      new PutSecretValueCommand({
        SecretId: this.arn,
        SecretString: JSON.stringify(value),
        ...(pendingVersion && { ClientRequestToken: pendingVersion, VersionStages: ["AWSPENDING"] }),
      }),
    );
  }

  async makeCurrent(version: string): Promise<void> {
    const before = Object.entries(await this.stages()).find(([, labels]) => labels.includes("AWSCURRENT"));
    await this.manager.send(
      new UpdateSecretVersionStageCommand({
        SecretId: this.arn,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: version,
        RemoveFromVersionId: before?.[0],
      }),
    );
  }

  private async read(which: { VersionId: string } | { VersionStage: string }): Promise<Value | null> {
    try {
      const { SecretString = "" } = await this.manager.send(
        new GetSecretValueCommand({ SecretId: this.arn, ...which }),
      );
      const { data } = this.schema.safeParse(JSON.parse(SecretString));
      // Taken for no value, the key that containers use could be deleted.
      if (data === undefined) throw new SyntaxError();
      return data;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return null;
      // A parse error would quote the secret.
      if (error instanceof SyntaxError)
        throw new Error(`The value of secret ${this.arn} is not what this function writes.`);
      throw error;
    }
  }
}
